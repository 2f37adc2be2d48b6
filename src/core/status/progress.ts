import type { Server, Step } from '../server.js';
import { isFree, meaningOf } from '../states.js';
import { named } from '../text/untrusted.js';

/** How many minutes a step takes at most, on slow machines with large images. */
export interface Usual {
  /** Since Ironic or the agent took over: since the last change of state. */
  readonly within: number;
  /** Since the start of the deployment. */
  readonly by: number;
}

/** What a deploy step means to the person who waits. */
interface StepMeaning {
  readonly words: string;
  /** How much of a measured deployment was over when the step began, in percent. */
  readonly percent: number;
  readonly usual: Usual;
  /** Seconds between two looks when the step begins: more for one that takes minutes. */
  readonly pace: number;
  /** Why the agent may take too long although it reports. */
  readonly likelyCause?: string;
}

/** After this time (ms) in a step of the agent, half of the step's share is shown as done. */
export const halfShare = 120_000;

/** Minutes. The agent reports at 0.3 to 0.6 of Ironic's `heartbeat_timeout`, 300 s by default: every 1.5 to 3 minutes. */
const longestInterval = 3;

/**
 * The steps of Ironic's agent-based deploy interfaces in their order. The percentages are measured: a deployment of
 * 116 s on a virtual machine, in docs/waiting.md. Booting the agent and writing the image take nearly all of the time.
 */
export const deploySteps: Readonly<Record<string, StepMeaning>> = {
  deploy: { words: 'Booting the deployment agent', percent: 4, usual: { within: 15, by: 30 }, pace: 10 },
  write_image: {
    words: 'Writing the image to the disk',
    percent: 40,
    usual: { within: 15, by: 45 },
    pace: 10,
    likelyCause: 'The checksum of the image may be wrong: then the agent downloads it again and again.',
  },
  prepare_instance_boot: { words: 'Installing the boot loader', percent: 80, usual: { within: 5, by: 50 }, pace: 8 },
  tear_down_agent: { words: 'Shutting the deployment agent down', percent: 93, usual: { within: 10, by: 55 }, pace: 8 },
  switch_to_tenant_network: {
    words: 'Switching to the network of the system',
    percent: 97,
    usual: { within: 15, by: 60 },
    pace: 8,
  },
  boot_instance: { words: 'Booting the system', percent: 98, usual: { within: 20, by: 65 }, pace: 8 },
};

/** Why the agent may take too long although it reports; undefined if there is no usual cause. */
export function likelyCause(step: Step | null): string | undefined {
  return step === null ? undefined : stepMeaning(step.name)?.likelyCause;
}

/** Before the first step Ironic checks the image, and may download it. */
const preparing: Usual = { within: 15, by: 15 };

export function stepMeaning(name: string): StepMeaning | undefined {
  return Object.hasOwn(deploySteps, name) ? deploySteps[name] : undefined;
}

/** Other deploy interfaces have a step named `deploy` too. Nothing but its position is known then. */
function isAgentBased(names: readonly string[]): boolean {
  return names.includes('write_image');
}

/** How much of the deployment is over when each step of the list begins, in percent; the last entry is the end. */
export function marksOf({ name, number, names }: Step): readonly number[] | undefined {
  const known = Object.entries(deploySteps);
  if (number === null) {
    const index = known.findIndex(([each]) => each === name);
    return index < 0 ? undefined : [known[index]?.[1].percent ?? 0, known[index + 1]?.[1].percent ?? 100];
  }
  const marks = isAgentBased(names) ? names.map((each) => stepMeaning(each)?.percent) : [];
  return [number - 1, number].map((index) => {
    const before = marks.findLastIndex((mark, at) => at <= index && mark !== undefined);
    const after = marks.findIndex((mark, at) => at > index && mark !== undefined);
    if (index === names.length) return 100;
    // Unknown steps share the space between their known neighbours.
    const [low, from] = before < 0 ? [0, 0] : [marks[before] ?? 0, before];
    const [high, to] = after < 0 ? [100, names.length] : [marks[after] ?? 100, after];
    return low + ((high - low) * (index - from)) / (to - from);
  });
}

/**
 * How far a deployment is; null if the program cannot tell. While the agent works, the percentage moves on with the
 * time, and gets ever slower, so that it never leaves the step's share.
 *
 * @param startedAt Null if it is unknown.
 * @param now Ironic's clock. Both in milliseconds since the epoch.
 */
export function progressPercent(server: Server, startedAt: number | null, now: number): number | null {
  if (isFree(server)) return 0;
  const { step } = server;
  const [low, high] = (step && marksOf(step)) ?? [];
  if (low === undefined || high === undefined) return null;
  const time = agentTime(server, startedAt, now);
  return Math.floor(low + ((high - low) * time) / (time + halfShare));
}

/** How long the agent has been at the step (ms). Each heartbeat sets provision_updated_at, but not the first call. */
function agentTime(
  { step, calledAt, provisionedAt, ...server }: Server,
  startedAt: number | null,
  now: number,
): number {
  const { advancedBy } = meaningOf(server);
  // Ironic takes over for a moment when the agent has done its step: the bar must not go back then.
  if (step?.name === 'deploy' && advancedBy === 'conductor' && isSince(startedAt, calledAt)) {
    return Number.MAX_SAFE_INTEGER;
  }
  const begin =
    step?.name === 'write_image' && isSince(startedAt, calledAt)
      ? calledAt
      : advancedBy === 'agent'
        ? provisionedAt
        : null;
  return begin === null ? 0 : Math.max(0, now - begin);
}

/** Whether Ironic dates a sign of the agent, e.g. its last heartbeat, after the start of the deployment. */
export function isSince(startedAt: number | null, moment: number | null): moment is number {
  return startedAt !== null && moment !== null && moment > startedAt;
}

/** What the deployment waits for; undefined if that is an operator, or unknown. */
export function waitingWords(server: Server, startedAt: number | null): string | undefined {
  const { advancedBy } = meaningOf(server);
  const { step, heardAt } = server;
  if (advancedBy === 'conductor') {
    return step
      ? 'Waiting for Ironic to finish this step.'
      : 'Waiting for Ironic to check the image and the power, and to start the first step.';
  }
  if (step === null || advancedBy !== 'agent') return undefined;
  const isBooting = step.name === 'deploy' && startedAt !== null && !isSince(startedAt, heardAt);
  return isBooting ? 'Waiting for the first call of the agent.' : 'Waiting for the agent to finish this step.';
}

/** Seconds between two looks at a server outside of these steps, and at most that many in a new deployment. */
const usualPace = 5;
const newPace = 2;

/**
 * Seconds until the next look at a deployment: more in a step that takes minutes, and a quarter of the time that the work has
 * taken. But a look never adds more than that to what the whole deployment has taken.
 *
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @param longest The most seconds.
 */
export function paceOf({ step, entry, provisionedAt, calledAt }: Server, now: number, longest: number): number {
  const least = (step && stepMeaning(step.name)?.pace) ?? usualPace;
  // Each heartbeat sets provision_updated_at, but not the first call.
  const since = step?.name === 'write_image' && calledAt !== null ? calledAt : provisionedAt;
  const quarter = (moment: number | null) => (moment === null ? least : (now - moment) / 4_000);
  const young = entry === null ? longest : Math.max(newPace, quarter(Date.parse(entry.started_at)));
  return Math.min(longest, young, Math.max(least, quarter(since)));
}

/** How long ago the agent was heard; undefined if that is not longer ago than usual, or is unknown. */
export function silenceWords(server: Server, startedAt: number | null, now: number): string | undefined {
  const { heardAt } = server;
  if (meaningOf(server).advancedBy !== 'agent' || !isSince(startedAt, heardAt)) return undefined;
  const minutes = Math.floor((now - heardAt) / 60_000);
  return minutes < longestInterval ? undefined : `The agent was last heard ${minutes} min ago.`;
}

/** The current step in words, with its position if that is known; undefined outside of steps. */
export function stepWords({ step }: Server): string | undefined {
  if (step === null) return undefined;
  const words = stepMeaning(step.name)?.words;
  return words ? `${words} (${stepName(step)})` : `Deploy ${stepName(step)}`;
}

/** The name of a step, with its position if that is known. */
export function stepName({ name, number, names }: Step): string {
  return `step${number === null ? '' : ` ${number} of ${names.length}`}: ${named(name)}`;
}

/** How long a deployment has taken, and how long it usually takes until the current step is over. */
export function timeWords(step: Step | null, elapsed: number): string {
  const seconds = Math.max(0, Math.round(elapsed / 1_000));
  const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const usual = usualTimes(step);
  return `${time} so far${usual ? `, usually past this within ${usual.by} min` : ''}`;
}

/** How long the current work usually takes; undefined if the step is unknown. */
export function usualTimes(step: Step | null): Usual | undefined {
  if (step === null) return preparing;
  const { number, names } = step;
  const known = number === null || (isAgentBased(names) && names.slice(0, number).every((name) => stepMeaning(name)));
  return known ? stepMeaning(step.name)?.usual : undefined;
}
