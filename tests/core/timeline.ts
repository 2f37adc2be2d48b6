import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/core/ports.js';
import { start } from './fake-clock.js';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** A clock for those who sleep side by side: time stands still until it is told to go on. */
export interface Timeline extends Clock {
  /** How many sleep: timers that somebody has left behind would be among them. */
  readonly sleeping: number;
  /** Lets so many milliseconds pass, and wakes whoever is due, each at their own moment. */
  pass(milliseconds: number): Promise<void>;
  /** Lets time pass until the promise is settled, and answers with its outcome. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
}

/** So many turns of the event loop are enough for whoever is awake to go to sleep again. */
const turns = 20;

/**
 * @param isBusy Whether somebody is awake who needs longer.
 */
export function createTimeline(isBusy: () => boolean = () => false): Timeline {
  const sleepers = new Set<Sleeper>();
  let now = start;

  async function rest(): Promise<void> {
    for (let quiet = 0; quiet < turns; quiet = isBusy() ? 0 : quiet + 1) await turn();
  }

  /** Wakes those who are due first, if that is no later than the given moment. */
  async function wakeNext(latest: number): Promise<boolean> {
    const due = Math.min(...[...sleepers].map((sleeper) => sleeper.due));
    if (due > latest || sleepers.size === 0) return false;
    now = due;
    for (const sleeper of sleepers) if (sleeper.due === due) sleeper.wake();
    await rest();
    return true;
  }

  return {
    now: () => now,
    get sleeping() {
      return sleepers.size;
    },
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', abort);
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          due: now + milliseconds,
          wake: () => {
            leave();
            resolve();
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', abort);
      }),
    async pass(milliseconds) {
      const end = now + milliseconds;
      await rest();
      while (await wakeNext(end));
      now = end;
    },
    async until(promise) {
      let settled = false;
      const note = () => {
        settled = true;
      };
      promise.then(note, note);
      await rest();
      while (!settled && (await wakeNext(Number.POSITIVE_INFINITY)));
      return promise;
    },
  };
}
