import { describe, expect, it } from 'vitest';
import { descriptionOf, removeEnded } from '../../../src/core/networks/own-ports.js';
import { NoAnswer, Refused } from '../../../src/core/ports.js';
import type { Server } from '../../../src/core/server.js';
import { createFakeBareMetal, freeServer, uuid } from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';
import { fakeNetworks, freePort } from './fake-networks.js';

const deploymentId = uuid(500);
const [serverId, old, latest] = [uuid(1), uuid(601), uuid(602)];
const portOf = (number: number, attemptId: string, server = serverId) =>
  freePort({
    id: uuid(number),
    deviceId: deploymentId,
    deviceOwner: 'ironic-mcp',
    description: descriptionOf({ deploymentId, attemptId, serverId: server }),
  });

const common = { deploymentId, serverId, random: () => 0, signal: new AbortController().signal };

/** Which ports are left of four, after a deployment has ended on the server. */
async function left(carrier: Partial<Server> | null) {
  const ports = [
    portOf(1, old),
    portOf(2, latest),
    portOf(3, old, uuid(2)),
    freePort({ id: uuid(4), deviceId: deploymentId, deviceOwner: 'ironic-mcp', description: 'of somebody' }),
  ];
  const clock = createFakeClock();
  const servers = carrier ? [freeServer(1, { deploymentId, ...carrier })] : [];
  const bareMetal = createFakeBareMetal({ servers, clock });
  expect(await removeEnded({ ...common, bareMetal, networks: fakeNetworks(ports), clock })).toEqual([]);
  return ports.map(({ id }) => Number(id.slice(-3)));
}

describe('the ports of a deployment that has ended', () => {
  it('are deleted on the server that it had, by all of their marks', async () => {
    expect(await left(null)).toEqual([3, 4]);
  });

  it('are deleted on every server while the last one is being freed', async () => {
    expect(await left({ provisionState: 'deleting', attemptId: latest })).toEqual([4]);
  });

  it('stay where a server carries their attempt, because the same key gives the same deployment id', async () => {
    expect(await left({ provisionState: 'active', attemptId: latest })).toEqual([2, 4]);
    expect(await left({ provisionState: 'deploy failed', attemptId: old })).toEqual([1, 4]);
  });

  it('stay where a server carries the deployment and does not tell whose attempt it is', async () => {
    expect(await left({ provisionState: 'active', attemptId: null })).toEqual([1, 2, 4]);
  });

  it('stay if an attempt has begun between the list and the look', async () => {
    const clock = createFakeClock();
    const ports = [portOf(1, old)];
    const networks = fakeNetworks(ports);
    const bareMetal = createFakeBareMetal({ servers: [freeServer(1)], clock });
    const ownPorts: typeof networks.ownPorts = async (id, end) => {
      const listed = await networks.ownPorts(id, end);
      bareMetal.set(serverId, { deploymentId, attemptId: latest });
      if (listed[0]?.id === uuid(1)) ports.push(portOf(2, latest));
      return listed;
    };
    await removeEnded({ ...common, bareMetal, networks: { ...networks, ownPorts }, clock });
    expect(ports.map(({ id }) => id)).toEqual([uuid(2)]);
  });

  it('are all tried although one may not be deleted, and that one is told', async () => {
    const clock = createFakeClock();
    const ports = [portOf(1, old), portOf(2, latest)];
    const fake = fakeNetworks(ports);
    const remove: typeof fake.remove = async (port, end) => {
      if (port.id === uuid(1)) throw new Refused('forbidden', 'no', 'Neutron');
      await fake.remove(port, end);
    };
    const bareMetal = createFakeBareMetal({ servers: [], clock });
    expect(await removeEnded({ ...common, bareMetal, networks: { ...fake, remove }, clock })).toEqual([uuid(1)]);
    expect(ports.map(({ id }) => id)).toEqual([uuid(1)]);
  });

  it('are not touched where nobody can tell what is in use, or which there are', async () => {
    const clock = createFakeClock();
    const down = () => Promise.reject(new NoAnswer('it is down', false));
    const bareMetal = createFakeBareMetal({ servers: [], clock });
    const ports = [portOf(1, old)];
    const silent = { ...bareMetal, findByDeployment: down };
    expect(await removeEnded({ ...common, bareMetal: silent, networks: fakeNetworks(ports), clock })).toBeNull();
    expect(ports).toHaveLength(1);
    const networks = { ...fakeNetworks(ports), ownPorts: down };
    expect(await removeEnded({ ...common, bareMetal, networks, clock })).toBeNull();
  });

  it('are left when the time is over', async () => {
    const clock = { ...createFakeClock(), sleep: async () => undefined };
    const networks = { ...fakeNetworks(), ownPorts: () => new Promise<never>(() => undefined) };
    const bareMetal = createFakeBareMetal({ servers: [], clock });
    expect(await removeEnded({ ...common, bareMetal, networks, clock })).toBeNull();
  });
});
