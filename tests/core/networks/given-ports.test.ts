import { describe, expect, it } from 'vitest';
import type { NetworkService } from '../../../src/core/network-service.js';
import { admitPorts } from '../../../src/core/networks/given-ports.js';
import { createPolicy } from '../../../src/core/policy.js';
import { NoAnswer, Refused } from '../../../src/core/ports.js';
import { createFakeBareMetal, freeServer, uuid } from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';
import { fakeNetworks, freePort } from './fake-networks.js';

const signal = new AbortController().signal;
/** @param at The servers at which Ironic records the port. */
function judged(networks: NetworkService | undefined, at: number[] = [], allowed?: readonly string[]) {
  const servers = [freeServer(1), freeServer(2)];
  const bareMetal = createFakeBareMetal({ servers, clock: createFakeClock() });
  for (const number of at) bareMetal.portsOf(uuid(number)).add(uuid(801));
  const policy = createPolicy({ networks: allowed });
  return admitPorts({ bareMetal, networks, policy }, [uuid(801)], uuid(1), signal);
}
const admit = (...ports: Parameters<typeof freePort>) =>
  judged(fakeNetworks(ports.map((port) => freePort(port)))).then(
    () => 'admitted',
    (error: { reason?: string }) => error.reason,
  );

describe('a port of the caller', () => {
  it('is admitted if nobody uses it', async () => {
    expect(await admit({})).toBe('admitted');
  });

  it.each([
    [{ deviceOwner: 'compute:nova' }, 'vifs.0: the port belongs to compute:nova'],
    [{ deviceId: 'web-7' }, 'vifs.0: the port belongs to device web-7'],
    [{ status: 'ACTIVE' }, 'vifs.0: the port is in use: its status is ACTIVE'],
    [{ id: uuid(9) }, 'vifs.0: Neutron shows this project no such port'],
  ])('is refused if Neutron shows %j', async (port, reason) => {
    expect(await admit(port)).toBe(reason);
  });

  it.each([new NoAnswer('Neutron is down', false), new Refused('forbidden', 'no', 'Neutron')])(
    'is admitted if Neutron does not tell: %s',
    async (error) => {
      const silent = { ...fakeNetworks(), ports: () => Promise.reject(error) };
      await expect(judged(silent)).resolves.toBeUndefined();
    },
  );

  it('is admitted without a Neutron, and a defect is not hidden', async () => {
    await expect(judged(undefined)).resolves.toBeUndefined();
    const broken = { ...fakeNetworks(), ports: () => Promise.reject(new TypeError('a defect')) };
    await expect(judged(broken)).rejects.toThrow('a defect');
  });

  it('is refused if Ironic records it at another server, with or without a Neutron', async () => {
    const reason = `vifs.0: the port is attached to server ${uuid(2)}`;
    await expect(judged(fakeNetworks([freePort()]), [2])).rejects.toMatchObject({ reason });
    await expect(judged(undefined, [2])).rejects.toMatchObject({ reason });
    await expect(judged(fakeNetworks([freePort()]), [1])).resolves.toBeUndefined();
  });

  it('is not attached to anything before Ironic has said where it is, unless Ironic hides that', async () => {
    const saying = (error: Error) => {
      const bareMetal = createFakeBareMetal({ servers: [freeServer(1)], clock: createFakeClock() });
      const recordedAt = () => Promise.reject(error);
      const judges = { bareMetal: { ...bareMetal, recordedAt }, networks: undefined, policy: createPolicy({}) };
      return admitPorts(judges, [uuid(801)], uuid(1), signal);
    };
    await expect(saying(new NoAnswer('no answer in 30 s', false))).rejects.toBeInstanceOf(NoAnswer);
    await expect(saying(new Refused('locked', 'busy', 'Ironic'))).rejects.toBeInstanceOf(Refused);
    await expect(saying(new Refused('forbidden', 'no', 'Ironic'))).resolves.toBeUndefined();
    await expect(saying(new Refused('not_found', 'no', 'Ironic'))).resolves.toBeUndefined();
  });

  it('must be in a network that the operator allows, as far as Neutron tells', async () => {
    const named = (name: string) => fakeNetworks([freePort()], [{ id: uuid(1), name, mtu: null, subnetIds: [] }]);
    await expect(judged(named('tenant-a'), [], ['tenant-*'])).resolves.toBeUndefined();
    await expect(judged(named('storage'), [], ['tenant-*'])).rejects.toMatchObject({ code: 'not_permitted' });
    await expect(judged(undefined, [], ['tenant-*'])).rejects.toMatchObject({ code: 'not_permitted' });
    const silent = { ...named('tenant-a'), networks: () => Promise.reject(new NoAnswer('down', false)) };
    await expect(judged(silent, [], ['tenant-*'])).rejects.toMatchObject({ code: 'not_permitted' });
  });
});
