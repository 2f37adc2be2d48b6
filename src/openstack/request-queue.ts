import { Failure } from '../core/failures.js';

/** Runs a limited number of requests at a time; a limited number of others wait for their turn. */
export interface RequestQueue {
  /**
   * Runs the action when it is its turn, and tells it whether it had to wait for that.
   * @param first For a request that a running change still needs: it goes before the others and is never turned away.
   * @throws Failure `overloaded` at once if too many requests wait already; the signal's reason if that is aborted while the
   * action waits; otherwise whatever the action throws
   */
  run<Result>(signal: AbortSignal, action: (waited: boolean) => Promise<Result>, first?: boolean): Promise<Result>;
}

/** A request behind this many others would wait for longer than it is worth. */
const longestQueue = 256;

export function createRequestQueue(places: number, mostWaiting = longestQueue): RequestQueue {
  let free = places;
  /** The waiting requests in the order of their arrival: the first ones, and the others. */
  const lines = [new Set<() => void>(), new Set<() => void>()] as const;

  /** Resolves when a place is taken: with true if it had to be waited for. */
  function enter(signal: AbortSignal, first: boolean): Promise<boolean> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve(false);
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
        resolve(true);
      };
      line.add(proceed);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function exit(): void {
    const [next] = lines[0].size > 0 ? lines[0] : lines[1];
    // The next request takes the place over, so no newcomer can slip in between.
    if (next) next();
    else free += 1;
  }

  return {
    async run(signal, action, first = false) {
      const waited = await enter(signal, first);
      try {
        return await action(waited);
      } finally {
        exit();
      }
    },
  };
}
