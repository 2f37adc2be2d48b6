import { Failure } from '../core/failures.js';
import type { Core, Operation } from '../core/operation.js';

export type InFlight = ReturnType<typeof createInFlight>;

/**
 * Limits how many operations run at the same time, over all faces together, and refuses further ones at once. A client that
 * sends its request slowly, or sends none, does not count.
 * @param mostOfOne How many of them one core may run.
 */
export function createInFlight(operations: readonly Operation[], most: number, mostOfOne = most) {
  const reads = new Set<(reason: Failure) => void>();
  let running = 0;
  /** How many of them each core runs, if any. */
  const perCore = new Map<Core, number>();

  function bounded({ call, effect }: Operation): Operation['call'] {
    return (core, ...args) =>
      new Promise((resolve, reject) => {
        if (running >= most) throw new Failure('overloaded', { reason: `${most} requests are in progress` });
        const own = perCore.get(core) ?? 0;
        if (own >= mostOfOne) {
          throw new Failure('overloaded', { reason: `${mostOfOne} requests with this credential are in progress` });
        }
        running += 1;
        perCore.set(core, own + 1);
        if (effect === 'read') reads.add(reject);
        const ended = () => {
          running -= 1;
          const left = (perCore.get(core) ?? 0) - 1;
          if (left > 0) perCore.set(core, left);
          else perCore.delete(core);
          reads.delete(reject);
        };
        call(core, ...args)
          .finally(ended)
          .then(resolve, reject);
      });
  }

  return {
    operations: operations.map((operation) => ({ ...operation, call: bounded(operation) })) as readonly Operation[],
    /** Whether a core runs any of them. */
    isRunning: (core: Core): boolean => perCore.has(core),
    /** Ends the running reads and waits. A change that has begun goes on. */
    endReads(reason: Failure): void {
      for (const end of reads) end(reason);
    },
  };
}
