/**
 * The changes under way in this process. A caller may leave and a process may be asked to stop at any moment, but a
 * change that has begun runs on to its end: a definite answer, or its undo.
 */
export interface Changes {
  /** Runs a change that will not be broken off. */
  run<Result>(change: () => Promise<Result>): Promise<Result>;
  /** Resolves when no change is under way. Never rejects. */
  settled(): Promise<void>;
}

export function createChanges(): Changes {
  const running = new Set<Promise<unknown>>();
  return {
    run(change) {
      const promise = change();
      running.add(promise);
      const done = () => running.delete(promise);
      promise.then(done, done);
      return promise;
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

const ofChanges = new WeakSet<AbortSignal>();

/**
 * A signal for the requests of a change that has begun. Nobody aborts it; and what is asked with it goes before all
 * else and is not turned away when there is too much to do, for the change must come to its end.
 */
export function signalOfChange(): AbortSignal {
  const { signal } = new AbortController();
  ofChanges.add(signal);
  return signal;
}

/** Whether it is the signal of a change that has begun: what is asked with it must not be turned away as `overloaded`. */
export function isOfChange(signal: AbortSignal): boolean {
  return ofChanges.has(signal);
}
