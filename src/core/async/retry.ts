import { type Clock, NoAnswer, Refused } from '../ports.js';

/** How often something is tried, and the pauses in between. Times are milliseconds. */
export interface RetryPolicy {
  /** How many times in all. */
  readonly attempts: number;
  /** The pause after the first attempt; it doubles from one attempt to the next. */
  readonly firstPause: number;
  readonly longestPause: number;
}

/**
 * Everything that is repeated, in one table. A change that may have taken effect is repeated only if the port says that
 * a repeated call is safe.
 */
export const retries = {
  /** A read that got no answer. All attempts share one deadline. */
  read: { attempts: 3, firstPause: 200, longestPause: 1_000 },
  /** Ironic locks a node while it works on it. That may be a power check of a second or two. */
  locked: { attempts: 8, firstPause: 300, longestPause: 3_000 },
  /** A change whose answer was lost. Repeating it is harmless, or a last look precedes it. */
  lostAnswer: { attempts: 4, firstPause: 300, longestPause: 2_000 },
  /** A boot report, which nobody waits for. A deadline ends it. */
  bootReport: { attempts: Number.POSITIVE_INFINITY, firstPause: 1_000, longestPause: 15_000 },
} as const satisfies Record<string, RetryPolicy>;

/** Time limits in milliseconds. A request sent before the limit still gets its own time. */
export const deadlines = {
  /** A call to `provision_server`: after that it only undoes what it did. */
  call: 60_000,
  /** The longest time-out that the operator may set for one request. */
  request: 60_000,
  /** After this much of a call no further server is tried: the rest is for the attempt under way. */
  choosing: 30_000,
  /** Releasing a reservation. */
  undo: 30_000,
  /** Recording a boot report, also while Ironic is down or locks the server. */
  bootReport: 600_000,
} as const;

/** The pause after the given attempt (from 1), with jitter so that colliding calls do not collide again. */
export function pauseAfter(attempt: number, policy: RetryPolicy, random: () => number): number {
  return Math.min(policy.longestPause, policy.firstPause * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}

export interface Retrying {
  readonly clock: Clock;
  readonly random: () => number;
}

export interface Retries extends Retrying {
  readonly policy: RetryPolicy;
  readonly signal: AbortSignal;
  /** Whether to try again after an error. */
  readonly again: (error: unknown) => boolean;
}

/** Calls `action` until it succeeds. Throws its error if `again` declines it or no attempt is left. */
export async function retrying<Result>(
  { clock, random, policy, signal, again }: Retries,
  action: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      if (attempt >= policy.attempts || !again(error)) throw error;
      await clock.sleep(pauseAfter(attempt, policy, random), signal);
    }
  }
}

/** Whether the same read may succeed in a moment. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Refused) return error.refusal === 'busy';
  return error instanceof NoAnswer && error.mayPass;
}

export interface ReadRetries extends Retrying {
  /** All attempts share it: once it is aborted, no further attempt is made. */
  readonly deadline: AbortSignal;
  readonly signal: AbortSignal;
}

/** Repeats a read while that may help. */
export function retryingRead<Result>(
  { deadline, ...options }: ReadRetries,
  action: () => Promise<Result>,
): Promise<Result> {
  const again = (error: unknown) => mayPass(error) && !deadline.aborted;
  return retrying({ ...options, policy: retries.read, again }, action);
}

/** What the tries of a change have shown. */
export interface Tries {
  /** The error of each try, in order. */
  readonly errors: readonly (NoAnswer | Refused)[];
  /** The error of the latest try. */
  readonly error: NoAnswer | Refused;
  /** No answer came to one of the tries, so it may have taken effect or may still do so. */
  readonly lost: boolean;
  /** There will be no further try. */
  readonly last: boolean;
}

/** What `settle` answers to have the change sent again. */
export const again = { kind: 'again' } as const;

/** A change that is sent until its outcome is known. */
export interface Persisting<Result> extends Retrying {
  /** By the clock: from then on nothing is sent, not even a first time. Then `settle` is asked once more. */
  readonly until: number;
  /** Sends it. @param before What the earlier tries have shown; null for the first. */
  change(before: Tries | null): Promise<Result>;
  /** Decides how the change ended, as far as its tries show it. */
  settle(tries: Tries): Promise<Result | typeof again>;
}

const tooLate = 'The time for this call was over before everything was sent';

/**
 * Sends a change until it succeeds or `settle` says how it ended. It cannot be cancelled. A pause may last longer than
 * planned, because the machine may sleep.
 */
export async function persisting<Result>(persisting: Persisting<Result>): Promise<Result> {
  const { clock, random, until, change, settle } = persisting;
  const errors: (NoAnswer | Refused)[] = [];
  const signal = new AbortController().signal;
  while (clock.now() < until) {
    try {
      return await change(errors.length === 0 ? null : triesOf(errors, false));
    } catch (reason) {
      if (!(reason instanceof NoAnswer || reason instanceof Refused)) throw reason;
      errors.push(reason);
    }
    const policy = errors.at(-1) instanceof NoAnswer ? retries.lostAnswer : retries.locked;
    if (errors.length >= policy.attempts || clock.now() >= until) break;
    const settled = await settle(triesOf(errors, false));
    if (!isAgain(settled)) return settled;
    await clock.sleep(pauseAfter(errors.length, policy, random), signal);
  }
  const tries = triesOf(errors, true);
  const settled = await settle(tries);
  if (isAgain(settled)) throw tries.error;
  return settled;
}

function isAgain(settled: unknown): settled is typeof again {
  return settled === again;
}

function triesOf(errors: readonly (NoAnswer | Refused)[], last: boolean): Tries {
  const lost = errors.some((error) => error instanceof NoAnswer && error.mayHaveTakenEffect);
  return { errors: [...errors], error: errors.at(-1) ?? new NoAnswer(tooLate, false), lost, last };
}
