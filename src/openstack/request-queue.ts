import { Failure } from '../core/failures.js';

/** Lets at most so many through at the same time; the others wait in line, but not endlessly many. */
export interface Gate {
  /**
   * Runs the action when it is its turn.
   * @param first Goes before those that are not, and is never turned away: for what a change that has begun still needs.
   * @throws Failure `overloaded` at once if the line is too long already; the signal's reason when that is aborted
   * while it waits; else what the action throws
   */
  pass<Result>(signal: AbortSignal, action: () => Promise<Result>, first?: boolean): Promise<Result>;
}

/** So many may wait: what comes later would wait for longer than it is worth. */
const longestLine = 256;

export function createGate(places: number, mostWaiting = longestLine): Gate {
  let free = places;
  /** Those who wait, in the order of their arrival: the first ones, and the others. */
  const lines = [new Set<() => void>(), new Set<() => void>()] as const;

  function enter(signal: AbortSignal, first: boolean): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    const line = lines[first ? 0 : 1];
    if (!first && line.size >= mostWaiting) {
      throw new Failure('overloaded', { reason: `${line.size} requests wait for their turn already` });
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        line.delete(proceed);
        reject(signal.reason);
      };
      const proceed = () => {
        line.delete(proceed);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      line.add(proceed);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function exit(): void {
    const [next] = lines[0].size > 0 ? lines[0] : lines[1];
    // The place passes from one to the next without being free in between.
    if (next) next();
    else free += 1;
  }

  return {
    async pass(signal, action, first = false) {
      await enter(signal, first);
      try {
        return await action();
      } finally {
        exit();
      }
    },
  };
}
