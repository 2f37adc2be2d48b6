import { type Retrying, retryingRead } from '../core/async/retry.js';
import { NoAnswer } from '../core/ports.js';
import { accessInTime } from './authenticated-http.js';
import type { Session } from './session.js';

export interface IdempotencyScopeOptions extends Retrying {
  readonly session: Session;
  /** Milliseconds for the sign-in, with its repetitions. */
  readonly timeout: number;
}

/**
 * The cloud and the project in which an idempotency key counts. It costs only the sign-in, which the caller needs anyway.
 * A sign-in changes nothing, so it is repeated like a read.
 */
export function createIdempotencyScope({ session, timeout, clock, random }: IdempotencyScopeOptions) {
  return async (signal: AbortSignal): Promise<string> => {
    const deadline = AbortSignal.timeout(timeout);
    const { idempotencyScope } = await retryingRead({ clock, random, deadline, signal }, () =>
      accessInTime({ session, service: 'baremetal', timeout }, signal, deadline),
    );
    if (idempotencyScope !== undefined) return idempotencyScope;
    throw new NoAnswer("Keystone's token is for no project, so that an idempotency_key counts nowhere", false);
  };
}
