import { Failure } from '../failures.js';
import { isOfMetal3, ownedByMetal3 } from '../inventory/eligibility.js';
import type { Policy } from '../policy.js';
import type { Server } from '../server.js';
import { stateMeaning, stateName } from '../states.js';
import { isForgotten, statusOf } from '../status/provision-status.js';

/** What is to be done so that a server is free again. `wait`: it is under way; `retry`: it was tried and failed. */
export type Decision = 'release' | 'undeploy' | 'retry' | 'wait';

/** Ironic undeploys from others as well; in those somebody is at work on a system that runs. */
const undeployable = new Set(['active', 'deploy failed', 'wait call-back']);

/** Whether a server is on its way to be free, whoever had it. */
export function isGoing({ provisionState, targetState }: Server): boolean {
  return stateMeaning(provisionState, targetState)?.freeing === true;
}

/**
 * Judges whether a server may be undeployed.
 *
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @throws Failure `operation_not_found`, `not_permitted`, `deprovision_refused`
 */
export function decide(server: Server, policy: Policy, now: number): Decision {
  const { provisionState: state } = server;
  if (isGoing(server)) return 'wait';
  // Called for its throw too: a server that is in no deployment has nothing to undeploy.
  const { status } = statusOf(server, now);
  if (isOfMetal3(server)) throw never(server, ownedByMetal3);
  if (server.allocated) throw never(server, 'an allocation in Ironic gave it to somebody else');
  // Whoever had it has given it up.
  if (server.entry === null && !isForgotten(server)) policy.admitForeign();
  if (server.isProtected) throw refused(server, 'it is protected: Ironic refuses to undeploy it');
  if (server.maintenance) throw refused(server, 'it is in maintenance: an operator may be at work on it');
  if (state === 'available') {
    if (status === 'failed' && server.attemptId !== null) return 'release';
    throw refused(server, 'it is reserved, and its deployment may be about to start', afterAWhile);
  }
  if (state === 'error') return 'retry';
  if (undeployable.has(state)) return 'undeploy';
  const words = `its state is ${stateName(state)}: ${stateMeaning(state)?.words ?? 'not known here'}`;
  if (state !== 'deploying') throw refused(server, words);
  throw refused(server, `${words}; Ironic does not stop it at this point`, afterAWhile);
}

const afterAWhile = {
  retryable: true,
  hint: 'Follow it with check_provision_status, and call again when its state is another.',
};

function refused(server: Server, reason: string, details: { retryable?: boolean; hint?: string } = {}): Failure {
  return new Failure('deprovision_refused', { id: server.id, reason, ...details });
}

/** Whatever the operator has set. */
function never(server: Server, reason: string): Failure {
  return new Failure('not_permitted', {
    id: server.id,
    reason,
    hint: 'No setting allows this. Leave the server to those who own it.',
  });
}
