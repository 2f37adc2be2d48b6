import { type Clock, NoAnswer, Refused } from '../ports.js';

/** How often and how patiently something is tried. Times are milliseconds. */
export interface RetryPolicy {
  /** How many times in all. */
  readonly attempts: number;
  /** The pause after the first attempt; it doubles from one attempt to the next. */
  readonly firstPause: number;
  readonly longestPause: number;
}

/**
 * Everything that is ever repeated, in one table. A change that might have taken effect is repeated only where the
 * port says that a repeated call is safe.
 */
export const retries = {
  /** A read that got no answer: it changes nothing. All attempts share one deadline. */
  read: { attempts: 3, firstPause: 200, longestPause: 1_000 },
  /** A node is locked for as long as Ironic works on it, which may be a power check of a second or two. */
  locked: { attempts: 8, firstPause: 300, longestPause: 3_000 },
  /** A change whose answer was lost, after the server has been read and shows no effect. */
  lostAnswer: { attempts: 4, firstPause: 300, longestPause: 2_000 },
} as const satisfies Record<string, RetryPolicy>;

/** How long something may go on in all, in milliseconds. What was sent before that still gets its own time. */
export const deadlines = {
  /** A call to `provision_server`: after that it sends nothing but the undo of what it did. */
  call: 60_000,
  /** The most that anybody may set for a single request. */
  request: 60_000,
  /** After so much of a call no further server is tried: what is left is for the one under way. */
  choosing: 30_000,
  /** Giving back what was taken. */
  undo: 30_000,
} as const;

/** The pause after the given attempt (from 1), with jitter so that those who collided do not collide again. */
export function pauseAfter(attempt: number, policy: RetryPolicy, random: () => number): number {
  return Math.min(policy.longestPause, policy.firstPause * 2 ** (attempt - 1)) * (0.5 + random() / 2);
}

export interface Retrying {
  readonly clock: Clock;
  readonly random: () => number;
}

/** Calls `action` until it succeeds, `again` declines its error, or the policy is spent; then that error is thrown. */
export async function retrying<Result>(
  { clock, random }: Retrying,
  policy: RetryPolicy,
  signal: AbortSignal,
  again: (error: unknown) => boolean,
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

/**
 * Calls what changes nothing again while that may help.
 * @param deadline All attempts share it: once it is aborted there is no further one.
 */
export function retryingRead<Result>(
  options: Retrying,
  deadline: AbortSignal,
  signal: AbortSignal,
  action: () => Promise<Result>,
): Promise<Result> {
  return retrying(options, retries.read, signal, (error) => mayPass(error) && !deadline.aborted, action);
}

/** How a change stands after an attempt that did not succeed. */
export interface Tried {
  readonly error: NoAnswer | Refused;
  /** This attempt or an earlier one may have taken effect, although no answer came. */
  readonly lost: boolean;
  /** There will be no further attempt. */
  readonly last: boolean;
}

const tooLate = 'It took too long: the time for this call was over before everything had been sent';

/**
 * Sends a change until it succeeds or `settle` says how it ended; that answers undefined to have it sent again. Nobody
 * breaks it off.
 *
 * @param until From then on, by the clock, nothing is sent: not for the first time either, and however long a pause has
 * been, in which the machine may have slept. Then `settle` is asked once more.
 */
export async function persisting<Result>(
  { clock, random }: Retrying,
  until: number,
  change: () => Promise<Result>,
  settle: (tried: Tried) => Promise<Result | undefined>,
): Promise<Result> {
  let error: NoAnswer | Refused = new NoAnswer(tooLate, false);
  let lost = false;
  const signal = new AbortController().signal;
  for (let attempt = 1; clock.now() < until; attempt += 1) {
    try {
      return await change();
    } catch (reason) {
      if (!(reason instanceof NoAnswer || reason instanceof Refused)) throw reason;
      error = reason;
    }
    lost ||= error instanceof NoAnswer && error.mayHaveTakenEffect;
    const policy = error instanceof NoAnswer ? retries.lostAnswer : retries.locked;
    if (attempt >= policy.attempts || clock.now() >= until) break;
    const settled = await settle({ error, lost, last: false });
    if (settled !== undefined) return settled;
    await clock.sleep(pauseAfter(attempt, policy, random), signal);
  }
  const settled = await settle({ error, lost, last: true });
  if (settled !== undefined) return settled;
  throw error;
}
