import { isObject, type JsonObject, member } from '../dialect/json.js';
import type { Node } from '../world/node.js';
import { durations } from './deploy-steps.js';

/** What goes wrong on a node, or is slow. */
export type ScriptedFaults = ReturnType<typeof scriptedFaultsOf>;

/** The steps that can fail. */
const steps: readonly string[] = [...Object.keys(durations), 'erase_devices_metadata', 'tear_down'];

/**
 * Reads the faults of a node from its `extra`, which any Ironic client can set:
 * `{"sim": {"fail": "write_image", "message": "…", "hang": "…", "lose_agent": "…", "step_seconds": 5, "after": "dead_bmc"}}`.
 * Without them the name decides: `…-fail-write-image`, `…-hang-deploy`, `…-lose-agent-write-image`,
 * `…-never-boots`, `…-dead-bmc` and `…-power-loss` do what they say.
 */
export function scriptedFaultsOf(node: Node) {
  const scripted = member(node.extra, 'sim');
  const [, kind = '', rest = ''] = /-(fail|hang|lose-agent)-([a-z-]+)/.exec(node.name ?? '') ?? [];
  const [, after = ''] = /-(never-boots|dead-bmc|power-loss)/.exec(node.name ?? '') ?? [];
  const named = { [kind.replace('-', '_')]: stepNamed(rest) ?? null, after: after.replace('-', '_') };
  const script: JsonObject = isObject(scripted) ? scripted : named;
  const text = (key: string) => (typeof script[key] === 'string' ? script[key] : undefined);
  const seconds = script.step_seconds;
  return {
    /** The step that fails. */
    fail: text('fail'),
    /** The error text of that step. */
    message: text('message'),
    /** The step that never ends. */
    hang: text('hang'),
    /** The step in which the agent reports once and then dies. */
    loseAgent: text('lose_agent'),
    /** What happens after the deployment: `never_boots`, `dead_bmc` or `power_loss`. */
    after: text('after'),
    /** The duration of each step, in seconds at speed 1. */
    stepSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : undefined,
  };
}

/** The step at the start of this part of a server's name: `write-image-01` is write_image. */
function stepNamed(rest: string): string | undefined {
  const name = rest.replaceAll('-', '_');
  const fitting = steps.filter((step) => name === step || name.startsWith(`${step}_`));
  return fitting.sort((a, b) => b.length - a.length)[0];
}
