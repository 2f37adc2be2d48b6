import { afterAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import type { ProvisionRequest } from '../../src/core/requests.js';
import { seededRandom } from '../core/setup.js';
import type { Injection } from '../support/faults/fault-table.js';
import { chosen, runs } from '../support/length.js';
import { createFaultCloud } from './fault-cloud.js';
import type { NeutronLab, Node, TenantPort } from './fault-lab.js';
import { cleanRun, type Outcome, outcomeOf, type Scenario, saysOf, wordsOf } from './fault-matrix.js';
import { casesOf, requestFor, wordsOfCase } from './fault-requests.js';

const signal = new AbortController().signal;
const networks = [{ network: 'tenant-a' }];

interface NeutronScenario extends Omit<Scenario, 'openLab'> {
  openLab(): Promise<NeutronLab>;
  /** What goes wrong in every case, so that the attempt is undone. */
  readonly always: readonly Injection[];
}

/** What Ironic says to every request of a kind. */
function saying(kind: string, status: number, faultstring: string): Injection {
  const body = { error_message: JSON.stringify({ faultcode: 'Server', faultstring }) };
  const fault = { name: faultstring, delivery: 'never' as const, reply: { status, body } };
  return { kind, nth: 1, fault, extent: 'with all of its kind' };
}

const flat = {
  outcome: 'deployed' as const,
  openLab: () => createFaultCloud({ networkInterface: 'flat' }),
  always: [],
};
const scenarios: readonly NeutronScenario[] = [false, true].flatMap((keyed) => {
  const words = keyed ? 'with a key' : 'without a key';
  const request: NeutronScenario['request'] = async (lab) => ({ ...(await requestFor(lab, 'by id', keyed)), networks });
  return [
    { ...flat, name: `with a network, ${words}`, from: 'networks', request },
    {
      ...flat,
      outcome: 'refused',
      name: `with a network and a start that is refused, ${words}`,
      from: 'start',
      always: [saying('start', 400, 'Failed to validate deploy or power info')],
      request,
    },
  ];
});

/** What a case showed. */
interface Finding {
  readonly violations: readonly string[];
  /** How many ports of no use there were when the call had ended. */
  readonly leftover: number;
  /** How many servers were left reserved. */
  readonly kept: number;
}

/** Plays one case: the request under its faults, what arrives late, the request once more, and the undeployment. */
async function playCase(scenario: NeutronScenario, injection: Injection): Promise<Finding> {
  const lab = await scenario.openLab();
  const request = await scenario.request(lab);
  const violations: string[] = [];
  const claim = (truth: boolean, words: string) => {
    if (!truth) violations.push(words);
  };
  const foreign = lab.tenantPorts();
  const before = new Set((await lab.nodes()).map((node) => `${node.uuid} ${node.provision_state}`));

  lab.script.play(...scenario.always, injection);
  const first = await outcomeOf(lab.program().provision(request, signal));
  if ('response' in first) {
    const attached = await attachedTo(lab, first.response.operation_id);
    claim(attached.length === 1, `it is ${first.response.status}, and ${attached.length} ports of ours are attached`);
  }
  await lab.script.deliver('all');
  lab.script.play();
  const useless = await uselessPorts(lab);
  if (useless.length > 0)
    claim(tellsOfPorts(first), `port ${useless[0]?.id} is left, and the answer is ${wordsOf(first)}`);
  const kept = (await lab.nodes()).filter(isKept);
  for (const { name, instance_uuid: id } of kept) {
    const isTold = [String(id), 'reserved for this idempotency key'].some((words) => saysOf(first, name, words));
    claim(isTold, `${name} is kept: ${wordsOf(first)}`);
  }
  for (const node of await lab.nodes()) {
    if (node.instance_uuid !== null || node.provision_state !== 'available') continue;
    const recorded = await lab.vifs(node.uuid);
    const isReported = saysOf(first, 'still records Neutron port', ...recorded);
    claim(recorded.length === 0 || isReported, `${node.name} is free, and ${recorded.join(', ')} is recorded at it`);
  }

  // The same call again: with its key it goes on from there.
  const second = await outcomeOf(lab.program().provision(request, signal));
  if (request.idempotency_key !== undefined && kept.length + deployedBy(first) > 0)
    claim('response' in second, `repeated, it failed: ${wordsOf(second)}`);
  const deployed = (await lab.nodes()).filter(
    (node) => node.provision_state !== 'available' && !before.has(`${node.uuid} ${node.provision_state}`),
  );
  claim(deployed.length <= 1, `${deployed.length} servers are deployed`);
  for (const { uuid, name } of deployed) {
    const attached = await attachedTo(lab, uuid);
    claim(attached.length === 1, `${name} is deployed with ${attached.length} ports of ours`);
  }

  lab.pass(600_000);
  for (const { uuid, name, instance_uuid } of deployed) {
    await undeploy(lab, uuid, name, String(instance_uuid));
    const left = lab.tenantPorts().filter(({ deploymentId }) => deploymentId === instance_uuid);
    claim(left.length === 0, `${left.length} ports of ${name} are left after its undeployment`);
  }
  for (const { id, revision } of foreign) {
    const now = lab.tenantPorts().find((port) => port.id === id);
    claim(now?.revision === revision, `port ${id} of somebody else was touched`);
  }
  return { violations, leftover: useless.length, kept: kept.length };
}

async function undeploy(lab: NeutronLab, id: string, name: string, deploymentId: string): Promise<void> {
  const request = { operation_id: id, confirm_server_name: name, deployment_id: deploymentId };
  await lab
    .program()
    .deprovision(request, signal)
    .catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
    });
}

/** The ports of ours that are attached to a server. */
async function attachedTo(lab: NeutronLab, serverId: string): Promise<readonly TenantPort[]> {
  const recorded = await lab.vifs(serverId);
  return lab.tenantPorts().filter(({ id, isOwn }) => isOwn && recorded.includes(id));
}

const foreignDeployment = '0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d';

/** Whether a server is reserved by a call of ours, and not deployed. */
function isKept({ instance_uuid: id, provision_state: state }: Node): boolean {
  return state === 'available' && id !== null && id !== foreignDeployment;
}

/** Whether an answer says that ports may be left, or is about a deployment that takes them along at its end. */
function tellsOfPorts(outcome: Outcome): boolean {
  if ('response' in outcome) return true;
  const told = /is left|may be left|may still arrive|ports stay|reserved for this idempotency key|outcome is unknown/;
  return told.test(String(outcome.failure.reason)) || outcome.failure.code === 'outcome_unknown';
}

function deployedBy(outcome: Outcome): number {
  return 'response' in outcome ? 1 : 0;
}

/** Ports of ours that no server has. */
async function uselessPorts(lab: NeutronLab): Promise<readonly TenantPort[]> {
  const recorded: string[] = [];
  for (const { uuid } of await lab.nodes()) recorded.push(...(await lab.vifs(uuid)));
  return lab.tenantPorts().filter(({ id, isOwn }) => isOwn && !recorded.includes(id));
}

describe('whatever goes wrong with one request of a deployment with a network of Neutron', () => {
  const total = { cases: 0, violations: 0, leftover: 0, kept: 0 };
  afterAll(() => {
    process.stderr.write(
      `Fault matrix with Neutron on the simulator: ${total.cases} cases, ${total.violations} violations; ` +
        `after ${total.leftover} of the calls a port of no use was left in Neutron, and after ${total.kept} the server ` +
        'was left reserved, each told in the answer or deleted with the deployment\n',
    );
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s: each entry has one port, nothing of others is touched, and the undeployment leaves none',
    async (_, scenario) => {
      const wrong: string[] = [];
      for (const injection of chosen(casesOf(await cleanRun(scenario, scenario.always), scenario.from))) {
        const { violations, leftover, kept } = await playCase(scenario, injection);
        wrong.push(...violations.map((words) => `${wordsOfCase(injection)}: ${words}`));
        total.cases += 1;
        total.leftover += Math.min(1, leftover);
        total.kept += kept;
      }
      total.violations += wrong.length;
      expect(wrong).toEqual([]);
    },
    600_000,
  );

  test('two calls with one key at the same time end with one deployment and one port, in whatever order they are served', async () => {
    const wrong: string[] = [];
    for (let seed = 1; seed <= runs({ variable: 'INTERLEAVINGS', few: 25, many: 500 }); seed += 1) {
      const random = seededRandom(seed);
      const turn = async () => {
        for (let pause = Math.floor(random() * 12); pause > 0; pause -= 1) await new Promise(setImmediate);
      };
      const lab = await createFaultCloud({ networkInterface: 'flat', turn });
      const request: ProvisionRequest = { ...(await requestFor(lab, 'by id', true)), networks };
      const calls = [lab.program(), lab.program()].map((program) => outcomeOf(program.provision(request, signal)));
      const outcomes = await Promise.all(calls);
      const again = await outcomeOf(lab.program().provision(request, signal));
      const attached = 'response' in again ? await attachedTo(lab, again.response.operation_id) : [];
      const recorded = (await Promise.all((await lab.nodes()).map(({ uuid }) => lab.vifs(uuid)))).flat();
      const useless = await uselessPorts(lab);
      if (attached.length === 1 && recorded.length === 1 && useless.length === 0 && lab.starts.length === 1) continue;
      const counts = `${attached.length} attached, ${recorded.length} recorded, ${useless.length} useless`;
      wrong.push(`seed ${seed}: ${counts}; ${[...outcomes, again].map(wordsOf).join(' | ')}`);
    }
    expect(wrong).toEqual([]);
  }, 600_000);
});
