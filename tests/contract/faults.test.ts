import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProvisionRequest } from '../../src/core/model.js';
import { extents, faultTable, type Injection } from '../support/fault-table.js';
import { createFaultCloud } from './fault-cloud.js';
import type { FaultLab } from './fault-lab.js';
import { cleanRun, playCase, type Scenario } from './fault-matrix.js';

const vifs = ['0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d', '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d'];

const byId = async (lab: FaultLab) => {
  const free = (await lab.nodes()).find((node) => node.provision_state === 'available' && !node.instance_uuid);
  return { server_id: String(free?.uuid), image_id: lab.sourceOf(lab.images.first) };
};
const byClass = async (lab: FaultLab) => ({ resource_class: lab.resourceClass, image_id: lab.images.first });
const hostname = 'of-this-request';
const flat = () => createFaultCloud({ networkInterface: 'flat' });

/** A server whose deployment has failed, and the request that deploys it again in place. */
async function failed(lab: FaultLab): Promise<ProvisionRequest> {
  const request = { ...(await byId(lab)), hostname, retry_failed: true };
  await lab.patch(request.server_id, { op: 'add', path: '/extra/sim', value: { fail: 'write_image' } });
  await lab.program().provision(request, new AbortController().signal);
  lab.pass(600_000);
  await lab.patch(request.server_id, { op: 'remove', path: '/extra/sim' });
  return request;
}

const scenarios: readonly Scenario[] = [
  ...(['by id', 'by class'] as const).flatMap((way) =>
    [false, true].map(
      (keyed): Scenario => ({
        name: `${way}, ${keyed ? 'with' : 'without'} a key`,
        outcome: 'deployed',
        openLab: () => createFaultCloud(),
        request: async (lab) => ({
          ...(await (way === 'by id' ? byId : byClass)(lab)),
          hostname,
          ...(keyed ? { idempotency_key: randomUUID() } : {}),
        }),
      }),
    ),
  ),
  {
    name: 'with a Neutron port',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await byId(lab)), hostname, vifs: vifs.slice(0, 1) }),
  },
  {
    name: 'refused, for the server has one network card and the request two ports',
    outcome: 'refused',
    from: 'change of the server',
    openLab: flat,
    request: async (lab) => ({ ...(await byId(lab)), hostname, vifs }),
  },
  {
    name: 'again in place',
    outcome: 'deployed',
    from: 'change of the server',
    openLab: () => createFaultCloud(),
    request: failed,
  },
];

/** Requests that change something: only those can do harm when they arrive late or twice. */
const changes = new Set(['change of the server', 'start', 'attach', 'detach']);

/** Every fault at every request of a clean run. */
async function casesOf(scenario: Scenario): Promise<readonly Injection[]> {
  const log = await cleanRun(scenario);
  const from = scenario.from === undefined ? 0 : log.indexOf(scenario.from);
  return log.slice(from).flatMap((kind, index) => {
    const nth = log.slice(0, from + index + 1).filter((each) => each === kind).length;
    const faults = faultTable.filter(({ delivery }) => changes.has(kind) || ['never', 'at once'].includes(delivery));
    return faults.flatMap((fault) =>
      // 16 MiB for each request would take the test minutes, and shows no more than stalled bodies do.
      extents
        .filter((extent) => fault.reply !== 'endless body' || extent === 'once')
        .map((extent) => ({ kind, nth, fault, extent })),
    );
  });
}

describe('whatever goes wrong with one request of a deployment', () => {
  const total = { cases: 0, violations: 0, reported: 0, found: 0 };
  afterAll(() => {
    process.stderr.write(
      `Fault matrix on the simulator: ${total.cases} cases, ${total.violations} violations; ` +
        `${total.reported} reservations left and reported, ${total.found} left by what arrived late and found by the survey\n`,
    );
  });

  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s: the answer is true, nothing happens twice, and nothing is lost',
    async (_, scenario) => {
      const wrong: string[] = [];
      for (const injection of await casesOf(scenario)) {
        const { violations, left } = await playCase(scenario, [injection]);
        const { kind, nth, fault, extent } = injection;
        wrong.push(...violations.map((words) => `${kind} ${nth}, ${fault.name}, ${extent}: ${words}`));
        total.cases += 1;
        total.reported += left.reported;
        total.found += left.found;
      }
      total.violations += wrong.length;
      expect(wrong).toEqual([]);
    },
    240_000,
  );
});
