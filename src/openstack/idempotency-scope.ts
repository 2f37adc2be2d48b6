import { type Retrying, retryingRead } from '../core/async/retry.js';
import { NoAnswer } from '../core/ports.js';
import { accessInTime } from './authenticated-http.js';
import type { Session } from './session.js';

export interface IdempotencyScopeOptions extends Retrying {
  readonly session: Session;
  /** Milliseconds for the sign-in and its retries. */
  readonly timeout: number;
}

/**
 * The cloud and project in which an idempotency key counts. It costs only the sign-in, which the call needs anyway. A sign-in
 * changes nothing, so we repeat it like a read.
 */
export function createIdempotencyScope({ session, timeout, clock, random }: IdempotencyScopeOptions) {
  return async (signal: AbortSignal): Promise<string> => {
    const deadline = AbortSignal.timeout(timeout);
    const { idempotencyScope } = await retryingRead({ clock, random, deadline, signal }, () =>
      accessInTime({ session, service: 'baremetal', timeout }, signal, deadline),
    );
    if (idempotencyScope !== undefined) return idempotencyScope;
    throw new NoAnswer("Keystone's token is for no project, so an idempotency_key cannot be used", false);
  };
}
