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
  /** Changes never have all places: while a conductor is dead, each may take half a minute, and status calls must go on. */
  const mostChanging = Math.ceil((places * 3) / 4);
  let [running, changing] = [0, 0];
  /** The waiting requests in order of arrival: the ones that go first, and the others. */
  const lines = [new Set<() => void>(), new Set<() => void>()] as const;

  const isFree = (first: boolean) => running < places && !(first && changing >= mostChanging);

  function take(first: boolean): void {
    running += 1;
    if (first) changing += 1;
  }

  /** Takes a place. Resolves with true if it had to wait. */
  function enter(signal: AbortSignal, first: boolean): Promise<boolean> {
    signal.throwIfAborted();
    if (isFree(first)) {
      take(first);
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
        // Here, so that no newcomer can take the place.
        take(first);
        resolve(true);
      };
      line.add(proceed);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function exit(first: boolean): void {
    running -= 1;
    if (first) changing -= 1;
    const [next] = lines[0].size > 0 && isFree(true) ? lines[0] : lines[1];
    next?.();
  }

  return {
    async run(signal, action, first = false) {
      const waited = await enter(signal, first);
      try {
        return await action(waited);
      } finally {
        exit(first);
      }
    },
    load: () => ({ running, waiting: lines[0].size + lines[1].size }),
  };
}
