import type { Clock } from '../ports.js';
import { withFirstAbort } from './abort.js';

export interface TimeLimit {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly time: number;
  readonly signal: AbortSignal;
}

/** The outcome of an action if it is there in that time, else undefined; then the action is broken off. */
export function withTimeLimit<Value>(
  { clock, time, signal }: TimeLimit,
  action: (either: AbortSignal) => Promise<Value>,
): Promise<Value | undefined> {
  const over = new AbortController();
  return withFirstAbort([signal, over.signal], (first) =>
    Promise.race([action(first), clock.sleep(time, first).then(() => undefined)]).finally(() => over.abort()),
  );
}
