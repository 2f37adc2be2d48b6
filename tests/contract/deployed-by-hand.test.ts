import { describe, expect, test } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import { createDeprovisionService } from '../../src/core/deprovision/deprovision.js';
import { Failure } from '../../src/core/failures.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import { createPolicy } from '../../src/core/policy.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { systemClock as clock } from '../../src/local/clock.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { imageIds } from '../../src/simulator/seed/seed-images.js';
import { openPolicy } from '../support/open-policy.js';

const { signal } = new AbortController();

/** A simulated cloud where the first server that is to be reserved is deployed by somebody else right before that. */
function cloud(provisionState: 'active' | 'deploy failed') {
  let now = Date.now();
  const simulator = createSimulator({ clock: { now: () => now } });
  let theirs: string | undefined;

  /** As with Ironic's own tools, which need no instance_uuid. */
  async function deployByHand(path: string): Promise<void> {
    const change = async (method: string, where: string, body: unknown) => {
      const headers = { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' };
      const init = { method, headers, body: JSON.stringify(body) };
      const response = await simulator.fetch(new Request(`http://sim${where}`, init));
      if (!response.ok) throw new Error(await response.text());
    };
    await change('PATCH', path, [
      { op: 'add', path: '/instance_info/image_source', value: imageIds.ubuntu },
      ...(provisionState === 'active' ? [] : [{ op: 'add', path: '/extra/sim', value: { fail: 'write_image' } }]),
    ]);
    await change('PUT', `${path}/states/provision`, { target: 'active' });
    now += 3_600_000;
  }

  const fetch = async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (request.method === 'PATCH' && theirs === undefined) {
      theirs = pathname.split('/').at(-1);
      await deployByHand(pathname);
    }
    return simulator.fetch(request);
  };
  const http = createHttp({
    service: 'Ironic',
    endpoint: 'http://sim',
    timeout: 10_000,
    queue: createRequestQueue(8),
    fetch,
  });
  const [random, changes] = [Math.random, createChanges()];
  const bareMetal = createIronic({ http, clock, random });
  const images = createGlance({ http, clock, random });
  const servers = createServerService({ policy: openPolicy, bareMetal, clock, random });
  const policy = createPolicy({ allowDeprovision: true });
  return {
    ...createProvisionService({
      policy: openPolicy,
      bareMetal,
      images,
      servers,
      changes,
      clock,
      random,
      idempotencyScope: async () => 'tests',
    }),
    ...createStatusService({ bareMetal, clock, random, policy }),
    ...createDeprovisionService({ bareMetal, changes, clock, random, policy }),
    theirs: () => simulator.world.fleet.byUuid(theirs ?? ''),
  };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => (error instanceof Failure ? error : undefined),
  );

describe.each(['active', 'deploy failed'] as const)(
  'a server that somebody else has made "%s" before our reservation arrives',
  (provisionState) => {
    const untouched = { provision_state: provisionState, instance_uuid: null, instance_info: {} };

    test('stays theirs when the caller named it', async () => {
      const { provision, status, deprovision, theirs } = cloud(provisionState);
      const request = { image_id: 'debian-12', server_id: 'rack1-small-01' };
      expect(await failure(provision(request, signal))).toMatchObject({
        code: 'server_not_available',
        reason: `its state is ${provisionState}`,
      });
      expect(theirs()).toMatchObject(untouched);
      const operation_id = String(theirs()?.uuid);
      expect(await status({ operation_id, wait_seconds: 0 }, signal)).toMatchObject({
        deployment_id: null,
        message: expect.stringContaining('It was not deployed through ironic-mcp'),
      });
      const confirmed = { operation_id, confirm_server_name: request.server_id };
      expect(await failure(deprovision(confirmed, signal))).toMatchObject({ code: 'not_permitted' });
    });

    test('stays theirs, and we choose another server', async () => {
      const { provision, theirs } = cloud(provisionState);
      const response = await provision({ image_id: 'debian-12', resource_class: 'baremetal.small' }, signal);
      expect(response.status).toBe('accepted');
      expect(response.server_id).not.toBe(theirs()?.uuid);
      expect(theirs()).toMatchObject(untouched);
    });
  },
);
