import { Failure } from '../failures.js';
import { isOfMetal3, ownedByMetal3 } from '../inventory/eligibility.js';
import { op } from '../names.js';
import type { Policy } from '../policy.js';
import type { Server } from '../server.js';
import { isFree, meaningOf, stateName } from '../states.js';
import { hasNoDeployment, isForgotten, namingHost, statusOf } from '../status/provision-status.js';

/** How to free a server. `wait`: it is being freed already; `gone`: it is free; `retry`: an undeployment failed. */
export type Decision = 'release' | 'undeploy' | 'retry' | 'wait' | 'gone';

/** Whether a server is on its way to be free. */
export function isGoing(server: Server): boolean {
  return meaningOf(server).freeing;
}

/**
 * Judges whether a server may be undeployed.
 *
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @throws Failure `operation_not_found`, `not_permitted`, `deprovision_refused`
 */
export function decide(server: Server, policy: Policy, now: number): Decision {
  if (isGoing(server)) return 'wait';
  // Callers repeat the call to see the progress, so the last answer must not be a failure.
  if (isFree(server) && server.deploymentId === null && hasNoDeployment(server)) return 'gone';
  // This also throws if the server is in no deployment.
  const { status } = statusOf(server, now);
  if (isOfMetal3(server)) throw never(server, ownedByMetal3);
  if (server.allocated) throw never(server, 'an allocation in Ironic gave it to somebody else');
  // A forgotten server has no owner any more.
  if (server.entry === null && !isForgotten(server)) policy.admitForeign();
  if (server.isProtected) throw refused(server, 'it is protected: Ironic refuses to undeploy it');
  if (server.maintenance) throw refused(server, 'it is in maintenance: an operator may be working on it');
  if (isFree(server)) {
    if (status === 'failed' && server.attemptId !== null) return 'release';
    throw refused(server, 'it is reserved, and its deployment may be about to start', afterAWhile);
  }
  const { undeployVerb, words, advancedBy, failed } = meaningOf(server);
  if (failed === 'undeployment') return 'retry';
  if (undeployVerb !== null) return 'undeploy';
  const standing = `its state is ${stateName(server.provisionState)}: ${words ?? 'unknown to ironic-mcp'}`;
  if (advancedBy !== 'conductor') throw refused(server, standing);
  throw refused(server, `${standing}; Ironic cannot stop a deployment in this state`, afterAWhile);
}

const afterAWhile = {
  retryable: true,
  hint: `Call ${op('status')} until its state changes, then call again.`,
};

function refused(server: Server, reason: string, details: { retryable?: boolean; hint?: string } = {}): Failure {
  return new Failure('deprovision_refused', { id: server.id, reason: namingHost(server, reason), ...details });
}

/** A refusal that no setting lifts. */
function never(server: Server, reason: string): Failure {
  return new Failure('not_permitted', {
    id: server.id,
    reason: namingHost(server, reason),
    hint: 'No setting allows this. Leave the server to its owner.',
  });
}
