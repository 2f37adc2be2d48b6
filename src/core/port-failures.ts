import { Failure } from './failures.js';
import { NoAnswer, Refused, SignInRefused } from './ports.js';

const rightsMissing =
  'Nothing was changed. The operator must give this account the rights that docs/configuration.md names; "ironic-mcp check" shows which is missing.';

const refusedForGood = 'Nothing was changed. The operator should look at what the reason says, and at Ironic.';

/** The same function, with what the ports reject with turned into failures of the table. Other errors pass through. */
export function withPortFailures<Arguments extends unknown[], Result>(
  action: (...args: Arguments) => Promise<Result>,
): (...args: Arguments) => Promise<Result> {
  return async (...args) => {
    try {
      return await action(...args);
    } catch (error) {
      throw portFailure(error);
    }
  };
}

/** What a read that failed means. A refused change never comes here: what that means is decided where it was sent. */
export function portFailure(error: unknown): unknown {
  if (error instanceof NoAnswer) return ironicUnavailable(error);
  if (!(error instanceof Refused)) return error;
  const details = { reason: error.reason, cause: error };
  if (error.refusal === 'too_old') return new Failure('ironic_too_old', details);
  if (error.isBusy) return new Failure('ironic_unavailable', details);
  const hint = error.refusal === 'forbidden' ? rightsMissing : refusedForGood;
  return new Failure('ironic_unavailable', { ...details, retryable: false, hint });
}

/** What it means to the caller that there is no answer, where nothing was changed. */
export function ironicUnavailable(error: NoAnswer): Failure {
  const details = { reason: error.reason, cause: error };
  if (!(error instanceof SignInRefused)) return new Failure('ironic_unavailable', details);
  const hint = 'Nothing was changed. The operator must correct the settings of this server that the reason names.';
  return new Failure('ironic_unavailable', { ...details, retryable: false, hint });
}
