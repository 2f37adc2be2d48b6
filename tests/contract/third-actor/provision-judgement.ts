import type { Node } from './actor-lab.js';
import type { Claim, Evidence } from './evidence.js';
import { vifsNow } from './journal.js';
import { type Ending, type Played, wordsOf } from './play.js';
import { inDeployment, target } from './trespasses.js';
import { hostname } from './ways.js';

/** Whether what `provision_server` answers is true of its own deployment. */
export async function judgeProvision(
  played: Played,
  evidence: Evidence & { readonly isLeft: boolean },
  claim: Claim,
): Promise<void> {
  const { ending } = played;
  if ('response' in ending && evidence.isLeft) claim(ending.response.status !== 'accepted', 'it is accepted');
  else if ('response' in ending) await judgeResponse(played, evidence, claim);
  else await judgeFailure(played, evidence, claim);
  if (!evidence.lastLook) await judgePorts(played, evidence, claim);
}

async function judgeResponse(played: Played, evidence: Evidence, claim: Claim): Promise<void> {
  const { ending, ground, call } = played;
  const { nodes, lastLook, lookedAfterwards } = evidence;
  if (!('response' in ending)) return;
  const { operation_id, deployment_id, status } = ending.response;
  const node = nodes.find(({ uuid }) => uuid === operation_id);
  const carries = node !== undefined && node.instance_uuid === deployment_id && inDeployment(node);
  // A rebuild by others is still the same deployment.
  const isRebuilt = played.between?.action.name.startsWith('rebuilds') ?? false;
  if (!lastLook && !isRebuilt) {
    claim(
      startsOf(played).some(({ id, deploymentId }) => id === operation_id && deploymentId === deployment_id),
      `it is ${status}, and nobody has started that deployment`,
    );
  }
  claim(carries || !lookedAfterwards, `it is ${status}, although it has seen that the server carries something else`);
  if (!carries || !node) return;
  const { image_source: source } = ground.describe(String(call.request?.image_id));
  claim(isRebuilt || node.instance_info.image_source === source, `it is ${status} with another image`);
  const drive = JSON.stringify(startsOf(played).findLast(({ id }) => id === node.uuid)?.configDrive ?? null);
  claim(isRebuilt || drive.includes(hostname), `it is ${status} with another config drive`);
}

async function judgeFailure(played: Played, { own, nodes }: Evidence, claim: Claim): Promise<void> {
  const { ending, call } = played;
  if (!('failure' in ending)) return;
  const { failure } = ending;
  claim(failure.code !== 'idempotency_conflict', 'it says that its key was used for another request, which is not so');
  const mine = nodes.filter(({ instance_uuid: id }) => id !== null && own.deploymentIds.has(id));
  const started = startsOf(played).filter(({ by, deploymentId }) => by === 'us' && own.deploymentIds.has(deploymentId));
  for (const node of mine) {
    if (!inDeployment(node)) {
      if (node.provision_state === 'available') claim(isReported(ending, node), `${node.name} stays reserved, untold`);
      continue;
    }
    const wasThere = call.request?.retry_failed === true && started.length === 0;
    claim(
      wasThere || failure.code === 'outcome_unknown',
      `${node.name} deploys what was asked for, and the call failed`,
    );
    if (failure.code !== 'outcome_unknown') continue;
    claim(
      String(failure.reason).includes(`operation ${node.uuid}, deployment ${node.instance_uuid}`),
      `${node.name} deploys what was asked for, and the answer does not name the operation`,
    );
  }
  const isOver = started.length > 0;
  claim(!(isOver && failure.hint.includes('Nothing was deployed')), 'nothing was deployed, it says, and it was');
  const left = mine.filter((node) => !call.request?.retry_failed || node.provision_state === 'available');
  const changed = left.length > 0 || isOver;
  claim(!(changed && failure.hint.includes('Nothing was changed')), 'nothing was changed, it says, and it was');
  if (failure.retryable && call.request?.idempotency_key === undefined) {
    claim(!changed, 'it is called retryable although something was changed');
  }
}

/** No port that we attached stays where nothing of ours is, and what we deploy has its ports. */
async function judgePorts(played: Played, { own, nodes }: Evidence, claim: Claim): Promise<void> {
  const { ground, call, journal, bystander, ending } = played;
  const ports = call.request?.vifs ?? [];
  if (ports.length === 0) return;
  const attachedBy = ({ changes }: Played['journal']) =>
    changes.flatMap(({ kind, vif }) => (kind === 'attach' ? [vif] : []));
  const shared = bystander.journals.flatMap(attachedBy);
  const exclusive = attachedBy(journal).filter((vif) => !shared.includes(vif));
  for (const node of nodes) {
    const attached = await vifsNow(ground, node.uuid);
    const isOwn = node.instance_uuid !== null && own.deploymentIds.has(node.instance_uuid);
    // After a start without an answer nothing is undone, but the answer names what it leaves.
    const isTold = (vif: string) =>
      'failure' in ending && ending.failure.code === 'outcome_unknown' && wordsOf(ending).includes(vif);
    const left = attached.some((vif) => exclusive.includes(vif) && !isTold(vif));
    // If somebody removes the id of our deployment, its system still runs and needs its port.
    const isTheirs = bystander.stakes.some(({ id }) => id === node.uuid);
    const isOrphan = inDeployment(node) && !isTheirs && startsOf(played).some(({ id }) => id === node.uuid);
    claim(isOwn || isOrphan || !left, `${node.name} is not ours, and a port of ours is attached to it`);
    const isComplete = ports.every((vif) => attached.includes(vif));
    if (isOwn && inDeployment(node)) claim(isComplete, `${node.name} deploys without its port`);
  }
}

interface Start {
  readonly by: 'us' | 'others';
  readonly id: string;
  readonly deploymentId: string;
  readonly configDrive: unknown;
  readonly at: number;
}

/** All deployments that this call and other copies of the program have started. */
function startsOf({ journal, bystander }: Played): readonly Start[] {
  const of = (by: Start['by']) => (each: Played['journal']) =>
    each.changes
      .filter((change) => change.kind === 'start' && target(change) === 'active')
      .map(({ id, before, body, at }) => {
        const { configdrive: configDrive } = body as { configdrive?: unknown };
        return { by, id, deploymentId: String(before.instance_uuid), configDrive, at };
      });
  const all = [...of('us')(journal), ...bystander.journals.flatMap(of('others'))];
  return all.sort((left, right) => left.at - right.at);
}

/** Whether a failure says of a server that it is reserved, or may be. */
function isReported(ending: Ending, { uuid, name, instance_uuid }: Node): boolean {
  const words = wordsOf(ending);
  const tells = words.includes(String(instance_uuid)) || words.includes('reserved for this idempotency key');
  return tells && [uuid, name].some((id) => words.includes(id));
}
