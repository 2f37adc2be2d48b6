import { describe, expect, test } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import { Failure } from '../../src/core/failures.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import type { ProvisionRequest } from '../../src/core/requests.js';
import { statusOf } from '../../src/core/status/provision-status.js';
import { systemClock as clock } from '../../src/local/clock.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { openPolicy } from '../support/open-policy.js';
import { addPorts } from '../support/tenant-ports.js';

const signal = new AbortController().signal;
const server = 'rack1-small-01';
const [vif, other] = ['0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d', '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d'];
const user_data = { packages: ['nginx'] };

/** The service on a simulated cloud, one of whose servers has the given network interface. */
async function cloud(networkInterface: 'noop' | 'flat' | 'neutron') {
  const simulator = createSimulator();
  addPorts(simulator.world, vif, other);
  const log: string[] = [];
  const fetch = (request: Request) => {
    log.push(`${request.method} ${new URL(request.url).pathname.replace(/^\/v1\/nodes\/[^/]+/, 'node')}`);
    return simulator.fetch(request);
  };
  const http = createHttp({
    service: 'Ironic',
    endpoint: 'http://sim',
    timeout: 10_000,
    queue: createRequestQueue(8),
    fetch,
  });
  const random = Math.random;
  const ask = async (method: string, path: string, body?: unknown) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' };
    const response = await simulator.fetch(
      new Request(`http://sim/v1/nodes/${server}${path}`, { method, headers, ...init }),
    );
    return JSON.parse((await response.text()) || 'null');
  };
  await ask('PATCH', '', [{ op: 'replace', path: '/network_interface', value: networkInterface }]);
  const bareMetal = createIronic({ http, clock, random });
  const service = createProvisionService({
    policy: openPolicy,
    bareMetal,
    images: createGlance({ http, clock, random }),
    servers: createServerService({ policy: openPolicy, bareMetal, clock, random }),
    changes: createChanges(),
    clock,
    random,
    idempotencyScope: async () => 'tests',
  });
  return {
    log,
    ask,
    provision: (request: Partial<ProvisionRequest> = {}) =>
      service.provision({ image_id: 'debian-12', server_id: server, config_drive: user_data, ...request }, signal),
    look: async () => {
      const found = await bareMetal.find(server, signal);
      if (found === null) throw new Error('The server is gone.');
      return statusOf(found, clock.now());
    },
    vifs: async () => (await ask('GET', '/vifs')).vifs.map(({ id }: { id: string }) => id),
  };
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => (error instanceof Failure ? error : undefined),
  );

describe('Neutron ports', () => {
  test('are attached after the reservation and before the start', async () => {
    const { log, provision, vifs } = await cloud('flat');
    await provision({ vifs: [vif] });
    expect(log.slice(-7)).toEqual([
      'PATCH node',
      'GET /v1/ports',
      // Whether the server is still ours.
      'GET node',
      'POST node/vifs',
      // Whether they are still there, and the server still ours.
      'GET /v1/ports',
      'GET node',
      'PUT node/states/provision',
    ]);
    expect(await vifs()).toEqual([vif]);
  });

  test('are detached when the deployment cannot be started, and the server is free again', async () => {
    const { ask, provision, vifs } = await cloud('flat');
    // The server has one network card.
    expect(await failure(provision({ vifs: [vif, other] }))).toMatchObject({
      code: 'deploy_refused',
      reason: expect.stringContaining('not enough free physical ports'),
    });
    expect(await vifs()).toEqual([]);
    expect(await ask('GET', '')).toMatchObject({
      instance_uuid: null,
      instance_info: {},
      provision_state: 'available',
    });
  });

  test('stay attached if they were attached before, even if the deployment cannot be started', async () => {
    const { ask, provision, vifs } = await cloud('flat');
    await ask('POST', '/vifs', { id: vif });
    expect(await failure(provision({ vifs: [vif, other] }))).toMatchObject({ code: 'deploy_refused' });
    expect(await vifs()).toEqual([vif]);
  });

  test('are required when the network interface is neutron, which is checked before any change', async () => {
    const { log, provision } = await cloud('neutron');
    expect(await failure(provision())).toMatchObject({
      code: 'deploy_refused',
      reason: 'its network interface is neutron, and the request names no network and no Neutron port',
    });
    expect(log.some((request) => !request.startsWith('GET'))).toBe(false);
  });

  test('may already be attached', async () => {
    const { ask, provision } = await cloud('neutron');
    await ask('POST', '/vifs', { id: vif });
    expect((await provision({ vifs: [vif] })).status).toBe('accepted');
  });

  test('that somebody has left on a server keep every other request from it', async () => {
    const { ask, log, provision } = await cloud('flat');
    await ask('POST', '/vifs', { id: vif });
    const strange = { reason: `Neutron port ${vif} is attached to it, and is not of this request` };
    expect(await failure(provision())).toMatchObject(strange);
    expect(await failure(provision({ vifs: [other] }))).toMatchObject(strange);
    expect(log.some((request) => !request.startsWith('GET'))).toBe(false);
  });

  test('that are missing get a warning when the network interface is flat', async () => {
    const { provision } = await cloud('flat');
    expect((await provision()).message).toContain('no Neutron port is attached');
  });
});

describe('an address', () => {
  const networks = [{ address: '10.20.0.11/24', gateway: '10.20.0.1' }];
  const addresses = [{ address: '10.20.0.11', network: null, mac: '52:54:00:00:00:01', source: 'requested' }];

  test('costs one more request, and every answer shows it from the first on', async () => {
    const { log, provision, look } = await cloud('noop');
    expect(await provision({ networks })).toMatchObject({ status: 'accepted', addresses });
    const requests = ['GET /v1/ports', 'PATCH node', 'PUT node/states/provision'];
    expect(log.filter((request) => requests.includes(request))).toEqual(requests);
    expect(await look()).toMatchObject({ status: 'in_progress', addresses });
  });

  test('is shown when the call is repeated with the same key', async () => {
    const { provision } = await cloud('noop');
    await provision({ networks, idempotency_key: 'k' });
    expect(await provision({ networks, idempotency_key: 'k' })).toMatchObject({ status: 'in_progress', addresses });
  });

  test('is refused before any change when Ironic connects the network cards itself', async () => {
    const { log, provision } = await cloud('flat');
    expect(await failure(provision({ networks }))).toMatchObject({
      code: 'server_not_available',
      reason: 'its network interface is flat, and networks as given need noop',
    });
    expect(log.some((request) => !request.startsWith('GET'))).toBe(false);
  });
});

describe('MAC addresses in network_data', () => {
  const networkData = (address: string) => ({
    links: [{ id: 'eth0', type: 'phy', ethernet_mac_address: address }],
    networks: [],
    services: [],
  });

  test('get a warning when the server does not have them', async () => {
    const { provision } = await cloud('noop');
    const { message } = await provision({ config_drive: { network_data: networkData('52:54:00:ff:ff:ff') } });
    expect(message).toContain('network_data names MAC addresses that the server does not have: 52:54:00:ff:ff:ff.');
  });

  test('get no warning when the server has them', async () => {
    const { provision } = await cloud('noop');
    const { message } = await provision({ config_drive: { network_data: networkData('52:54:00:00:00:01') } });
    expect(message).not.toContain('MAC');
  });
});
