import { describe, expect, it } from 'vitest';
import { neutronIn } from '../../src/commands/check/neutron.js';
import type { NetworkService } from '../../src/core/network-service.js';
import { descriptionOf } from '../../src/core/networks/own-ports.js';
import { createPolicy } from '../../src/core/policy.js';
import { NoAnswer } from '../../src/core/ports.js';
import {
  createFakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  refused,
  script,
  uuid,
} from '../core/fake-bare-metal.js';
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

  it('lists a port of ours that an active server does not use, unless Ironic hides what it uses', async () => {
    const mark = { deploymentId: uuid(500), attemptId: uuid(600), serverId: uuid(1) };
    const marked = { deviceId: uuid(500), deviceOwner: 'ironic-mcp', description: descriptionOf(mark) };
    const networks = fakeNetworks([freePort(marked), freePort({ ...marked, id: uuid(802) })]);
    const commands = async (provisionState: string, misbehave?: FakeBareMetalOptions['misbehave']) => {
      const servers = [freeServer(1, { provisionState, deploymentId: uuid(500), attemptId: uuid(600) })];
      const clock = createFakeClock();
      const metal = createFakeBareMetal({ servers, clock, ...(misbehave && { misbehave }) });
      metal.portsOf(uuid(1)).add(uuid(801));
      const found = await neutronIn(networks, metal, createPolicy({}), signal);
      return found.slice(1).map(({ command }) => command);
    };
    expect(await commands('active')).toEqual([`openstack port delete ${uuid(802)}`]);
    expect(await commands('deploying')).toEqual([]);
    expect(await commands('active', script({ recordedAt: [refused('forbidden')] }))).toEqual([]);
  });

  it('says of how many deployments it did not look at the ports', async () => {
    const ports = Array.from({ length: 52 }, (_, index) => freePort({ deviceId: uuid(2_000 + index) }));
    const [first] = await check(fakeNetworks(ports));
    expect(first?.detail).toContain('; ports of 2 more deployments were not looked at');
  });

  it('only warns where Neutron is down, and hides no defect', async () => {
    const down = { ...fakeNetworks(), list: () => Promise.reject(new NoAnswer('it is down', false)) };
    expect(await check(down)).toMatchObject([{ outcome: 'warning', detail: 'it is down' }]);
    const broken = { ...fakeNetworks(), list: () => Promise.reject(new TypeError('a defect')) };
    await expect(check(broken)).rejects.toThrow('a defect');
  });
});
