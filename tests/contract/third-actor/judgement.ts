import { createProgram } from './actor-lab.js';
import { judgeDeprovision } from './deprovision-judgement.js';
import type { Claim, Evidence } from './evidence.js';
import { createJournal, nodeNow, nodesNow } from './journal.js';
import { isTheirDrive } from './node-doings.js';
import { type Ending, endingOf, type Played, wordsOf } from './play.js';
import { judgeProvision } from './provision-judgement.js';
import { inDeployment, isUnconditional, ownOf, type Trespass, trespassesOf } from './trespasses.js';

const { signal } = new AbortController();

/** Longer than any call acts after it has reserved a server. */
const longAfterwards = 900_000;

/** Judges a case: what the call did, what it answered, and what is known of it afterwards. */
export async function judge(played: Played): Promise<{ violations: readonly string[]; lastLook: boolean }> {
  const { ground, call, journal, ending } = played;
  const violations: string[] = [];
  const claim: Claim = (truth, words) => {
    if (!truth) violations.push(words);
  };
  const own = ownOf(journal, call, played.before);
  const [unpreventable, trespasses] = parted(trespassesOf(journal, call, own), played);
  for (const { words } of trespasses) claim(false, words);
  const lastLook = unpreventable.length > 0;
  const evidence: Evidence = {
    own,
    nodes: await nodesNow(ground, `resource_class=${ground.resourceClass}`),
    lastLook,
    lookedAfterwards: journal.requests.some(
      ({ kind }, index) => index + 1 >= (played.actedBefore ?? Number.POSITIVE_INFINITY) && looks.has(kind),
    ),
  };
  if (!lastLook) await judgeStakes(played, claim);
  const onDeployed = unpreventable.some(isUnconditional);
  const isUnknown = 'failure' in ending && ending.failure.code === 'outcome_unknown';
  const isLeft = onDeployed && (isUnknown || call.request?.idempotency_key !== undefined);
  if (onDeployed) await judgeByHand(played, isLeft, claim);
  if (call.request) await judgeProvision(played, { ...evidence, isLeft }, claim);
  else judgeDeprovision(played, evidence, claim);

  await call.after?.();
  ground.skew = 0;
  await judgeStatus(played, claim);
  ground.pass(longAfterwards);
  await judgeSurvey(played, evidence, claim);
  if (call.request) await judgeRepetition(played, evidence, claim);
  return { violations: violations.map((words) => `${words} [${wordsOf(ending)}]`), lastLook };
}

const looks = new Set(['server', 'server by deployment', 'change of the server']);

/**
 * Ironic takes no condition with a start, an undeployment, an attachment or a detachment, so another actor can come
 * right before one. A reservation fails only if there is another deployment id. So we may reserve a server that
 * somebody has deployed by hand, and then release it. With a key we leave it alone, because another call with that key
 * may have deployed it. After a lost answer we leave it alone as well: the outcome is unknown, and the answer names the
 * server. None of this can be prevented.
 */
function parted(
  all: readonly Trespass[],
  { actedBefore }: Played,
): readonly [readonly Trespass[], readonly Trespass[]] {
  const isLast = (trespass: Trespass) =>
    (trespass.change.nth === actedBefore && trespass.change.kind !== 'change of the server') ||
    isUnconditional(trespass);
  return [all.filter(isLast), all.filter((each) => !isLast(each))];
}

/** What belongs to somebody else is as they left it. */
async function judgeStakes({ ground, bystander }: Played, claim: Claim): Promise<void> {
  for (const { id, deploymentId, state } of bystander.stakes) {
    const node = await nodeNow(ground, id);
    const whose = `what another tenant has ${state}`;
    claim(node !== null && node.instance_uuid === deploymentId, `${whose} has lost its id`);
    if (!node) continue;
    const { image_source: source } = ground.describe(ground.images.theirs);
    claim(node.instance_info.image_source === source, `${whose} is described otherwise`);
    claim(inDeployment(node) === (state === 'deployed'), `${whose} is ${node.provision_state}`);
    if (state === 'deployed') claim(isTheirDrive(await ground.configDrive(id)), `${whose} has another config drive`);
  }
}

/** A deployment by hand still runs, and has no id of ours unless we left it alone. */
async function judgeByHand({ ground, bystander }: Played, isLeft: boolean, claim: Claim): Promise<void> {
  for (const { id } of bystander.stakes) {
    const node = await nodeNow(ground, id);
    claim(isLeft || node?.instance_uuid === null, 'what another tenant has deployed by hand carries an id of ours');
    claim(node?.provision_state === 'active', `what another tenant has deployed by hand is ${node?.provision_state}`);
  }
}

/** A status call for the answered deployment returns its status, or says that the server carries another one. */
async function judgeStatus({ ground, ending }: Played, claim: Claim): Promise<void> {
  const named = 'response' in ending ? ending.response : ending.failure.deployment;
  if (!named) return;
  const operationId = 'operation_id' in named ? named.operation_id : named.operationId;
  const deploymentId = 'deployment_id' in named ? named.deployment_id : named.deploymentId;
  if (deploymentId === null) return;
  const node = await nodeNow(ground, operationId);
  const status = await createProgram(ground, ground.send, 9)
    .status({ operation_id: operationId, deployment_id: deploymentId, wait_seconds: 0 }, signal)
    .then(
      (response) => ({ response }) as const,
      (failure) => ({ failure }) as const,
    );
  const isThere = node?.instance_uuid === deploymentId && (inDeployment(node) || node.provision_state === 'available');
  if ('response' in status) {
    claim(isThere, `the status is ${status.response.status}, and the deployment is not there`);
    return;
  }
  claim(!isThere, `the deployment is there, and there is no status: ${wordsOf(status as Ending)}`);
  const carriesAnother = node !== null && node.provision_state !== 'error' && inDeployment(node);
  if (!carriesAnother) return;
  claim(
    String(status.failure.reason).includes('carries another deployment'),
    `the status does not say that the server carries another deployment: ${wordsOf(status as Ending)}`,
  );
}

/** Nothing of ours is left reserved that no survey finds. */
async function judgeSurvey({ ground, call }: Played, { own }: Evidence, claim: Claim): Promise<void> {
  if (call.meant?.isLive) return;
  const { abandoned } = await createProgram(ground, ground.send, 10).survey();
  for (const id of own.deploymentIds) {
    const [node] = await nodesNow(ground, `instance_uuid=${id}`);
    if (node?.provision_state !== 'available') continue;
    claim(
      abandoned.some((server) => server.id === node.uuid),
      `${node.name} was left reserved, and no survey finds it`,
    );
  }
}

/** The same call made again does no harm either, and with a key it finds what is there. */
async function judgeRepetition({ ground, call, way }: Played, { own, nodes }: Evidence, claim: Claim): Promise<void> {
  const standing = nodes.find(({ instance_uuid: id }) => id !== null && own.deploymentIds.has(id));
  const journal = createJournal(ground);
  const again = createProgram(
    ground,
    (request) => {
      journal.note(request);
      return journal.fetch(request);
    },
    11,
    way.foreign,
  );
  const ending = await endingOf(call.run(again));
  const ownThen = ownOf(journal, call, standing ?? null);
  for (const { words } of trespassesOf(journal, call, ownThen)) claim(false, `made again, ${words}`);
  if (call.request?.idempotency_key === undefined) return;
  claim(
    !('failure' in ending && ending.failure.code === 'idempotency_conflict'),
    `made again, it is called another request: ${wordsOf(ending)}`,
  );
  if (standing && inDeployment(standing) && 'response' in ending) {
    claim(ending.response.operation_id === standing.uuid, 'made again, it is another operation');
  }
}
