import type { Clock } from './ports.js';

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
