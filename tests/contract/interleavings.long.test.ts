import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import { Failure } from '../../src/core/failures.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import type { Clock } from '../../src/core/ports.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import type { ProvisionRequest, ProvisionResponse } from '../../src/core/requests.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { runs } from '../support/length.js';
import { openPolicy } from '../support/open-policy.js';

const numRuns = runs({ variable: 'INTERLEAVINGS', few: 30, many: 1_000 });

vi.setConfig({ testTimeout: 60_000 + numRuns * 3_000 });

const image_id = 'debian-12';
/** The built-in cloud has three free servers of this class. */
const resource_class = 'baremetal.small';
const free = 3;
const never = new AbortController().signal;

/** Runs everything that waits neither for a request nor for time to pass. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Copies of this program on one cloud, whose requests arrive in an order that the scheduler decides. */
function copies(scheduler: fc.Scheduler, random: () => number) {
  let now = Date.UTC(2026, 10, 22, 8);
  const { fetch, world } = createSimulator({ clock: { now: () => now } });
  const clock: Clock = {
    now: () => now,
    async sleep(milliseconds) {
      const due = now + milliseconds;
      await scheduler.schedule(Promise.resolve(), `sleep for ${Math.round(milliseconds)} ms`);
      now = Math.max(now, due);
    },
  };
  let requests = 0;
  const onTheWay = async (request: Request) => {
    const { pathname } = new URL(request.url);
    requests += 1;
    // Request and answer both take time, so an answer may be out of date when it arrives.
    await scheduler.schedule(Promise.resolve(), `${request.method} ${pathname}`);
    const response = await fetch(request);
    await scheduler.schedule(Promise.resolve(), `answer to ${request.method} ${pathname}`);
    return response;
  };
  const copy = () => {
    const http = (service: string) =>
      createHttp({ service, endpoint: 'http://sim', timeout: 60_000, queue: createRequestQueue(8), fetch: onTheWay });
    const bareMetal = createIronic({ http: http('Ironic'), clock, random });
    const images = createGlance({ http: http('Glance'), clock, random });
    const servers = createServerService({ policy: openPolicy, bareMetal, clock, random });
    const changes = createChanges();
    return createProvisionService({
      policy: openPolicy,
      bareMetal,
      images,
      servers,
      changes,
      clock,
      random,
      idempotencyScope: async () => 'a',
    });
  };
  return { copy, world, requests: () => requests };
}

type Answer = ProvisionResponse | Failure;

/** Sends all of the requests, each from a copy of its own, and lets the scheduler decide what happens when. */
async function race(scheduler: fc.Scheduler, seed: number, inputs: readonly ProvisionRequest[]) {
  const { copy, world, requests } = copies(scheduler, seeded(seed));
  let left = inputs.length;
  const calls = inputs.map(async (input): Promise<Answer> => {
    try {
      return await copy().provision(input, never);
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    } finally {
      left -= 1;
    }
  });
  const all = Promise.all(calls);
  // Notices a defect even while the loop below runs.
  all.catch(() => undefined);
  while (left > 0) {
    await settle();
    if (scheduler.count() > 0) await scheduler.waitOne();
  }
  const answers = await all;
  const taken = world.fleet.section({}).filter(({ instance_info: info }) => 'ironic_mcp' in info);
  return { answers, taken, requests: requests() };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function seeded(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const successes = (answers: readonly Answer[]) =>
  answers.filter((answer): answer is ProvisionResponse => !(answer instanceof Failure));

it('gives each of three servers to one of five callers, in any order of their requests', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer(), async (scheduler, seed) => {
      const { answers, taken } = await race(scheduler, seed, Array(5).fill({ image_id, resource_class }));
      const given = successes(answers);
      expect(given.map(({ status }) => status)).toEqual(Array(free).fill('accepted'));
      expect(new Set(given.map(({ server_id }) => server_id)).size).toBe(free);
      const refused = answers.filter((answer) => answer instanceof Failure);
      expect(refused.map(({ code }) => code)).toEqual(Array(5 - free).fill('no_available_servers'));
      // What stands on the servers is what the callers were told, and nothing is left reserved.
      expect(taken.map(({ uuid, instance_uuid }) => [uuid, instance_uuid]).sort()).toEqual(
        given.map(({ server_id, deployment_id }) => [server_id, deployment_id]).sort(),
      );
      for (const { provision_state: state } of taken) expect(state).not.toBe('available');
    }),
    { numRuns },
  );
});

it("makes one deployment for one key, in any order of its callers' requests", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer(), async (scheduler, seed) => {
      const same = { image_id, resource_class, idempotency_key: 'one' };
      const { answers, taken } = await race(scheduler, seed, Array(4).fill(same));
      const [server, ...others] = taken;
      expect(others).toEqual([]);
      expect(server?.provision_state).not.toBe('available');
      for (const answer of answers) {
        expect(answer, String(answer instanceof Failure && answer.reason)).toMatchObject({
          server_id: server?.uuid,
          deployment_id: server?.instance_uuid,
        });
      }
    }),
    { numRuns },
  );
});

it('answers with a conflict when one key comes with two requests, and never mixes the two', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer(), async (scheduler, seed) => {
      const inputs = ['debian-12', 'ubuntu-24.04'].map((id, index) => ({
        image_id: id,
        hostname: `host-${index}`,
        resource_class,
        idempotency_key: 'one',
      }));
      const { answers, taken } = await race(scheduler, seed, [...inputs, ...inputs]);
      const [server, ...others] = taken;
      expect(others).toEqual([]);
      const deployed = server?.instance_info.display_name ?? server?.instance_info.image_source;
      expect(deployed).toBeDefined();
      answers.forEach((answer, index) => {
        if (answer instanceof Failure) expect(answer.code).toBe('idempotency_conflict');
        else {
          const entry = JSON.stringify(server?.instance_info.ironic_mcp);
          expect(entry).toContain(`"image":"${inputs[index % 2]?.image_id}"`);
        }
      });
      expect(successes(answers).length).toBeGreaterThan(0);
      // The image comes with the reservation, the config drive with the start. The call that started a mixture says so.
      const drive = JSON.stringify(server?.instance_info.configdrive);
      const warned = answers.some(
        (answer) => answer instanceof Failure && answer.reason?.includes('of one of the two requests'),
      );
      answers.forEach((answer, index) => {
        if (answer instanceof Failure || drive.includes(`host-${index % 2}`)) return;
        expect(warned).toBe(true);
        expect(answer.status).not.toBe('accepted');
        if (answer.message.startsWith('Another')) expect(answer.message).toContain('its own config drive');
      });
    }),
    { numRuns },
  );
});
