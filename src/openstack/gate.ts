/** Lets at most so many through at the same time; the others wait in line. */
export interface Gate {
  /** Runs the action when it is its turn. Rejects with the signal's reason when that is aborted while it waits. */
  pass<Result>(signal: AbortSignal, action: () => Promise<Result>): Promise<Result>;
}

export function createGate(places: number): Gate {
  let free = places;
  const waiting = new Set<() => void>();

  function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(proceed);
        reject(signal.reason);
      };
      const proceed = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      waiting.add(proceed);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  function exit(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    // The place passes from one to the next without being free in between.
    waiting.delete(next);
    next();
  }

  return {
    async pass(signal, action) {
      await enter(signal);
      try {
        return await action();
      } finally {
        exit();
      }
    },
  };
}
