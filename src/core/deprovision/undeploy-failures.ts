import { Failure } from '../failures.js';
import { op } from '../names.js';
import type { Refused } from '../ports.js';
import type { RecordedError, Server } from '../server.js';
import { diagnose } from '../status/diagnosis.js';
import { displayName, namingHost } from '../status/provision-status.js';
import { quoted } from '../text/untrusted.js';

/** Ironic refused to undeploy. */
export function refusedToUndeploy(server: Server, refused: Refused): Failure {
  const details = { id: server.id, reason: namingHost(server, refused.reason), cause: refused };
  if (refused.refusal === 'not_found') return new Failure('server_not_found', details);
  if (refused.refusal === 'too_old') return new Failure('ironic_too_old', details);
  return new Failure('deprovision_refused', { ...details, retryable: refused.isBusy });
}

/** The undeployment may have begun, or may still begin. */
export function undeploymentUnknown(server: Server, words: string, cause?: unknown): Failure {
  const { id, deploymentId } = server;
  const deployment = deploymentId === null ? {} : { deployment: { operationId: id, deploymentId } };
  return new Failure('outcome_unknown', {
    id,
    ...deployment,
    reason: `${words}. Server ${displayName(server)} may be undeploying: operation ${id}, deployment ${deploymentId ?? 'without an id'}`,
    hint: `Call ${op('status')} with the operation id before you call again.`,
    cause,
  });
}

/** Ironic could not undeploy the server, and would probably fail again. */
export function undeploymentFailed(server: Server, errors: readonly RecordedError[] = []): Failure {
  const { hint, ironic_error } = diagnose(server, errors, true);
  return new Failure('deprovision_refused', {
    id: server.id,
    reason: `${namingHost(server, 'its undeployment failed')}${ironic_error === null ? '' : `; Ironic says: ${quoted(ironic_error)}`}`,
    hint,
  });
}
