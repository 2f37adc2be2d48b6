import { beforeEach, describe, expect, test } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import { createDeprovisionService } from '../../src/core/deprovision/deprovision.js';
import { Failure } from '../../src/core/failures.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import { createPolicy } from '../../src/core/policy.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import type { ProvisionRequest } from '../../src/core/requests.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { createGlance } from '../../src/openstack/glance.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createNeutron } from '../../src/openstack/network/neutron.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import type { Node } from '../../src/simulator/world/node.js';
import { kindOf } from '../support/faults/fault-table.js';
import { addPorts } from '../support/tenant-ports.js';
import { createVirtualTime, inVirtualTime } from '../support/virtual-time.js';

const signal = new AbortController().signal;
const name = 'rack2-large-01';
const foreign = '0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d';

const never = (end: AbortSignal) =>
  new Promise<never>((_, reject) => end.addEventListener('abort', () => reject(end.reason)));

/** The program on a simulated cloud with Neutron. */
function openCloud(networks?: readonly string[], misbehave: (kind: string) => Promise<Response> | null = () => null) {
  const virtual = createVirtualTime(30_000);
  // Nobody waits for an answer here: a time limit never runs out, and a pause is over at once.
  const time = {
    ...virtual,
    sleep: (ms: number, end: AbortSignal) => (ms < 5_000 ? virtual.sleep(ms, end) : never(end)),
  };
  const simulator = createSimulator({ clock: time });
  const { world } = simulator;
  addPorts(world, foreign);
  const log: string[] = [];
  const fetch = (request: Request) => {
    const { pathname, search } = new URL(request.url);
    const kind = kindOf(request.method, pathname + search);
    log.push(kind);
    return misbehave(kind) ?? simulator.fetch(request);
  };
  const queue = createRequestQueue(8);
  const http = inVirtualTime(
    createHttp({ service: 'It', endpoint: 'http://sim', timeout: 30_000, queue, fetch }),
    time,
  );
  const common = { http, clock: time, random: Math.random };
  const policy = createPolicy({ allowDeprovision: true, allowVifs: true, networks });
  const bareMetal = createIronic(common);
  const services = { ...common, bareMetal, networks: createNeutron({ ...common, scoped: false }), policy };
  const provision = createProvisionService({
    ...services,
    images: createGlance(common),
    servers: createServerService(services),
    changes: createChanges(),
    idempotencyScope: async () => 'tests',
  });
  const { status } = createStatusService(services);
  const { deprovision } = createDeprovisionService({ ...services, changes: createChanges() });
  const node = (): Node => {
    world.agenda.catchUp(time.now());
    const found = world.fleet.byName(name);
    if (!found) throw new Error('There is no such server.');
    return found;
  };
  return {
    world,
    log,
    node,
    pass: time.pass,
    own: () => [...world.tenantPorts.values()].filter(({ device_owner: owner }) => owner === 'ironic-mcp'),
    provision: (request: Partial<ProvisionRequest>) =>
      provision.provision({ image_id: 'debian-12', server_id: name, hostname: 'web', ...request }, signal),
    failure: (request: Partial<ProvisionRequest>) =>
      provision.provision({ image_id: 'debian-12', server_id: name, ...request }, signal).then(
        () => {
          throw new Error('It was deployed.');
        },
        (error: unknown) => {
          if (error instanceof Failure) return error;
          throw error;
        },
      ),
    status: () => status({ operation_id: node().uuid, wait_seconds: 0 }, signal),
    deprovision: (deployment_id?: string) =>
      deprovision(
        { operation_id: node().uuid, confirm_server_name: name, ...(deployment_id ? { deployment_id } : {}) },
        signal,
      ),
  };
}

let cloud: ReturnType<typeof openCloud>;
beforeEach(() => {
  cloud = openCloud();
});

describe('a server that is provisioned with a network by name', () => {
  test('gets a port of its own, and its address is told at once and when it is deployed', async () => {
    const { addresses, status } = await cloud.provision({ networks: [{ network: 'tenant-a' }] });
    expect(status).toBe('accepted');
    expect(addresses).toEqual([
      // The server has two cards, and only Ironic knows which of them it took.
      { address: '10.20.0.2', network: 'tenant-a', mac: null, source: 'neutron' },
    ]);
    const seen = addresses.map((each) => ({ ...each, mac: '52:54:00:00:00:05' }));
    expect((await cloud.status()).addresses).toEqual(seen);
    cloud.pass(300_000);
    expect(await cloud.status()).toMatchObject({ status: 'completed', addresses: seen });
    expect(cloud.own()).toMatchObject([{ status: 'ACTIVE', device_id: cloud.node().instance_uuid }]);
  });

  test('takes five more requests, and makes no change before the reservation; the first also reads the subnets', async () => {
    await cloud.provision({ networks: [{ network: 'tenant-a' }] });
    expect(cloud.log).toEqual([
      'networks',
      'image by name',
      'server',
      'subnets',
      'ports of the server',
      'change of the server',
      'make a port',
      'attach',
      'server',
      'start',
    ]);
  });

  test('has an address of the caller, and one of each family on a network of both', async () => {
    const networks = [{ network: 'tenant-a', address: '10.20.0.77' }, { network: 'shared-dual' }];
    expect((await cloud.provision({ networks })).addresses).toMatchObject([
      { address: '10.20.0.77', network: 'tenant-a' },
      // What a card makes of its MAC address counts once it is in use.
      { address: '10.30.0.2', network: 'shared-dual' },
    ]);
    cloud.pass(300_000);
    expect((await cloud.status()).addresses.map(({ address }) => address)).toEqual([
      '10.20.0.77',
      '10.30.0.2',
      'fd00:30::5054:1ff:fe00:5',
    ]);
  });

  test('leaves no port when it is undeployed, and every port of others', async () => {
    const { deployment_id } = await cloud.provision({ networks: [{ network: 'tenant-a' }] });
    const provisioning = '1fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d';
    addPorts(cloud.world, provisioning);
    // As Ironic marks its own port while it writes the image.
    Object.assign(cloud.world.tenantPorts.get(provisioning) ?? {}, {
      device_id: deployment_id,
      device_owner: 'baremetal:none',
    });
    cloud.pass(300_000);
    expect((await cloud.deprovision()).status).toBe('accepted');
    expect(cloud.own()).toEqual([]);
    expect(cloud.world.tenantPorts.get(foreign)?.revision).toBe(1);
    expect(cloud.world.tenantPorts.get(provisioning)?.revision).toBe(1);
  });

  test('has a port that came late removed when deprovision_server looks again', async () => {
    const { deployment_id } = await cloud.provision({ networks: [{ network: 'tenant-a' }] });
    cloud.pass(300_000);
    const [late] = cloud.own();
    await cloud.deprovision();
    if (!late) throw new Error('There was no port.');
    cloud.world.tenantPorts.set(late.id, late);
    cloud.pass(10_000);
    expect((await cloud.deprovision(deployment_id ?? '')).status).toBe('in_progress');
    expect(cloud.own()).toEqual([]);
  });

  test('has the same port when the deployment has failed and is repeated in place', async () => {
    const request = { networks: [{ network: 'tenant-a' }] };
    Object.assign(cloud.node(), { extra: { sim: { fail: 'write_image' } } });
    const first = await cloud.provision(request);
    cloud.pass(300_000);
    const [address] = first.addresses;
    expect(await cloud.status()).toMatchObject({ status: 'failed', addresses: [{ address: address?.address }] });
    const again = await cloud.provision({ ...request, retry_failed: true });
    expect(again.addresses).toMatchObject([{ address: address?.address }]);
    expect(cloud.own()).toHaveLength(1);
  });

  test('is found by a repeated call with the same key, with its address', async () => {
    const request = { networks: [{ network: 'tenant-a' }], idempotency_key: 'k' };
    const first = await cloud.provision(request);
    const [address] = first.addresses;
    const again = { status: 'in_progress', addresses: [{ address: address?.address }] };
    expect(await cloud.provision(request)).toMatchObject(again);
    expect(cloud.own()).toHaveLength(1);
  });

  test('gets a new port after an undeployment, and keeps it when the old one is asked about again', async () => {
    const request = { networks: [{ network: 'tenant-a' }], idempotency_key: 'k' };
    const { deployment_id } = await cloud.provision(request);
    cloud.pass(300_000);
    await cloud.deprovision();
    cloud.pass(300_000);
    expect(await cloud.provision(request)).toMatchObject({ deployment_id, status: 'accepted' });
    expect(cloud.own()).toHaveLength(1);
  });

  test('tells when a port of it is down though it is deployed', async () => {
    await cloud.provision({ networks: [{ network: 'tenant-a' }] });
    cloud.pass(300_000);
    await cloud.status();
    const [port] = cloud.own();
    Object.assign(port ?? {}, { status: 'DOWN' });
    expect((await cloud.status()).message).toContain(`Neutron port ${port?.id} is DOWN`);
  });
});

describe('a request for networks is refused before anything is changed', () => {
  const refused = async (request: Partial<ProvisionRequest>, on = cloud) => {
    const { code, reason } = await on.failure(request);
    expect(on.own()).toEqual([]);
    expect(on.node().instance_uuid).toBeNull();
    expect(on.log).not.toContain('change of the server');
    return { code, reason };
  };

  test('where there is no network of that name', async () => {
    expect(await refused({ networks: [{ network: 'nowhere' }] })).toEqual({
      code: 'invalid_request',
      reason: 'networks.0.network: Neutron shows this project no network of that name or id',
    });
  });

  test('where two networks have the name, and both are named by their ids', async () => {
    const [first] = cloud.world.networks.values();
    if (!first) throw new Error('There is no network.');
    cloud.world.networks.set('twin', { ...first, id: '7582b52f-7164-4ac8-9f45-2bf6013776f3' });
    const { reason } = await refused({ networks: [{ network: 'tenant-a' }] });
    expect(reason).toContain(first.id);
    expect(reason).toContain('7582b52f-7164-4ac8-9f45-2bf6013776f3');
  });

  test('where the network has no subnet', async () => {
    const [first] = cloud.world.networks.values();
    if (!first) throw new Error('There is no network.');
    cloud.world.networks.set(first.id, { ...first, subnets: [] });
    expect((await refused({ networks: [{ network: 'tenant-a' }] })).reason).toContain('has no subnet');
  });

  test('where the operator does not allow the network', async () => {
    const strict = openCloud(['shared-*']);
    expect(await refused({ networks: [{ network: 'tenant-a' }] }, strict)).toMatchObject({
      code: 'not_permitted',
      reason: expect.stringContaining('IRONIC_MCP_NETWORKS'),
    });
    expect((await strict.provision({ networks: [{ network: 'shared-dual' }] })).status).toBe('accepted');
  });

  test('where the network interface is noop', async () => {
    cloud.world.fleet.update(cloud.node(), { network_interface: 'noop' }, 0);
    expect(await refused({ networks: [{ network: 'tenant-a' }] })).toEqual({
      code: 'server_not_available',
      reason: 'its network interface is noop, and networks as given need flat or neutron',
    });
  });

  test('where the server has too few network cards', async () => {
    const networks = [{ network: 'tenant-a' }, { network: 'shared-dual' }, { network: 'tenant-a' }];
    expect((await refused({ networks })).reason).toBe('networks has 3 entries, and it has 2 network cards');
  });

  test('where a port of somebody is attached to the server already', async () => {
    const [card] = cloud.node().ports;
    if (card) card.vif = foreign;
    expect((await refused({ networks: [{ network: 'tenant-a' }] })).reason).toBe(
      `Neutron port ${foreign} is attached to it, and is not of this request`,
    );
  });
});

describe('a request for networks that Neutron refuses', () => {
  test('leaves the server free and no port behind, and the reason says why', async () => {
    const networks = [{ network: 'shared-dual' }, { network: 'tenant-a', address: '10.20.0.200' }];
    expect(await cloud.failure({ networks })).toMatchObject({
      code: 'deploy_refused',
      reason: expect.stringMatching(/^Neutron says: "IP address 10.20.0.200 already allocated in subnet/),
    });
    expect(cloud.own()).toEqual([]);
    expect(cloud.node()).toMatchObject({ instance_uuid: null, instance_info: {} });
    expect(cloud.node().ports.map(({ vif }) => vif)).toEqual([null, null]);
  });
});

const said = (status: number, faultstring: string) =>
  Promise.resolve(Response.json({ error_message: JSON.stringify({ faultstring }) }, { status }));
const outage = () => said(500, 'Ironic can not update Neutron port');

describe('when Ironic cannot attach a port', () => {
  const byClass = { server_id: undefined, resource_class: 'baremetal.large', networks: [{ network: 'tenant-a' }] };
  const isFree = ({ world }: ReturnType<typeof openCloud>) =>
    [...world.fleet.section({ resourceClass: 'baremetal.large' })].every(
      (node) => node.instance_uuid === null || node.provision_state !== 'available',
    );

  test('a request by class takes the next server, because the trouble may be of that one', async () => {
    let attached = 0;
    const lab = openCloud(undefined, (kind) => {
      if (kind === 'attach') attached += 1;
      return kind === 'attach' && attached <= 4 ? outage() : null;
    });
    expect((await lab.provision(byClass)).status).toBe('accepted');
    expect(lab.own()).toHaveLength(1);
    expect(isFree(lab)).toBe(true);
  });

  test('on two servers it ends, and leaves neither a port nor a reserved server', async () => {
    const lab = openCloud(undefined, (kind) => (kind === 'attach' ? outage() : null));
    expect(await lab.failure(byClass)).toMatchObject({
      code: 'ironic_unavailable',
      reason: expect.stringContaining('can not update Neutron port'),
      retryable: true,
    });
    expect(lab.log.filter((kind) => kind === 'attach')).toHaveLength(8);
    expect(lab.own()).toEqual([]);
    expect(isFree(lab)).toBe(true);
  });
});

describe('when Neutron goes down', () => {
  const two = [{ network: 'tenant-a' }, { network: 'shared-dual' }];

  test('before a start that is refused, the server is free, and what is left is told with the commands', async () => {
    let isDown = false;
    const lab = openCloud(undefined, (kind) => {
      if (kind === 'start') {
        isDown = true;
        return said(400, 'Failed to validate deploy or power info');
      }
      if (isDown && kind === 'detach') return said(500, 'Unable to establish connection to Neutron');
      return isDown && /Neutron ports|delete a port/.test(kind) ? said(503, 'Neutron is down') : null;
    });
    const { reason, code } = await lab.failure({ networks: two });
    expect(code).toBe('deploy_refused');
    expect(lab.node()).toMatchObject({ instance_uuid: null, instance_info: {} });
    for (const { id } of lab.own())
      expect(reason).toContain(`openstack baremetal node vif detach ${lab.node().uuid} ${id}`);
    expect(reason).toContain('ports of this deployment may be left there: "ironic-mcp check" lists them');
    // Nobody else is given a server with these ports.
    expect((await lab.failure({})).reason).toMatch(/is attached to it, and is not of this request/);
    expect((await lab.failure({ networks: two })).reason).toMatch(/is attached to it, and is not of this request/);
  });

  test('before an undeployment, its answer says what may be left, and a repeated call deletes it', async () => {
    let isDown = false;
    const lab = openCloud(undefined, (kind) =>
      isDown && /Neutron ports|delete a port/.test(kind) ? said(503, 'Neutron is down') : null,
    );
    const { deployment_id } = await lab.provision({ networks: two });
    lab.pass(300_000);
    isDown = true;
    expect((await lab.deprovision()).message).toContain('"ironic-mcp check" lists them');
    expect(lab.own()).toHaveLength(2);
    isDown = false;
    lab.pass(300_000);
    expect((await lab.deprovision(String(deployment_id))).status).toBe('completed');
    expect(lab.own()).toEqual([]);
  });
});

describe('a subnet that teaches nobody an address', () => {
  test('has it written into the config drive, complete, with the MTU of the network', async () => {
    const [network] = cloud.world.networks.values();
    if (!network) throw new Error('There is no network.');
    const subnets = network.subnets.map((subnet) => ({ ...subnet, enable_dhcp: false }));
    cloud.world.networks.set(network.id, { ...network, subnets });
    await cloud.provision({ networks: [{ network: 'tenant-a', address: '10.20.0.77' }, { network: 'shared-dual' }] });
    expect(cloud.node().instance_info.configdrive).toMatchObject({
      meta_data: { hostname: 'web' },
      network_data: {
        links: [
          { id: 'nic0', ethernet_mac_address: '52:54:00:00:00:05', mtu: 1500 },
          { id: 'nic1', ethernet_mac_address: '52:54:01:00:00:05', mtu: 1500 },
        ],
        networks: [
          {
            link: 'nic0',
            type: 'ipv4',
            ip_address: '10.20.0.77',
            netmask: '255.255.255.0',
            routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.20.0.1' }],
          },
          { link: 'nic1', type: 'ipv4_dhcp' },
          { link: 'nic1', type: 'ipv6_slaac' },
        ],
      },
    });
  });
});
