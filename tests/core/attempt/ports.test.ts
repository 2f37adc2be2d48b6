import { describe, expect, it } from 'vitest';
import { signalOfChange } from '../../../src/core/async/changes.js';
import { releaseReservation } from '../../../src/core/attempt/release-reservation.js';
import type { Network, NetworkPort } from '../../../src/core/network-service.js';
import { type BareMetal, NoAnswer, Refused } from '../../../src/core/ports.js';
import {
  createFakeBareMetal,
  freeServer,
  lostAnswer,
  lostRequest,
  type Mishap,
  type Request,
  refused,
  script,
  uuid,
} from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';
import { fakeNetworks } from '../networks/fake-networks.js';
import { type SetupOptions, setup } from '../setup.js';

const network: Network = { id: uuid(1), name: 'tenant-a', mtu: 1_500, subnetIds: [uuid(9)] };
const request = { server_id: 'bm-1', networks: [{ network: 'tenant-a' }] };
const keyed = { ...request, idempotency_key: 'k' };
const down = async () => {
  throw new NoAnswer('Neutron is down', false);
};

function connected(options: SetupOptions = {}) {
  const ports: NetworkPort[] = [];
  const networks = fakeNetworks(ports, [network]);
  const server = freeServer(1, { networkInterface: 'flat' });
  const all = setup({ servers: [server], networks, ...options });
  return { ...all, ports, networks, attached: () => [...all.bareMetal.portsOf(uuid(1))] };
}

/** The port that is there, and a younger or older one of the same attempt, whose request arrived late. */
function withTwin(ports: NetworkPort[], createdAt: string): string {
  const [port] = ports;
  if (port === undefined) throw new Error('There is no port.');
  ports.push({ ...port, id: uuid(850), createdAt });
  return port.id;
}

describe('an attempt that is undone', () => {
  it('detaches no port that another call with the same key has taken over meanwhile', async () => {
    let starts = 0;
    const interrupting = (bareMetal: BareMetal): BareMetal => ({
      ...bareMetal,
      async detach(...sent) {
        if (rival !== undefined) return bareMetal.detach(...sent);
        rival = await cloud.provision(keyed);
        cloud.bareMetal.set(uuid(1), { provisionState: 'wait call-back' });
        throw new Refused('locked', 'Ironic works on the server');
      },
    });
    const refuseFirst = ({ method }: Request): Mishap | undefined => {
      if (method !== 'deploy') return undefined;
      starts += 1;
      return starts === 1 ? refused('invalid') : undefined;
    };
    let rival: Awaited<ReturnType<typeof cloud.provision>> | undefined;
    const cloud = connected({ misbehave: refuseFirst, between: interrupting });
    const joined = await cloud.provision(keyed);
    expect([rival?.status, joined.deployment_id]).toEqual(['accepted', rival?.deployment_id]);
    expect(cloud.attached()).toEqual(cloud.ports.map(({ id }) => id));
    expect(cloud.ports).toHaveLength(1);
  });

  it('releases the server in a time of its own, however long its ports took', async () => {
    const clock = createFakeClock();
    const server = freeServer(1, { deploymentId: uuid(500), attemptId: uuid(601) });
    const ports = [801, 802, 803, 804].map(uuid);
    let releases = 0;
    const bareMetal = createFakeBareMetal({
      servers: [server],
      clock,
      misbehave({ method }) {
        if (method === 'release') {
          releases += 1;
          return releases === 1 ? refused('locked') : undefined;
        }
        return method === 'detach' ? (act) => [clock.pass(8_000), act()] : undefined;
      },
    });
    for (const port of ports) bareMetal.portsOf(server.id).add(port);
    const release = await releaseReservation({
      deploying: { bareMetal, clock, random: () => 0 },
      server,
      reservation: { deploymentId: uuid(500), attemptId: uuid(601) },
      ports: async () => new Set(ports),
      signal: signalOfChange(),
    });
    const left = [...bareMetal.portsOf(server.id)];
    expect(release).toEqual({ kind: 'released', recorded: left });
  });

  it('releases what an earlier call with the same key has kept, if Neutron is down by then', async () => {
    const cloud = connected({ misbehave: script({ deploy: Array(8).fill(refused('locked')) }) });
    expect(await cloud.failure(keyed)).toMatchObject({ reason: expect.stringContaining('stays reserved') });
    Object.assign(cloud.networks, { ownPorts: down });
    expect(await cloud.failure(keyed)).toMatchObject({ code: 'ironic_unavailable' });
    expect(cloud.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('has not begun if the network cannot be looked up, and the failure tells of the earlier reservation', async () => {
    const cloud = connected({ misbehave: script({ deploy: Array(8).fill(refused('locked')) }) });
    await cloud.failure(keyed);
    Object.assign(cloud.networks, { find: down });
    expect(await cloud.failure(keyed)).toMatchObject({
      retryable: true,
      reason: expect.stringContaining('Server bm-1 stays reserved for this idempotency key'),
    });
  });
});

describe('a deployment that is repeated in place', () => {
  it('keeps the port that is attached, although an older one is there', async () => {
    const cloud = connected();
    await cloud.provision(request);
    const port = withTwin(cloud.ports, ' ');
    cloud.ports.reverse();
    cloud.bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
    await cloud.provision({ ...request, retry_failed: true });
    expect([cloud.attached(), cloud.ports.map(({ id }) => id)]).toEqual([[port], [port]]);
  });

  it('waits until the port of an earlier attempt is detached, and neither deletes that port nor makes one', async () => {
    let isLocked = true;
    const locked = ({ method }: Request) => (isLocked && method === 'detach' ? refused('locked') : undefined);
    const cloud = connected({ misbehave: locked });
    await cloud.provision(request);
    withTwin(cloud.ports, '2026');
    const before = cloud.ports.map(({ id }) => id);
    cloud.bareMetal.portsOf(uuid(1)).add(uuid(850));
    cloud.bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
    expect(await cloud.failure({ ...request, retry_failed: true })).toMatchObject({
      code: 'server_not_available',
      reason: expect.stringContaining(
        `Neutron port ${uuid(850)} of an earlier attempt at this deployment could not be detached from it`,
      ),
      retryable: true,
    });
    expect(cloud.ports.map(({ id }) => id)).toEqual(before);
    isLocked = false;
    await cloud.provision({ ...request, retry_failed: true });
    expect([cloud.attached(), cloud.ports.map(({ id }) => id)]).toEqual([before.slice(0, 1), before.slice(0, 1)]);
  });
});

describe('a start whose outcome is unknown', () => {
  it.each([lostAnswer, lostRequest])(
    'has no port detached, even if somebody else has the server since',
    async (lose) => {
      const cloud = connected({
        misbehave: ({ method }) =>
          method !== 'deploy'
            ? undefined
            : (act) => {
                cloud.bareMetal.set(uuid(1), { deploymentId: uuid(999), attemptId: null, entry: null });
                lose(act);
              },
      });
      const { code, reason } = await cloud.failure(request);
      const ports = cloud.ports.map(({ id }) => id);
      expect([code, ports.length, cloud.attached()]).toEqual(['outcome_unknown', 1, ports]);
      expect(reason).toContain(`Neutron port ${ports[0]} may still be attached to the server`);
    },
  );
});
