import { afterAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import type { ProvisionRequest } from '../../src/core/requests.js';
import type { Injection } from '../support/faults/fault-table.js';
import { chosen } from '../support/length.js';
import { createFaultCloud } from './fault-cloud.js';
import type { NeutronLab, TenantPort } from './fault-lab.js';
import { cleanRun, outcomeOf, type Scenario, wordsOf } from './fault-matrix.js';
import { casesOf, requestFor, wordsOfCase } from './fault-requests.js';

const signal = new AbortController().signal;
const networks = [{ network: 'tenant-a' }];

interface NeutronScenario extends Omit<Scenario, 'openLab'> {
  openLab(): Promise<NeutronLab>;
}

const scenarios: readonly NeutronScenario[] = [false, true].map((keyed) => ({
  name: `with a network, ${keyed ? 'with' : 'without'} a key`,
  outcome: 'deployed' as const,
  from: 'networks',
  openLab: () => createFaultCloud({ networkInterface: 'flat' }),
  request: async (lab) => ({ ...(await requestFor(lab, 'by id', keyed)), networks }),
}));

/** What a case showed. */
interface Finding {
  readonly violations: readonly string[];
  /** How many ports of no use there were when the call had ended. */
  readonly leftover: number;
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

  lab.script.play(injection);
  const first = await outcomeOf(lab.program().provision(request, signal));
  if ('response' in first) {
    const attached = await attachedTo(lab, first.response.operation_id);
    claim(attached.length === 1, `it is ${first.response.status}, and ${attached.length} ports of ours are attached`);
  }
  await lab.script.deliver('all');
  lab.script.play();
  const leftover = (await uselessPorts(lab)).length;
  for (const node of await lab.nodes()) {
    if (node.instance_uuid !== null || node.provision_state !== 'available') continue;
    const recorded = await lab.vifs(node.uuid);
    const isReported = 'failure' in first && String(first.failure.reason).includes('still records Neutron port');
    claim(recorded.length === 0 || isReported, `${node.name} is free, and ${recorded.join(', ')} is recorded at it`);
  }

  // The same call again: with its key it goes on from there.
  const second = await outcomeOf(lab.program().provision(request, signal));
  if (request.idempotency_key !== undefined) claim('response' in second, `repeated, it failed: ${wordsOf(second)}`);
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
  return { violations, leftover };
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

/** Ports of ours that no server has. */
async function uselessPorts(lab: NeutronLab): Promise<readonly TenantPort[]> {
  const recorded: string[] = [];
  for (const { uuid } of await lab.nodes()) recorded.push(...(await lab.vifs(uuid)));
  return lab.tenantPorts().filter(({ id, isOwn }) => isOwn && !recorded.includes(id));
}

describe('whatever goes wrong with one request of a deployment with a network of Neutron', () => {
  const total = { cases: 0, violations: 0, leftover: 0 };
  afterAll(() => {
    process.stderr.write(
      `Fault matrix with Neutron on the simulator: ${total.cases} cases, ${total.violations} violations; ` +
        `after ${total.leftover} of the calls a port of no use was left in Neutron\n`,
    );
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s: each entry has one port, nothing of others is touched, and the undeployment leaves none',
    async (_, scenario) => {
      const wrong: string[] = [];
      for (const injection of chosen(casesOf(await cleanRun(scenario), scenario.from))) {
        const { violations, leftover } = await playCase(scenario, injection);
        wrong.push(...violations.map((words) => `${wordsOfCase(injection)}: ${words}`));
        total.cases += 1;
        total.leftover += Math.min(1, leftover);
      }
      total.violations += wrong.length;
      expect(wrong).toEqual([]);
    },
    600_000,
  );

  test('two calls with one key at the same time end with one deployment and one port', async () => {
    const lab = await createFaultCloud({ networkInterface: 'flat' });
    const request: ProvisionRequest = { ...(await requestFor(lab, 'by id', true)), networks };
    const calls = [lab.program(), lab.program()].map((program) => outcomeOf(program.provision(request, signal)));
    const outcomes = await Promise.all(calls);
    expect(outcomes.filter((outcome) => 'response' in outcome)).not.toEqual([]);
    const again = await lab.program().provision(request, signal);
    expect(await attachedTo(lab, again.operation_id)).toHaveLength(1);
    expect(await uselessPorts(lab)).toEqual([]);
    expect(lab.starts).toHaveLength(1);
  });
});
