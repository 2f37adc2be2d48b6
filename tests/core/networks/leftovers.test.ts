import { describe, expect, it } from 'vitest';
import { removeLeftovers } from '../../../src/core/networks/leftovers.js';
import { descriptionOf } from '../../../src/core/networks/marks.js';
import { NoAnswer } from '../../../src/core/ports.js';
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

/** Which ports are left, after a deployment has ended on the server. */
async function left(carrier: Partial<Server> | null, attemptId: string | null) {
  const ports = [
    portOf(1, old),
    portOf(2, latest),
    portOf(3, old, uuid(2)),
    freePort({ id: uuid(4), deviceId: deploymentId }),
  ];
  const clock = createFakeClock();
  const servers = carrier ? [freeServer(1, { deploymentId, ...carrier })] : [];
  const bareMetal = createFakeBareMetal({ servers, clock });
  const signal = new AbortController().signal;
  const ended = {
    bareMetal,
    networks: fakeNetworks(ports),
    deploymentId,
    serverId,
    attemptId,
    clock,
    random: () => 0,
    signal,
  };
  expect(await removeLeftovers(ended)).toBe(true);
  return ports.map(({ id }) => Number(id.slice(-3)));
}

describe('the ports of a deployment that has ended', () => {
  it('are removed on its own server, by all of their marks', async () => {
    expect(await left(null, old)).toEqual([3, 4]);
    expect(await left({ provisionState: 'deleting', attemptId: latest }, null)).toEqual([3, 4]);
  });

  it('stay where a server carries their attempt by now, because the same key gives the same deployment id', async () => {
    expect(await left({ provisionState: 'active', attemptId: latest }, old)).toEqual([2, 3, 4]);
    expect(await left({ provisionState: 'active', attemptId: latest }, null)).toEqual([2, 3, 4]);
  });

  it('stay where a server carries the deployment and does not tell whose attempt it is', async () => {
    expect(await left({ provisionState: 'active', attemptId: null }, null)).toEqual([1, 2, 3, 4]);
  });

  it('are not touched where nobody can tell what is in use, and may be left where Neutron is down', async () => {
    const clock = createFakeClock();
    const down = () => Promise.reject(new NoAnswer('it is down', false));
    const bareMetal = createFakeBareMetal({ servers: [], clock });
    const signal = new AbortController().signal;
    const ended = { networks: fakeNetworks(), deploymentId, serverId, clock, random: () => 0, signal };
    const silent = { ...bareMetal, findByDeployment: down };
    expect(await removeLeftovers({ ...ended, bareMetal: silent, attemptId: null })).toBe(false);
    const networks = { ...fakeNetworks(), ownPorts: down };
    expect(await removeLeftovers({ ...ended, bareMetal, networks, attemptId: old })).toBe(false);
  });
});
