import { describe, expect, it } from 'vitest';
import { neutronIn } from '../../src/commands/check/neutron.js';
import type { NetworkService } from '../../src/core/network-service.js';
import { createPolicy } from '../../src/core/policy.js';
import { NoAnswer } from '../../src/core/ports.js';
import { createFakeBareMetal, freeServer, uuid } from '../core/fake-bare-metal.js';
import { createFakeClock } from '../core/fake-clock.js';
import { fakeNetworks, freePort } from '../core/networks/fake-networks.js';

const signal = new AbortController().signal;
const bareMetal = createFakeBareMetal({
  servers: [freeServer(1, { deploymentId: uuid(500) })],
  clock: createFakeClock(),
});
const named = (...names: string[]) =>
  names.map((name, index) => ({ id: uuid(index + 1), name, mtu: 1500, subnetIds: name === 'bare' ? [] : [uuid(900)] }));
const check = (networks: NetworkService, allowed?: readonly string[]) =>
  neutronIn(networks, bareMetal, createPolicy({ networks: allowed }), signal);

describe('the check of Neutron', () => {
  it.each([
    [[], '0 networks can be named in networks'],
    [['a', 'bare', 'x'], '1 networks can be named in networks: a'],
    [['a', 'a1', 'a2', 'a3', 'a4', 'a5'], '6 networks can be named in networks: a, a1, a2, a3, a4, …'],
  ])('names the networks that may be used of %j', async (names, detail) => {
    expect(await check(fakeNetworks([], named(...names)), ['a*'])).toEqual([{ outcome: 'ok', detail }]);
  });

  it('lists the ports whose deployment no server carries', async () => {
    const ports = [freePort({ deviceId: uuid(500) }), freePort({ id: uuid(802), deviceId: uuid(501) })];
    expect((await check(fakeNetworks(ports))).slice(1)).toMatchObject([
      { outcome: 'warning', command: `openstack port delete ${uuid(802)}` },
    ]);
  });

  it('only warns where Neutron is down, and hides no defect', async () => {
    const down = { ...fakeNetworks(), list: () => Promise.reject(new NoAnswer('it is down', false)) };
    expect(await check(down)).toMatchObject([{ outcome: 'warning', detail: 'it is down' }]);
    const broken = { ...fakeNetworks(), list: () => Promise.reject(new TypeError('a defect')) };
    await expect(check(broken)).rejects.toThrow('a defect');
  });
});
