import { isObject, member } from '../dialect/json.js';
import type { Node } from '../world/node.js';

/** What is to go wrong, or slowly, on a node. */
export interface ScriptedFaults {
  /** The step that fails. */
  readonly fail: string | undefined;
  /** What it fails with. */
  readonly message: string | undefined;
  /** The step that never ends. */
  readonly hang: string | undefined;
  /** How long each step works, in seconds at speed 1. */
  readonly stepSeconds: number | undefined;
}

/** The steps that can go wrong. */
const steps: readonly string[] = [
  'deploy',
  'write_image',
  'prepare_instance_boot',
  'tear_down_agent',
  'switch_to_tenant_network',
  'boot_instance',
  'inject_files',
  'erase_devices_metadata',
  'tear_down',
];

/**
 * A node's faults. It is read from the node's `extra`, which any Ironic client can set:
 * `{"sim": {"fail": "write_image", "message": "…", "hang": "…", "step_seconds": 5}}`. Without that the name decides: a
 * server called `…-fail-write-image` or `…-hang-deploy` does what it says.
 */
export function scriptedFaultsOf(node: Node): ScriptedFaults {
  const script = member(node.extra, 'sim');
  const named = /-(fail|hang)-([a-z-]+)/.exec(node.name ?? '');
  const byName = (kind: string) => (named?.[1] === kind ? stepNamed(named[2] ?? '') : undefined);
  if (!isObject(script)) {
    return { fail: byName('fail'), hang: byName('hang'), message: undefined, stepSeconds: undefined };
  }
  const { fail, hang, message, step_seconds: seconds } = script;
  return {
    fail: typeof fail === 'string' ? fail : undefined,
    hang: typeof hang === 'string' ? hang : undefined,
    message: typeof message === 'string' ? message : undefined,
    stepSeconds: typeof seconds === 'number' && seconds >= 0 ? seconds : undefined,
  };
}

/** The step whose name begins what is left of a server's name: `write-image-01` is write_image. */
function stepNamed(rest: string): string | undefined {
  const name = rest.replaceAll('-', '_');
  const fitting = steps.filter((step) => name === step || name.startsWith(`${step}_`));
  return fitting.sort((a, b) => b.length - a.length)[0];
}
