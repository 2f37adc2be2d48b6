import { AsyncLocalStorage } from 'node:async_hooks';

const traces = new AsyncLocalStorage<string>();

/**
 * Runs an action for a caller's trace (W3C `traceparent`). Everything that the action begins belongs to the trace, also what
 * outlasts it. Calls that share a reading leave it in the trace of the call that began it.
 */
export function inTrace<Result>(traceparent: string | undefined, action: () => Result): Result {
  // The storage costs time from its first use on, so a program whose callers send no trace never pays for it.
  return traceparent === undefined ? action() : traces.run(traceparent, action);
}

/** The trace to which this moment belongs, if there is one. */
export function currentTrace(): string | undefined {
  return traces.getStore();
}
