import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/core/ports.js';
import { start } from './fake-clock.js';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** A clock for several sleepers: time stands still until the test moves it. */
export interface Timeline extends Clock {
  /** How many sleepers there are, including forgotten timers. */
  readonly sleeping: number;
  /** Lets this many milliseconds pass, and wakes each sleeper at its own moment. */
  pass(milliseconds: number): Promise<void>;
  /** Lets time pass until the promise is settled, and answers with its outcome. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
}

/** After this many turns of the event loop everything that is awake sleeps again. */
const turns = 20;

/**
 * @param isBusy Whether something is awake that needs longer.
 */
export function createTimeline(isBusy: () => boolean = () => false): Timeline {
  const sleepers = new Set<Sleeper>();
  let now = start;

  async function rest(): Promise<void> {
    for (let quiet = 0; quiet < turns; quiet = isBusy() ? 0 : quiet + 1) await turn();
  }

  /** Wakes the next sleepers if they are due by the given moment. */
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
