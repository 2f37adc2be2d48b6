import type { Server, Step } from '../server.js';
import { isFree } from '../states.js';
import { named } from '../text/untrusted.js';

/** How many minutes something takes at most on slow machines with large images. */
export interface Usual {
  /** Since Ironic or the agent took over: since the last change of state. */
  readonly within: number;
  /** Since the deployment was asked for. */
  readonly by: number;
}

/** What a deploy step means to the person who waits. */
interface StepMeaning {
  readonly words: string;
  /** How much of a usual deployment is over when the step begins, in percent. */
  readonly percent: number;
  readonly usual: Usual;
  /** Why the agent may be at it for too long although it reports. */
  readonly likelyCause?: string;
}

/**
 * The steps of Ironic's agent-based deploy interfaces in their order. Booting the ramdisk and writing the image take
 * nearly all of the time, hence the weights.
 */
export const deploySteps: Readonly<Record<string, StepMeaning>> = {
  deploy: { words: 'Booting the deployment agent', percent: 5, usual: { within: 15, by: 30 } },
  write_image: {
    words: 'Writing the image to the disk',
    percent: 40,
    usual: { within: 15, by: 45 },
    likelyCause: 'The checksum of the image may be wrong: then the agent downloads it again and again.',
  },
  prepare_instance_boot: { words: 'Installing the boot loader', percent: 80, usual: { within: 5, by: 50 } },
  tear_down_agent: { words: 'Shutting the deployment agent down', percent: 85, usual: { within: 10, by: 55 } },
  switch_to_tenant_network: {
    words: 'Switching to the network of the system',
    percent: 90,
    usual: { within: 15, by: 60 },
  },
  boot_instance: { words: 'Booting the system', percent: 95, usual: { within: 20, by: 65 } },
};

/** Why the agent may be at a step for too long although it reports; undefined if there is no usual cause. */
export function likelyCause(step: Step | null): string | undefined {
  return step === null ? undefined : stepMeaning(step.name)?.likelyCause;
}

/** Before its first step Ironic looks at the image, and may fetch it. */
const preparing: Usual = { within: 15, by: 15 };

function stepMeaning(name: string): StepMeaning | undefined {
  return Object.hasOwn(deploySteps, name) ? deploySteps[name] : undefined;
}

/** Other kinds of deployments have a step of the name `deploy` too, of which nothing but its position is known. */
function isAgentBased(names: readonly string[]): boolean {
  return names.includes('write_image');
}

/** How far a deployment that is under way has come; null when nothing honest can be said. */
export function progressPercent({ provisionState, step }: Server): number | null {
  if (isFree({ provisionState })) return 0;
  if (step === null) return null;
  if (step.number === null) return stepMeaning(step.name)?.percent ?? null;
  const marks = isAgentBased(step.names) ? step.names.map((name) => stepMeaning(name)?.percent) : [];
  const index = step.number - 1;
  const before = marks.findLastIndex((mark, at) => at <= index && mark !== undefined);
  const after = marks.findIndex((mark, at) => at > index && mark !== undefined);
  // Steps in between, which somebody else added, share what is between their neighbours.
  const [low, from] = before < 0 ? [0, 0] : [marks[before] ?? 0, before];
  const [high, to] = after < 0 ? [100, step.names.length] : [marks[after] ?? 100, after];
  return Math.floor(low + ((high - low) * (index - from)) / (to - from));
}

/** The step under way in words, with its position if that is known; undefined outside of steps. */
export function stepWords({ step }: Server): string | undefined {
  if (step === null) return undefined;
  const words = stepMeaning(step.name)?.words;
  return words ? `${words} (${stepName(step)})` : `Deploy ${stepName(step)}`;
}

/** A step by its name, with its position if that is known. */
export function stepName({ name, number, names }: Step): string {
  return `step${number === null ? '' : ` ${number} of ${names.length}`}: ${named(name)}`;
}

/** How long a deployment has taken, and how long it usually takes to be past the step under way. */
export function timeWords(step: Step | null, elapsed: number): string {
  const seconds = Math.max(0, Math.round(elapsed / 1_000));
  const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const usual = usualTimes(step);
  return `${time} so far${usual ? `, usually past this within ${usual.by} min` : ''}`;
}

/** How long the work under way usually takes; undefined where a step is not known. */
export function usualTimes(step: Step | null): Usual | undefined {
  if (step === null) return preparing;
  const { number, names } = step;
  const known = number === null || (isAgentBased(names) && names.slice(0, number).every((name) => stepMeaning(name)));
  return known ? stepMeaning(step.name)?.usual : undefined;
}
