import { describe, expect, it } from 'vitest';
import type { NetworkPort } from '../../../src/core/network-service.js';
import { NoAnswer } from '../../../src/core/ports.js';
import type { Server } from '../../../src/core/server.js';
import { always, freeServer, refused, script, unsent, uuid } from '../fake-bare-metal.js';
import { fakeNetworks } from '../networks/fake-networks.js';
import { setup } from '../setup.js';

const byId = { server_id: 'bm-1' };
const networks = [{ address: '10.20.0.11/24', gateway: '10.20.0.1' }];
const two = [...networks, { address: '10.21.0.11/24' }];
const noop = (number: number, overrides: Partial<Server> = {}) =>
  freeServer(number, { networkInterface: 'noop', ...overrides });
const mac = '52:54:00:00:00:01';
const told = [{ address: '10.20.0.11', network: null, mac, source: 'requested' }];

describe('provisioning a server with an address', () => {
  it('takes one more request, and its answer shows the address', async () => {
    const { bareMetal, provision } = setup({ servers: [noop(1)] });
    expect((await provision({ ...byId, networks })).addresses).toEqual(told);
    expect(bareMetal.requests).toEqual(['find bm-1', 'cards bm-1', 'reserve bm-1', 'deploy bm-1']);
  });

  it('gives the system its address by the MAC address of its network card', async () => {
    const { bareMetal, provision } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks, hostname: 'web-1' });
    expect(bareMetal.deployments).toMatchObject([
      {
        configDrive: {
          meta_data: { hostname: 'web-1' },
          network_data: {
            links: [{ ethernet_mac_address: mac }],
            networks: [{ ip_address: '10.20.0.11', netmask: '255.255.255.0' }],
          },
        },
      },
    ]);
  });

  it('keeps the address in our entry, so that every copy can show it later', async () => {
    const { bareMetal, provision, service } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks });
    expect(bareMetal.servers.get(uuid(1))?.entry?.addresses).toEqual([{ address: '10.20.0.11', mac }]);
    const status = await service.status({ operation_id: uuid(1), wait_seconds: 0 }, new AbortController().signal);
    expect(status.addresses).toEqual(told);
  });

  it('finds the same deployment again by its key, with its address', async () => {
    const { provision } = setup({ servers: [noop(1)] });
    const first = await provision({ ...byId, networks, idempotency_key: 'k' });
    const second = await provision({ ...byId, networks, idempotency_key: 'k' });
    expect(second).toMatchObject({ status: 'in_progress', deployment_id: first.deployment_id, addresses: told });
  });

  it('is a different request if the address is different', async () => {
    const { provision, failure } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks, idempotency_key: 'k' });
    const other = [{ address: '10.20.0.12/24', gateway: '10.20.0.1' }];
    expect(await failure({ ...byId, networks: other, idempotency_key: 'k' })).toMatchObject({
      code: 'idempotency_conflict',
    });
  });

  it('uses the same address when it is deployed again in place', async () => {
    const { bareMetal, provision } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks });
    bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
    expect((await provision({ ...byId, networks, retry_failed: true })).addresses).toEqual(told);
    expect(bareMetal.deployments).toHaveLength(2);
  });

  it('takes no additional request if networks is empty', async () => {
    const { bareMetal, provision } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks: [] });
    expect(bareMetal.requests).toEqual(['find bm-1', 'reserve bm-1', 'deploy bm-1']);
  });

  it('chooses among servers whose network interface is noop', async () => {
    const flat = freeServer(1, { networkInterface: 'flat' });
    const { provision } = setup({ servers: [flat, noop(2)] });
    expect((await provision({ resource_class: 'baremetal.small', networks })).server_name).toBe('bm-2');
  });

  it('chooses among servers that have enough network cards', async () => {
    const { bareMetal, provision } = setup({ servers: [noop(1), noop(2)] });
    bareMetal.cardsOf.set(uuid(2), [
      { mac: '52:54:00:00:00:02', pxe: false },
      { mac: '52:54:00:00:00:03', pxe: true },
    ]);
    const { server_name: name, addresses } = await provision({ resource_class: 'baremetal.small', networks: two });
    expect([name, addresses.map((each) => each.mac)]).toEqual(['bm-2', ['52:54:00:00:00:03', '52:54:00:00:00:02']]);
  });
});

describe('provisioning with an address fails before anything is reserved', () => {
  const failing = async (servers: Server[], request: object) => {
    const { failure, writes } = setup({ servers });
    const { code, reason, hint } = await failure(request);
    expect(writes()).toEqual([]);
    return { code, reason, hint };
  };

  it.each([
    ['flat', 'its network interface is flat, and networks as given need noop'],
    ['neutron', 'its network interface is neutron, and networks as given need noop'],
    [null, 'its network interface is not known, and networks as given need noop'],
  ])('on a named server whose network interface is %s', async (networkInterface, reason) => {
    expect(await failing([freeServer(1, { networkInterface })], { ...byId, networks })).toMatchObject({
      code: 'server_not_available',
      reason,
      hint: expect.stringContaining('networks'),
    });
  });

  it('on a named server with too few network cards', async () => {
    expect(await failing([noop(1)], { ...byId, networks: two })).toMatchObject({
      code: 'server_not_available',
      reason: 'it has 1 network card, and networks has 2 entries',
    });
  });

  it('if no server of the class can have an address, and says why', async () => {
    const servers = [freeServer(1, { networkInterface: 'flat' })];
    expect(await failing(servers, { resource_class: 'baremetal.small', networks })).toMatchObject({
      code: 'no_available_servers',
      reason:
        'servers of class baremetal.small: 1, with network interface noop: 0; free with other network interfaces: baremetal.small 1',
    });
  });

  it.each([
    [
      'network_data',
      { config_drive: { network_data: { links: [], networks: [], services: [] } } },
      'config_drive.network_data',
    ],
    ['ports', { vifs: [uuid(801)] }, 'vifs'],
  ])("together with the caller's %s", async (_, other, name) => {
    expect(await failing([noop(1)], { ...byId, networks, ...other })).toMatchObject({
      code: 'invalid_request',
      reason: `networks: cannot be combined with ${name}; pass only one of them`,
    });
  });

  it('if the network interface has changed since the deployment failed', async () => {
    const { bareMetal, provision, failure } = setup({ servers: [noop(1)] });
    await provision({ ...byId, networks });
    bareMetal.set(uuid(1), { provisionState: 'deploy failed', networkInterface: 'flat' });
    expect(await failure({ ...byId, networks, retry_failed: true })).toMatchObject({ code: 'server_not_available' });
    expect(bareMetal.deployments).toHaveLength(1);
  });

  it('if Ironic does not show the network cards', async () => {
    const { failure, writes } = setup({ servers: [noop(1)], misbehave: script({ cards: [refused('forbidden')] }) });
    expect(await failure({ ...byId, networks })).toMatchObject({ code: 'deploy_refused' });
    expect(writes()).toEqual([]);
  });

  it('if Ironic gives no answer about the network cards', async () => {
    const { failure, writes } = setup({ servers: [noop(1)], misbehave: script({ cards: [unsent] }) });
    expect(await failure({ ...byId, networks })).toMatchObject({ code: 'ironic_unavailable' });
    expect(writes()).toEqual([]);
  });
});

describe('what an attempt has left in Neutron', () => {
  /** A Neutron that deletes no port as long as it is told not to. */
  const neutron = () => {
    const ports: NetworkPort[] = [];
    const state = { deletes: false };
    const fake = fakeNetworks(ports, [{ id: uuid(1), name: 'tenant-a', mtu: 1_500, subnetIds: [uuid(9)] }]);
    const remove: typeof fake.remove = async (port, signal) => {
      if (!state.deletes) throw new NoAnswer('Neutron fails', true);
      await fake.remove(port, signal);
    };
    return { ports, state, networks: { ...fake, remove } };
  };
  const named = { networks: [{ network: 'tenant-a' }] };
  const flat = (number: number) => freeServer(number, { networkInterface: 'flat' });

  it('is told without a bare command to delete it if a call with the same key may take it over', async () => {
    const { networks: service, ports } = neutron();
    const misbehave = script({ attach: always(unsent) });
    const { failure } = setup({ servers: [flat(1)], networks: service, misbehave });
    const { reason, hint } = await failure({ ...byId, ...named, idempotency_key: 'k' });
    const [left] = ports.map(({ id }) => id);
    expect(reason).toContain(`Neutron port ${left} is left`);
    expect(reason).not.toContain('openstack port delete');
    expect(hint).not.toContain('Nothing was changed');
  });

  it('is told with the command if no later call can use it', async () => {
    const { networks: service, ports } = neutron();
    const misbehave = script({ attach: always(unsent) });
    const { failure } = setup({ servers: [flat(1)], networks: service, misbehave });
    const { reason } = await failure({ ...byId, ...named });
    expect(reason).toContain(`is left: openstack port delete ${ports[0]?.id}`);
  });

  it('is not told if the attempt on the next server has deleted it', async () => {
    const { networks: service, ports, state } = neutron();
    let first: string | undefined;
    const { provision } = setup({
      servers: [flat(1), flat(2)],
      networks: service,
      misbehave({ method, about }) {
        if (method === 'reserve') state.deletes = first !== undefined && about !== first;
        if (method === 'reserve') first ??= about;
        return method === 'attach' && about === first ? unsent : undefined;
      },
    });
    const { message } = await provision({ resource_class: 'baremetal.small', ...named });
    expect(message).not.toContain('is left');
    expect(ports).toHaveLength(1);
  });

  it.each([
    ['nothing, and may come to something yet', 'never', [1, true]],
    ['a port that is used', 'at once', [1, false]],
    ['a port beside the one that is used, which is deleted', 'late', [1, false]],
  ])('is told after a start if the lost request for a port has made %s', async (_, arrives, expected) => {
    const { networks: fake, ports, state } = neutron();
    state.deletes = true;
    let requests = 0;
    const lost: Parameters<typeof fake.create>[] = [];
    const create: typeof fake.create = async (...sent) => {
      requests += 1;
      if (requests > 1) {
        const port = await fake.create(...sent);
        for (const each of lost) await fake.create(...each);
        return port;
      }
      if (arrives === 'at once') await fake.create(...sent);
      if (arrives === 'late') lost.push(sent);
      throw new NoAnswer('no answer', true);
    };
    const { provision } = setup({ servers: [flat(1)], networks: { ...fake, create } });
    const { message, status } = await provision({ ...byId, ...named });
    expect(status).toBe('accepted');
    expect([ports.length, message.includes('A request for a Neutron port may still arrive')]).toEqual(expected);
  });

  it('is told after a start if a port of a lost request cannot be deleted, and how it will be', async () => {
    const { networks: fake, ports } = neutron();
    let requests = 0;
    const create: typeof fake.create = async (...sent) => {
      requests += 1;
      if (requests === 1) throw new NoAnswer('no answer', true);
      await fake.create(...sent);
      return fake.create(...sent);
    };
    const { provision } = setup({ servers: [flat(1)], networks: { ...fake, create } });
    const { message } = await provision({ ...byId, ...named });
    expect(message).toContain(`Neutron port ${ports[0]?.id} is left. Such a port is deleted with the deployment.`);
  });
});
