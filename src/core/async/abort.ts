import { setMaxListeners } from 'node:events';

/** The promise's outcome, or the signal's reason if the signal is aborted first. The promise itself goes on. */
export function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else listen(signal, abort);
    // Always attach this, because an unhandled rejection ends the process.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Runs an action under a signal that is aborted with the first of these. AbortSignal.any would do the same, but some
 * releases of Node lose its abort during garbage collection (nodejs/node#57736, #65995).
 */
export async function withFirstAbort<Value>(
  signals: readonly AbortSignal[],
  action: (first: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const controller = new AbortController();
  const ways = signals.map((signal) => ({ signal, abort: () => controller.abort(signal.reason) }));
  for (const { signal, abort } of ways) {
    // A listener keeps the signal from being collected before it is aborted.
    if (signal.aborted) abort();
    else listen(signal, abort);
  }
  try {
    return await action(controller.signal);
  } finally {
    for (const { signal, abort } of ways) signal.removeEventListener('abort', abort);
  }
}

function listen(signal: AbortSignal, abort: () => void): void {
  // Many requests of one call share its signal, so many listeners are no leak.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', abort);
}
