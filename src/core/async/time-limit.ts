import type { Clock } from '../ports.js';
import { withFirstAbort } from './abort.js';

/** The outcome of an action if it is there in that many milliseconds, else undefined; then the action is broken off. */
export function withTimeLimit<Value>(
  clock: Clock,
  time: number,
  signal: AbortSignal,
  action: (either: AbortSignal) => Promise<Value>,
): Promise<Value | undefined> {
  const over = new AbortController();
  return withFirstAbort([signal, over.signal], (first) =>
    Promise.race([action(first), clock.sleep(time, first).then(() => undefined)]).finally(() => over.abort()),
  );
}
