import { describe, expect, it } from 'vitest';
import { obstacleTo } from '../../src/core/inventory/eligibility.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { seededRandom } from '../core/setup.js';
import { createTimeline } from '../core/timeline.js';
import { openPolicy } from '../support/open-policy.js';

const headers = { 'X-OpenStack-Ironic-API-Version': '1.78', 'Content-Type': 'application/json' };

/** The simulator, the adapter and the core on a virtual clock, with deployments that take this long. */
async function setup(servers: number, stepSeconds: number) {
  let underWay = 0;
  const clock = createTimeline(() => underWay > 0);
  const looks: string[] = [];
  const { fetch: simulated } = createSimulator({ clock, servers: 2 * servers + 20 });
  async function counted(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    looks.push(pathname);
    underWay += 1;
    try {
      return await simulated(request);
    } finally {
      underWay -= 1;
    }
  }
  const random = seededRandom(7);
  const queue = createRequestQueue(8);
  const http = createHttp({ service: 'Ironic', endpoint: 'http://simulator', timeout: 30_000, queue, fetch: counted });
  const bareMetal = createIronic({ http, clock, random });
  const ask = async (method: string, path: string, body: unknown) => {
    const init = { method, headers, body: JSON.stringify(body) };
    expect((await simulated(new Request(`http://simulator/v1/nodes/${path}`, init))).ok).toBe(true);
  };
  const ids: string[] = [];
  const all = await bareMetal.list({}, undefined, new AbortController().signal);
  const free = all.servers.filter((server) => obstacleTo(server) === undefined);
  for (const { id } of free.slice(0, servers)) {
    ids.push(id);
    await ask('PATCH', id, [
      { op: 'add', path: '/extra/sim', value: { step_seconds: stepSeconds } },
      { op: 'add', path: '/instance_info', value: { image_source: 'file:///images/debian.qcow2' } },
    ]);
    await ask('PUT', `${id}/states/provision`, { target: 'active' });
  }
  looks.length = 0;
  return { clock, ids, looks, waiting: createStatusService({ policy: openPolicy, bareMetal, clock, random }) };
}

describe('a hundred waiting calls in one process', () => {
  it('cost Ironic no more requests than one call for each server would', async () => {
    const { clock, ids, looks, waiting } = await setup(3, 1_000);
    await clock.pass(10_000);
    const calls: Promise<unknown>[] = [];
    for (let count = 0; count < 100; count += 1) {
      const operation_id = ids[count % ids.length] ?? '';
      calls.push(waiting.status({ operation_id, wait_seconds: 50 }, new AbortController().signal));
      await clock.pass(100);
    }
    const answers = await clock.until(Promise.all(calls));
    for (const answer of answers) expect(answer).toMatchObject({ status: 'in_progress' });
    expect(clock.sleeping).toBe(0);

    // The calls start over ten seconds and wait for fifty. One call alone looks about every two seconds at first.
    const mostAtOnesInterval = 60 / (2 * 0.98) + 1;
    for (const id of ids) {
      const forIt = looks.filter((path) => path === `/v1/nodes/${id}`).length;
      expect(forIt).toBeGreaterThan(5);
      expect(forIt).toBeLessThanOrEqual(mostAtOnesInterval);
    }
    expect(looks.length).toBeLessThanOrEqual(ids.length * mostAtOnesInterval);
  });

  it('are answered from lists if they wait for a hundred servers', async () => {
    const { ids, looks, waiting } = await setup(100, 1_000);
    const asked = ids.map((operation_id) =>
      waiting.status({ operation_id, wait_seconds: 0 }, new AbortController().signal),
    );
    const answers = await Promise.all(asked);
    expect(answers.map(({ operation_id }) => operation_id)).toEqual(ids);
    for (const answer of answers) expect(answer).toMatchObject({ status: 'in_progress' });
    expect(ids).toHaveLength(100);
    // The number that is read one by one, and one list for each of the two states.
    expect(looks.length).toBeLessThanOrEqual(16 + 2);
  });

  it('all hear of the next step, and of the end', async () => {
    const { clock, ids, waiting } = await setup(2, 10);
    const everybody = () => {
      const asked = Array.from({ length: 100 }, (_, index) => ({
        operation_id: ids[index % 2] ?? '',
        wait_seconds: 50,
      }));
      return clock.until(Promise.all(asked.map((each) => waiting.status(each, new AbortController().signal))));
    };
    const seen: (number | null)[] = [];
    for (;;) {
      const answers = await everybody();
      const [first] = answers;
      for (const { status } of answers) expect(status).toBe(first?.status);
      seen.push(first?.progress_percent ?? null);
      if (first?.status !== 'in_progress') break;
    }
    expect(seen.at(-1)).toBe(100);
    const shares = [40, 80, 98, 100];
    const reached = seen.flatMap((percent) => shares.findLast((share) => (percent ?? 0) >= share) ?? []);
    expect([...new Set(reached)]).toEqual(shares);
    expect(clock.sleeping).toBe(0);
  });

  it('leave no timer and send no more requests when all callers have left', async () => {
    const { clock, ids, looks, waiting } = await setup(2, 1_000);
    await clock.pass(10_000);
    const callers = Array.from({ length: 100 }, () => new AbortController());
    const calls = callers.map(({ signal }, index) =>
      waiting.status({ operation_id: ids[index % 2] ?? '', wait_seconds: 50 }, signal),
    );
    const left = Promise.allSettled(calls);
    await clock.pass(9_000);
    expect(clock.sleeping).toBe(100);
    for (const caller of callers) caller.abort();
    await left;
    expect(clock.sleeping).toBe(0);
    const before = looks.length;
    await clock.pass(60_000);
    expect(looks.length).toBe(before);
  });
});
