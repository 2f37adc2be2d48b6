import { Failure } from './failures.js';
import { NoAnswer, Refused, SignInRefused } from './ports.js';

const rightsMissing =
  'Nothing was changed. Ask the operator to give this account the rights in docs/configuration.md; "ironic-mcp check" shows which one is missing.';

const refusedForGood = 'Nothing was changed. Ask the operator to look at what the reason says.';

/** Wraps a function so that the errors of the ports become failures of the table. Other errors pass through. */
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

/** The failure for a failed read. A refused change never comes here: the code that sent it decides what it means. */
export function portFailure(error: unknown): unknown {
  if (error instanceof NoAnswer) return ironicUnavailable(error);
  if (!(error instanceof Refused)) return error;
  const details = { reason: error.reason, cause: error };
  if (error.refusal === 'too_old') return new Failure('ironic_too_old', details);
  if (error.isBusy) return new Failure('ironic_unavailable', details);
  const hint = error.refusal === 'forbidden' ? rightsMissing : refusedForGood;
  return new Failure('ironic_unavailable', { ...details, retryable: false, hint });
}

/** The failure for a missing answer when nothing was changed. */
export function ironicUnavailable(error: NoAnswer): Failure {
  const details = { reason: error.reason, cause: error };
  if (!(error instanceof SignInRefused)) return new Failure('ironic_unavailable', details);
  const hint = 'Nothing was changed. Ask the operator to fix the settings that the reason names.';
  return new Failure('ironic_unavailable', { ...details, retryable: false, hint });
}
