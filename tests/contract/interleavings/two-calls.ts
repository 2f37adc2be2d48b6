import type { ProvisionRequest } from '../../../src/core/requests.js';
import { createActorCloud } from '../third-actor/actor-cloud.js';
import { type ActorGround, createProgram, type Node } from '../third-actor/actor-lab.js';
import { type Change, createJournal, type Journal, nodesNow } from '../third-actor/journal.js';
import { type Ending, endingOf, wordsOf } from '../third-actor/play.js';
import { inDeployment, target } from '../third-actor/trespasses.js';
import { requestFor } from '../third-actor/ways.js';
import type { Choose } from './choices.js';
import { createCrossroads } from './crossroads.js';

const { signal } = new AbortController();

/** Two calls with one key at the same time. */
export interface Scenario {
  readonly name: string;
  readonly aim: 'by id' | 'by class';
  /** What the choices of each call depend on. */
  readonly seeds: readonly [number, number];
  /** The second call asks for another image and another host name. */
  readonly differ?: true;
  /** One change, or its answer, is lost or late. */
  readonly mayFail: boolean;
}

/**
 * Plays both calls in one order of their requests, and a third one afterwards. Answers what was wrong; undefined if another
 * order shows the same.
 */
export async function playTwoCalls(scenario: Scenario, choose: Choose): Promise<readonly string[] | undefined> {
  const ground = createActorCloud();
  const request = await requestFor(ground, scenario.aim, { idempotency_key: 'one', hostname: 'host-a' });
  const other = scenario.differ ? { ...request, image_id: ground.images.theirs, hostname: 'host-b' } : request;
  const requests = [request, other];
  const crossroads = createCrossroads(choose, scenario.mayFail);
  const journals = requests.map(() => noted(ground));
  const calls = journals.map(({ journal, note }, index) => {
    const way = crossroads.wayOf('AB'.charAt(index), journal.fetch);
    const program = createProgram(ground, note(way), scenario.seeds[index] ?? 0);
    return endingOf(program.provision(requests[index] ?? request, signal));
  });
  if (!(await crossroads.run(calls))) return undefined;
  const endings = await Promise.all(calls);

  const violations: string[] = [];
  const claim = (truth: boolean, words: string) => {
    if (!truth) violations.push(words);
  };
  const { isDisturbed, course } = crossroads;
  await judge({ ground, requests, endings, journals: journals.map(({ journal }) => journal), isDisturbed }, claim);
  return violations.map((words) => `${words}; ${endings.map(wordsOf).join('; ')}; ${course.join(', ')}`);
}

interface Evidence {
  readonly ground: ActorGround;
  readonly requests: readonly ProvisionRequest[];
  readonly endings: readonly Ending[];
  readonly journals: readonly Journal[];
  readonly isDisturbed: boolean;
}

type Claim = (truth: boolean, words: string) => void;

async function judge(evidence: Evidence, claim: Claim): Promise<void> {
  const { ground, requests, endings, journals } = evidence;
  const taken = await takenNodes(ground);
  const starts = journals.flatMap(startsIn).sort((left, right) => left.at - right.at);
  claim(starts.length <= 1, `${starts.length} deployments were started`);
  claim(taken.length <= 1, `${taken.length} servers were taken`);
  for (const release of journals.flatMap(releasesIn)) {
    claim(!inDeployment(release.before), `the id was taken off what was ${release.before.provision_state}`);
  }
  for (const [index, ending] of endings.entries()) judgeEnding(ending, index, evidence, taken, claim);

  const { journal, note } = noted(ground);
  const again = await endingOf(createProgram(ground, note(journal.fetch), 5).provision(requests[0] as never, signal));
  const [node, ...others] = await takenNodes(ground);
  claim(
    others.length === 0 && node !== undefined,
    `${others.length + 1} servers are taken when the call is made again`,
  );
  claim(starts.length + startsIn(journal).length === 1, 'made again, it is not one deployment');
  const isConflict = 'failure' in again && again.failure.code === 'idempotency_conflict';
  if (isConflict && requests[0] !== requests[1]) return;
  claim('response' in again && again.response.operation_id === node?.uuid, `made again, ${wordsOf(again)}`);
}

/** Whether what a call answered is true. */
function judgeEnding(
  ending: Ending,
  index: number,
  { ground, requests, endings, journals, isDisturbed }: Evidence,
  [node]: readonly Node[],
  claim: Claim,
): void {
  const request = requests[index];
  const call = 'AB'.charAt(index);
  const [start] = journals.flatMap(startsIn);
  const isDeployed = node !== undefined && inDeployment(node);
  if ('response' in ending) {
    const { operation_id, deployment_id, status } = ending.response;
    claim(isDeployed && node.uuid === operation_id, `${call} is ${status}, and that server is not being deployed`);
    claim(node?.instance_uuid === deployment_id, `${call} is ${status}, and the deployment is another`);
    const { image_source: source } = ground.describe(String(request?.image_id));
    claim(node?.instance_info.image_source === source, `${call} is ${status}, and the image is another`);
    const isItsDrive = JSON.stringify(start?.body).includes(String(request?.hostname));
    const isWarned = endings.some((each) => 'failure' in each && wordsOf(each).includes('of one of the two requests'));
    claim(isItsDrive || (isWarned && status !== 'accepted'), `${call} is ${status}, and the config drive is another`);
    return;
  }
  const { failure } = ending;
  const differ = requests[0] !== requests[1];
  const expected = [
    ...(differ ? ['idempotency_conflict'] : []),
    ...(isDisturbed ? ['outcome_unknown', 'ironic_unavailable'] : []),
  ];
  claim(expected.includes(failure.code), `${call} failed`);
  if (!isDeployed || failure.code === 'idempotency_conflict') return;
  claim(failure.code === 'outcome_unknown', `${call} failed, and what it asked for is being deployed`);
  claim(
    !failure.hint.includes('Nothing was deployed') || start !== undefined,
    `${call} says that nothing was deployed`,
  );
}

/** One program's way to Ironic, which counts its requests. */
function noted(ground: ActorGround) {
  const journal = createJournal(ground);
  return {
    journal,
    note: (fetch: Journal['fetch']) => (request: Request) => {
      journal.note(request);
      return fetch(request);
    },
  };
}

/** The nodes that the calls have reserved or deployed. */
async function takenNodes(ground: ActorGround): Promise<readonly Node[]> {
  const nodes = await nodesNow(ground, `resource_class=${ground.resourceClass}`);
  return nodes.filter(({ instance_info: info }) => 'ironic_mcp' in info);
}

function startsIn({ changes }: Journal): readonly Change[] {
  return changes.filter((change) => change.kind === 'start' && target(change) === 'active');
}

function releasesIn({ changes }: Journal): readonly Change[] {
  return changes.filter(
    ({ body }) => Array.isArray(body) && body.some(({ op, path }) => op === 'remove' && path === '/instance_uuid'),
  );
}
