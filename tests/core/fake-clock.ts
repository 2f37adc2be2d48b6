import type { Clock } from '../../src/core/ports.js';

/** Sunday 22 November 2026, 8:00 UTC. */
export const start = Date.UTC(2026, 10, 22, 8);

export interface FakeClock extends Clock {
  /** How long every sleep so far would have lasted, in milliseconds. */
  readonly sleeps: readonly number[];
  /** Lets time pass. */
  pass(milliseconds: number): void;
  /** Called in every sleep: what happens meanwhile. Gets the number of the sleep, from 1. */
  meanwhile: (sleep: number) => void;
}

/** A clock whose sleeps resolve at once and move it on. */
export function createFakeClock(now = start): FakeClock {
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    pass(milliseconds) {
      now += milliseconds;
    },
    meanwhile: () => undefined,
    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      // This is no pause, but a limit for requests, which are answered at once here.
      if (milliseconds >= 10_000) {
        await new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }
      sleeps.push(milliseconds);
      now += milliseconds;
      this.meanwhile(sleeps.length);
      signal.throwIfAborted();
    },
  };
}
