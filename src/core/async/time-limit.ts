import type { Clock } from '../ports.js';
import { withFirstAbort } from './abort.js';
import { asOfChange, isOfChange } from './changes.js';

export interface TimeLimit {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly time: number;
  readonly signal: AbortSignal;
}

/** The outcome of an action, or undefined if the time is over first; then the action is aborted. */
export function withTimeLimit<Value>(
  { clock, time, signal }: TimeLimit,
  action: (either: AbortSignal) => Promise<Value>,
): Promise<Value | undefined> {
  const over = new AbortController();
  return withFirstAbort([signal, over.signal], (first) => {
    if (isOfChange(signal)) asOfChange(first);
    return Promise.race([action(first), clock.sleep(time, first).then(() => undefined)]).finally(() => over.abort());
  });
}
