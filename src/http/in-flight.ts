import { Failure } from '../core/failures.js';
import type { Operation } from '../core/operation.js';

/** Operations of which only so many run at the same time. The others are refused at once. */
export interface InFlight {
  readonly operations: readonly Operation[];
  /** Ends the reads and waits under way. A change that has begun goes on. */
  endReads(reason: Failure): void;
}

/**
 * Bounds how many operations run at the same time, whichever face they are called through. A client that sends its
 * request slowly, or none at all, does not count.
 */
export function createInFlight(operations: readonly Operation[], most: number): InFlight {
  const reads = new Set<(reason: Failure) => void>();
  let running = 0;

  function limited(operation: Operation): Operation['call'] {
    return async (core, input, call) => {
      if (running >= most) throw new Failure('overloaded', { reason: `${most} requests are in progress` });
      running += 1;
      try {
        return await operation.call(core, input, call);
      } finally {
        running -= 1;
      }
    };
  }

  function ending(call: Operation['call']): Operation['call'] {
    return (...args) =>
      new Promise((resolve, reject) => {
        reads.add(reject);
        call(...args)
          .then(resolve, reject)
          .finally(() => reads.delete(reject));
      });
  }

  return {
    operations: operations.map((operation) => {
      const call = limited(operation);
      return { ...operation, call: operation.effect === 'read' ? ending(call) : call };
    }),
    endReads(reason) {
      for (const end of reads) end(reason);
    },
  };
}
