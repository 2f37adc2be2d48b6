import type { Claim, Evidence } from './evidence.js';
import type { Played } from './play.js';
import { intendedBy, isSameDeployment, target } from './trespasses.js';

/** Whether what `deprovision_server` answers is true of the deployment that was meant. */
export function judgeDeprovision(played: Played, { nodes, lastLook }: Evidence, claim: Claim): void {
  const { ending, call, journal } = played;
  const { meant } = call;
  if (!meant || lastLook) return;
  const intended = intendedBy(meant, journal);
  if (!intended) return;
  const node = nodes.find(({ uuid }) => uuid === meant.id);
  const sent = journal.changes.some((change) => change.kind === 'start' && target(change) === 'deleted');
  const isGone = !node || !isSameDeployment(intended, node);
  const isGoing = node !== undefined && /^(deleting|clean)/.test(node.provision_state);
  if (!('response' in ending)) {
    claim(!sent || ending.failure.code === 'outcome_unknown', 'it has undeployed the server, and says that it failed');
    return;
  }
  const { status, deployment_id: deploymentId } = ending.response;
  claim(deploymentId === null || deploymentId === intended.instance_uuid, `it is ${status}, of another deployment`);
  if (status === 'accepted') claim(sent, 'it is accepted, and nothing was sent');
  if (status === 'in_progress') claim(isGoing, 'it is in progress, and it is not');
  if (status === 'completed') claim(isGone, 'it is completed, and the deployment is there');
}
