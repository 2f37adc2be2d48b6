import { deadlines } from '../../src/core/async/retry.js';
import { Failure } from '../../src/core/failures.js';
import type { ProvisionRequest, ProvisionResponse } from '../../src/core/requests.js';
import type { FaultKind, Injection } from '../support/faults/fault-table.js';
import type { FaultLab, Node } from './fault-lab.js';

const signal = new AbortController().signal;

/** Longer than any call acts after it has reserved a server. */
const longAfterwards = 300_000;

/** The longest that a call may take: its own time, its last request, and the undo with its last request. */
const longestCall = deadlines.call + 30_000 + deadlines.undo + 30_000;

/** A request in its surroundings. */
export interface Scenario {
  readonly name: string;
  /** How the call ends when nothing goes wrong. */
  readonly outcome: 'deployed' | 'refused';
  /** The faults begin at the first request of this kind; at the first of all if not given. */
  readonly from?: string;
  openLab(): Promise<FaultLab>;
  /** The request that the faults happen to. Every call of it is for the same request. */
  request(lab: FaultLab): Promise<ProvisionRequest>;
}

/** How a call ended. */
export type Outcome = { readonly response: ProvisionResponse } | { readonly failure: Failure };

export async function outcomeOf(promise: Promise<ProvisionResponse>): Promise<Outcome> {
  try {
    return { response: await promise };
  } catch (failure) {
    if (failure instanceof Failure) return { failure };
    throw failure;
  }
}

/** What a case showed: what was wrong with it, and what it left behind. */
export interface Finding {
  readonly violations: readonly string[];
  /** How the call under faults ended: `accepted`, or the code of its failure. */
  readonly ended: string;
  /** How long the call took, in milliseconds. */
  readonly took: number;
  /** How many servers were left reserved without a deployment. */
  readonly left: number;
}

/** The kinds of the requests that a scenario makes when nothing goes wrong, in order. */
export async function cleanRun(
  { openLab, request, outcome }: Scenario,
  always: readonly Injection[] = [],
): Promise<readonly string[]> {
  const lab = await openLab();
  const asked = await request(lab);
  lab.script.play(...always);
  const ended = await outcomeOf(lab.program().provision(asked, signal));
  if ('response' in ended !== (outcome === 'deployed')) throw new Error(`without any fault: ${wordsOf(ended)}`);
  return [...lab.script.log];
}

/** Plays one case: the request under its faults, what arrives late, and what comes after. */
export async function playCase(scenario: Scenario, injections: readonly Injection[]): Promise<Finding> {
  const lab = await scenario.openLab();
  const request = await scenario.request(lab);
  const violations: string[] = [];
  const claim = (truth: boolean, words: string) => {
    if (!truth) violations.push(words);
  };
  const before = await lab.nodes();
  const vifsBefore = await vifsOf(lab, before);
  const startsBefore = lab.starts.length;
  const starts = () => lab.starts.slice(startsBefore);

  lab.script.play(...injections);
  const program = lab.program();
  const begun = lab.now();
  const first = await outcomeOf(program.provision(request, signal));
  const took = lab.now() - begun;
  claim(took <= longestCall, `the answer took ${took / 1000} s`);
  const atAnswer = await lookAt(lab, before, request);
  judgeAnswer(first, atAnswer, request, scenario, injections, claim);
  claim(starts().length <= 1, `${starts().length} deployments were started`);

  await lab.script.deliver('all');
  lab.script.play();
  const later = await lookAt(lab, before, request);
  claim(starts().length <= 1, `${starts().length} deployments were started when all had arrived`);
  claim(later.changed.length <= 1, `${later.changed.length} servers were changed`);
  judgeWords(first, later, starts().length, claim);
  for (const node of later.free) {
    const [now, then] = [await lab.vifs(node.uuid), vifsBefore.get(node.uuid) ?? []];
    // A port that cannot be detached does not keep the server, and the answer names it.
    const isTold = now.every((port) => then.includes(port) || saysOf(first, 'still records Neutron port', port));
    claim(same(now, then) || isTold, `${node.name} is free and has ports attached: ${now.join(', ')}`);
  }

  // Long afterwards a survey finds what was left, and so does a status call with its id.
  lab.pass(longAfterwards);
  const { abandoned } = await lab.program().survey();
  for (const node of later.limbo) {
    claim(isReported(first, node), `${node.name} was left reserved late, and the answer did not warn of it`);
    claim(
      abandoned.some(({ id }) => id === node.uuid),
      `${node.name} was left reserved, and no survey finds it`,
    );
    const status = await lab.program().status({ operation_id: node.uuid, wait_seconds: 0 }, signal);
    claim(
      status.failure?.code === 'never_deployed',
      `${node.name} was left reserved, and its status is ${status.status}`,
    );
  }
  claim(
    abandoned.every(({ id }) => later.limbo.some(({ uuid }) => uuid === id)),
    'a survey finds what nobody has left',
  );

  const second = await outcomeOf(lab.program().provision(request, signal));
  const afterwards = await lookAt(lab, before, request);
  claim(new Set(starts()).size === starts().length, 'one server was given twice');
  if (request.idempotency_key !== undefined && scenario.outcome === 'deployed') {
    claim('response' in second, `a repeated call with its key failed: ${wordsOf(second)}`);
    claim(starts().length === 1, `with its key, ${starts().length} deployments were started in all`);
    claim(afterwards.changed.length === 1, `with its key, ${afterwards.changed.length} servers were changed in all`);
    if ('response' in first && 'response' in second) {
      claim(
        first.response.operation_id === second.response.operation_id,
        'with its key, the second operation is another',
      );
      claim(first.response.deployment_id === second.response.deployment_id, 'with its key, the deployment is another');
    }
  } else if (scenario.outcome === 'deployed') {
    const fresh = later.changed.length === 0 || request.server_id === undefined;
    claim('response' in second === fresh, `a second call ended otherwise than it should: ${wordsOf(second)}`);
  } else {
    claim('failure' in second && starts().length === 0, `what Ironic refuses was started: ${wordsOf(second)}`);
  }
  for (const node of afterwards.deployed) {
    if ('response' in second && second.response.operation_id === node.uuid) continue;
    claim(
      later.deployed.some(({ uuid }) => uuid === node.uuid),
      `${node.name} was deployed, and nobody was told`,
    );
  }

  // An operator can release what is left, as the check says, and use it again.
  for (const node of afterwards.limbo) {
    await lab.removePorts?.(node);
    await lab.patch(node.uuid, { op: 'remove', path: '/instance_uuid' });
    if (scenario.outcome === 'refused') continue;
    const { idempotency_key: _, ...anew } = request;
    const third = await outcomeOf(lab.program().provision({ ...anew, server_id: node.uuid }, signal));
    claim('response' in third, `what was released by hand cannot be deployed: ${wordsOf(third)}`);
  }
  return {
    violations,
    took,
    ended: 'response' in first ? first.response.status : first.failure.code,
    left: later.limbo.length,
  };
}

/** What has become of the servers. */
interface Look {
  /** Those that are not as they were. */
  readonly changed: readonly Node[];
  /** Of those, the ones that are reserved and in no deployment. */
  readonly limbo: readonly Node[];
  /** And those in a deployment. */
  readonly deployed: readonly Node[];
  /** Those that can be deployed by anybody. */
  readonly free: readonly Node[];
  /** Deployed servers whose image or config drive is not the request's. */
  readonly mixed: readonly Node[];
  /** Servers that were somebody else's, and are not as they were. */
  readonly robbed: readonly Node[];
}

async function lookAt(lab: FaultLab, before: readonly Node[], request: ProvisionRequest): Promise<Look> {
  const nodes = await lab.nodes();
  const was = new Map(before.map((node) => [node.uuid, node]));
  const changed = nodes.filter((node) => {
    const then = was.get(node.uuid);
    return then?.instance_uuid !== node.instance_uuid || then.provision_state !== node.provision_state;
  });
  const limbo = changed.filter(({ provision_state }) => provision_state === 'available');
  const deployed = changed.filter(({ provision_state }) => provision_state !== 'available');
  const mixed: Node[] = [];
  for (const node of deployed) {
    const right = node.instance_info.image_source === lab.sourceOf(request.image_id);
    if (!right || !(await lab.configDrive(node.uuid)).includes(String(request.hostname))) mixed.push(node);
  }
  const free = nodes.filter((node) => node.provision_state === 'available' && node.instance_uuid === null);
  const robbed = changed.filter(({ uuid, instance_uuid }) => {
    const owner = was.get(uuid)?.instance_uuid ?? null;
    return owner !== null && !(request.retry_failed && owner === instance_uuid);
  });
  return { changed, limbo, deployed, free, mixed, robbed };
}

type Claim = (truth: boolean, words: string) => void;

/** Whether an answer is true at the moment when it is given. */
function judgeAnswer(
  outcome: Outcome,
  { changed, limbo, deployed, mixed, robbed }: Look,
  request: ProvisionRequest,
  scenario: Scenario,
  injections: readonly Injection[],
  claim: Claim,
): void {
  claim(robbed.length === 0, `servers of others were touched: ${robbed.map(({ name }) => name).join(', ')}`);
  claim(mixed.length === 0, `${mixed.map(({ name }) => name).join(', ')} deploys something else than was asked for`);
  claim(changed.length <= 1, `${changed.length} servers were changed`);
  if ('response' in outcome) {
    const { operation_id, deployment_id, status } = outcome.response;
    const [node] = deployed;
    claim(scenario.outcome === 'deployed', `what Ironic refuses is ${status}`);
    claim(node?.uuid === operation_id, `it is ${status} on a server that is not being deployed`);
    claim(node?.instance_uuid === deployment_id, `it is ${status} as another deployment`);
    return;
  }
  const { failure } = outcome;
  for (const node of limbo)
    claim(isReported(outcome, node), `${node.name} stays reserved, and the answer does not say so`);
  for (const node of deployed) {
    claim(failure.code === 'outcome_unknown', `${node.name} is being deployed, and the answer is ${wordsOf(outcome)}`);
    claim(
      String(failure.reason).includes(`operation ${node.uuid}, deployment ${node.instance_uuid}`),
      `${node.name} is being deployed, and the answer does not name the operation`,
    );
  }
  if (failure.retryable && request.idempotency_key === undefined) {
    claim(changed.length === 0, `${wordsOf(outcome)} is called retryable although something was changed`);
  }
  const expected = codesFor(
    injections.map(({ fault }) => fault),
    scenario,
    request,
  );
  claim(expected.includes(failure.code), `${wordsOf(outcome)} is no true answer`);
}

/** The codes of failures that tell the truth about a fault. */
function codesFor(faults: readonly FaultKind[], scenario: Scenario, request: ProvisionRequest): readonly string[] {
  const busy = faults.some(({ reply }) => typeof reply === 'object' && (reply.status === 409 || reply.status === 503));
  return [
    'ironic_unavailable',
    'outcome_unknown',
    ...(busy ? ['server_not_available', 'no_available_servers'] : []),
    // In Neutron a conflict is a refusal.
    ...(busy && request.networks ? ['deploy_refused'] : []),
    ...(scenario.outcome === 'refused' ? ['deploy_refused'] : []),
  ];
}

/** Whether an answer about its effects stays true after every request has arrived. */
function judgeWords(outcome: Outcome, { changed, mixed, robbed }: Look, starts: number, claim: Claim): void {
  claim(robbed.length === 0, `servers of others were touched late: ${robbed.map(({ name }) => name).join(', ')}`);
  claim(mixed.length === 0, `${mixed.map(({ name }) => name).join(', ')} deploys something else by what arrived late`);
  if ('response' in outcome) {
    claim(starts === 1, `it is ${outcome.response.status}, and ${starts} deployments were started`);
    return;
  }
  const { hint } = outcome.failure;
  if (hint.includes('Nothing was changed')) claim(changed.length === 0, 'nothing was changed, it says, and it was');
  if (hint.includes('Nothing was deployed')) claim(starts === 0, 'nothing was deployed, it says, and it was');
}

/** Whether a failure says of a server that it is reserved, or may be. That it names a server that was asked for is not enough. */
function isReported(outcome: Outcome, { uuid, name, instance_uuid }: Node): boolean {
  if (!('failure' in outcome)) return false;
  const reason = String(outcome.failure.reason);
  const tells = reason.includes(String(instance_uuid)) || reason.includes('reserved for this idempotency key');
  return tells && [uuid, name].some((id) => reason.includes(id));
}

/** Whether a failure says all of these words. */
export function saysOf(outcome: Outcome, ...words: readonly string[]): boolean {
  return 'failure' in outcome && words.every((each) => outcome.failure.reason?.includes(each));
}

export function wordsOf(outcome: Outcome): string {
  if ('response' in outcome) return `${outcome.response.status}: ${outcome.response.message}`;
  const { code, reason, hint } = outcome.failure;
  return `${code}: ${reason} (${hint})`;
}

async function vifsOf(lab: FaultLab, nodes: readonly Node[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const entries: [string, readonly string[]][] = [];
  for (const { uuid } of nodes) entries.push([uuid, await lab.vifs(uuid)]);
  return new Map(entries);
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join() === [...right].sort().join();
}
