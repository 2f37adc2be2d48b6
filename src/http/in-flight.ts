import { Failure } from '../core/failures.js';
import type { Operation } from '../core/operation.js';

export type InFlight = ReturnType<typeof createInFlight>;

/**
 * Limits how many operations run at the same time, over all faces together, and refuses further ones at once. A client that
 * sends its request slowly, or sends none, does not count.
 */
export function createInFlight(operations: readonly Operation[], most: number) {
  const reads = new Set<(reason: Failure) => void>();
  let running = 0;

  function bounded({ call, effect }: Operation): Operation['call'] {
    return (...args) =>
      new Promise((resolve, reject) => {
        if (running >= most) throw new Failure('overloaded', { reason: `${most} requests are in progress` });
        running += 1;
        if (effect === 'read') reads.add(reject);
        const ended = () => {
          running -= 1;
          reads.delete(reject);
        };
        call(...args)
          .finally(ended)
          .then(resolve, reject);
      });
  }

  return {
    operations: operations.map((operation) => ({ ...operation, call: bounded(operation) })) as readonly Operation[],
    /** Ends the running reads and waits. A change that has begun goes on. */
    endReads(reason: Failure): void {
      for (const end of reads) end(reason);
    },
  };
}
