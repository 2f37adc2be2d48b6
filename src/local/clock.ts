import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../core/ports.js';

/** The machine's own clock, which an operator or NTP may set. Its timers never keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal, ref: false });
    } catch (error) {
      // The timer's own AbortError would hide why.
      signal.throwIfAborted();
      throw error;
    }
  },
};

/** For ages and waits: nobody sets this clock. Its moments are no dates. */
export const steadyClock: Clock = { ...systemClock, now: () => performance.now() };
