import { afterAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src/core/failures.js';
import type { ProvisionRequest } from '../../src/core/requests.js';
import type { Injection } from '../support/faults/fault-table.js';
import { chosen } from '../support/length.js';
import { createFaultCloud } from './fault-cloud.js';
import type { FaultLab } from './fault-lab.js';
import { cleanRun, playCase, type Scenario } from './fault-matrix.js';
import { casesOf, ordinaryScenarios, requestFor, twofold, wordsOfCase } from './fault-requests.js';
import { lateCases, playLate } from './late-arrivals.js';

const vifs = ['0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d', '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d'];

const flat = () => createFaultCloud({ networkInterface: 'flat' });

/** A server whose deployment has failed, and the request that deploys it again in place. */
async function failed(lab: FaultLab): Promise<ProvisionRequest> {
  const request = { ...(await requestFor(lab, 'by id')), retry_failed: true };
  await lab.patch(String(request.server_id), { op: 'add', path: '/extra/sim', value: { fail: 'write_image' } });
  await lab.program().provision(request, new AbortController().signal);
  lab.pass(600_000);
  await lab.patch(String(request.server_id), { op: 'remove', path: '/extra/sim' });
  return request;
}

const ordinary = ordinaryScenarios(() => createFaultCloud());

const scenarios: readonly Scenario[] = [
  ...ordinary,
  {
    name: 'with a Neutron port',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await requestFor(lab, 'by id')), vifs: vifs.slice(0, 1) }),
  },
  {
    name: 'refused, for the server has one network card and the request two ports',
    outcome: 'refused',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await requestFor(lab, 'by id')), vifs }),
  },
  {
    name: 'with a network of Neutron',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await requestFor(lab, 'by id')), networks: [{ network: 'tenant-a' }] }),
  },
  {
    name: 'with a network of Neutron and a key',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await requestFor(lab, 'by id', true)), networks: [{ network: 'tenant-a' }] }),
  },
  {
    name: 'again in place',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: () => createFaultCloud(),
    request: failed,
  },
];

describe('when something goes wrong with a request of a deployment', () => {
  const total = { cases: 0, violations: 0, left: 0 };
  afterAll(() => {
    process.stderr.write(
      `Fault matrix on the simulator: ${total.cases} cases, ${total.violations} violations; ` +
        `${total.left} servers were left reserved, each reported and found by a survey\n`,
    );
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s: the answer is true, and no change is lost or made twice',
    async (_, scenario) => {
      const cases = chosen(casesOf(await cleanRun(scenario), scenario.from));
      expect(
        await wrongIn(
          scenario,
          cases.map((injection) => [injection]),
        ),
      ).toEqual([]);
    },
    600_000,
  );

  test.each(ordinary.map((scenario) => [scenario.name, scenario] as const))(
    '%s: the same is true when two things go wrong in a row',
    async (_, scenario) => {
      expect(await wrongIn(scenario, chosen(twofold))).toEqual([]);
    },
    600_000,
  );

  async function wrongIn(scenario: Scenario, cases: readonly (readonly Injection[])[]): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const injections of cases) {
      const { violations, left } = await playCase(scenario, injections);
      wrong.push(...violations.map((words) => `${injections.map(wordsOfCase).join('; ')}: ${words}`));
      total.cases += 1;
      total.left += left;
    }
    total.violations += wrong.length;
    return wrong;
  }
});

describe('when something goes wrong with a request for a status', () => {
  test('the answer is true or a failure, and nothing changes', async () => {
    const lab = await createFaultCloud();
    const { signal } = new AbortController();
    const { operation_id } = await lab.program().provision(await requestFor(lab, 'by id'), signal);
    const ask = () => lab.program().status({ operation_id, wait_seconds: 0 }, signal);
    lab.script.play();
    await ask();
    const cases = casesOf([...lab.script.log]);
    for (const injection of cases) {
      const before = await lab.nodes();
      lab.script.play(injection);
      const answer = await ask().catch((failure) => failure);
      const now = await lab.nodes();
      const { provision_state } = now.find(({ uuid }) => uuid === operation_id) ?? {};
      const words = wordsOfCase(injection);
      if (answer instanceof Failure) expect(answer, words).toMatchObject({ code: 'ironic_unavailable' });
      else expect(answer, words).toMatchObject({ operation_id, provision_state });
      // Time has passed for the deployment as well.
      expect(
        now.map(({ instance_uuid }) => instance_uuid),
        words,
      ).toEqual(before.map(({ instance_uuid }) => instance_uuid));
      lab.script.play();
      expect(await ask(), words).toMatchObject({ operation_id });
    }
    process.stderr.write(`Fault matrix for a status on the simulator: ${cases.length} cases\n`);
  }, 60_000);
});

describe('a change that arrives late', () => {
  test.each(lateCases)('($held, before request $nth of a rival $rival) never mixes two requests', async (late) => {
    expect(await playLate(await createFaultCloud(), late)).toEqual([]);
  });
});
