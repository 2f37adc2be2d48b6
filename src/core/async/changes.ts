/**
 * The changes under way in this process. A caller may leave and the process may be told to stop at any moment, but a
 * change that has begun runs to its end: a definite answer or its undo.
 */
export interface Changes {
  /** Runs a change that nobody can cancel. */
  run<Result>(change: () => Promise<Result>): Promise<Result>;
  /** Resolves when no change is under way. Never rejects. */
  settled(): Promise<void>;
  readonly underWay: number;
}

/** @param all They count there as well. */
export function createChanges(all?: Changes): Changes {
  const running = new Set<Promise<unknown>>();
  return {
    run(change) {
      const promise = all ? all.run(change) : change();
      running.add(promise);
      const done = () => running.delete(promise);
      promise.then(done, done);
      return promise;
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
    get underWay() {
      return running.size;
    },
  };
}

const ofChanges = new WeakSet<AbortSignal>();

/**
 * A signal for the requests of a change that has begun. Nobody aborts it. Its requests go first and are never refused
 * as `overloaded`, because the change must come to its end.
 */
export function signalOfChange(): AbortSignal {
  return asOfChange(new AbortController().signal);
}

/** Makes a signal one of a change, for a part of the change that has a time limit. */
export function asOfChange(signal: AbortSignal): AbortSignal {
  ofChanges.add(signal);
  return signal;
}

/** Whether it is the signal of a change that has begun, whose requests must never be refused as `overloaded`. */
export function isOfChange(signal: AbortSignal): boolean {
  return ofChanges.has(signal);
}
