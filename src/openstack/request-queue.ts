import { Failure } from '../core/failures.js';

/** Runs a limited number of requests at a time. A limited number of others wait. */
export interface RequestQueue {
  /**
   * Runs the action when a place is free, and tells it whether it had to wait.
   * @param first For a request that a running change needs: it goes before the others and is never refused.
   * @throws Failure `overloaded` at once if too many requests wait; the signal's reason if that is aborted during the wait;
   * otherwise any error of the action
   */
  run<Result>(signal: AbortSignal, action: (waited: boolean) => Promise<Result>, first?: boolean): Promise<Result>;
  /** How many requests run now, and how many wait. */
  load(): { readonly running: number; readonly waiting: number };
}

/** Behind this many others, a request would wait too long to be useful. */
const longestQueue = 256;

export function createRequestQueue(places: number, mostWaiting = longestQueue): RequestQueue {
  let free = places;
  /** The waiting requests in order of arrival: the ones that go first, and the others. */
  const lines = [new Set<() => void>(), new Set<() => void>()] as const;

  /** Takes a place. Resolves with true if it had to wait. */
  function enter(signal: AbortSignal, first: boolean): Promise<boolean> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve(false);
    }
    const line = lines[first ? 0 : 1];
    if (!first && line.size >= mostWaiting) {
      throw new Failure('overloaded', { reason: `${line.size} requests are already waiting` });
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
    // Hand the place to the next request, so that no newcomer can take it.
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
    load: () => ({ running: places - free, waiting: lines[0].size + lines[1].size }),
  };
}
