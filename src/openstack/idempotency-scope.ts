import { type Retrying, retryingRead } from '../core/async/retry.js';
import { NoAnswer } from '../core/ports.js';
import { accessInTime } from './authenticated-http.js';
import type { Session } from './session.js';

export interface RealmOptions extends Retrying {
  readonly session: Session;
  /** Milliseconds for the sign-in, with its repetitions. */
  readonly timeout: number;
}

/**
 * Where an idempotency key counts. Needs no request but the sign-in that whoever asks is about to need anyway; as that
 * changes nothing, it is repeated like a read.
 */
export function createRealm({ session, timeout, clock, random }: RealmOptions) {
  return async (signal: AbortSignal): Promise<string> => {
    const deadline = AbortSignal.timeout(timeout);
    const { realm } = await retryingRead({ clock, random, deadline, signal }, () =>
      accessInTime({ session, service: 'baremetal', timeout }, signal, deadline),
    );
    if (realm !== undefined) return realm;
    throw new NoAnswer("Keystone's token is for no project, so that an idempotency_key counts nowhere", false);
  };
}
