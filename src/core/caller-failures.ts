import type { Account } from './call.js';
import { Failure, type FailureCode, reasonOf } from './failures.js';
import { CredentialRefused, Refused } from './ports.js';

/** The failures of a call that Ironic has refused for want of a right. */
const ofRights: readonly FailureCode[] = [
  'ironic_unavailable',
  'deploy_refused',
  'deprovision_refused',
  'reboot_refused',
];

/**
 * The failure as it concerns a caller with an own account, who can do something about credentials and rights. With the
 * account of this program, only its operator can.
 */
export function failureOf(failure: Failure, account: Account | undefined): Failure {
  if (account === undefined) return failure;
  const causes = [...causesOf(failure)];
  if (failure.code === 'ironic_unavailable' && causes.some((cause) => cause instanceof CredentialRefused)) {
    return credentialRefused(failure);
  }
  if (!ofRights.includes(failure.code) || !causes.some(isWithoutRight)) return failure;
  const { deployment, hint } = failure;
  // What is left behind matters more than the right.
  const left = deployment === null ? {} : { deployment, hint };
  return new Failure('forbidden', { reason: reasonOf(failure), cause: failure, ...left });
}

/** Keystone refuses the credential of a caller. What a change has left behind is still said. */
export function credentialRefused(cause: unknown): Failure {
  const reason =
    'Keystone refuses the application credential: its id or secret is wrong, or it has expired or was revoked';
  // Such a failure wraps the one that came before it.
  if (!(cause instanceof Failure && cause.cause instanceof Failure)) {
    return new Failure('unauthorized', { reason, cause });
  }
  const { deployment, hint } = cause;
  const left = deployment === null ? {} : { deployment, hint };
  return new Failure('unauthorized', { reason: `${reason}. ${reasonOf(cause)}`, cause, ...left });
}

function* causesOf(error: Error): Generator<unknown> {
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) yield cause;
}

/** Ironic answers the same status for a server that is protected from everybody. */
function isWithoutRight(cause: unknown): boolean {
  return cause instanceof Refused && cause.refusal === 'forbidden' && !/\bprotected\b/i.test(cause.words);
}
