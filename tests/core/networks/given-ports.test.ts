import { describe, expect, it } from 'vitest';
import { admitPorts } from '../../../src/core/networks/given-ports.js';
import { NoAnswer, Refused } from '../../../src/core/ports.js';
import { uuid } from '../fake-bare-metal.js';
import { fakeNetworks, freePort } from './fake-networks.js';

const signal = new AbortController().signal;
const admit = (...ports: Parameters<typeof freePort>) =>
  admitPorts(fakeNetworks(ports.map((port) => freePort(port))), [uuid(801)], signal).then(
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
      await expect(admitPorts(silent, [uuid(801)], signal)).resolves.toBeUndefined();
    },
  );

  it('is admitted without a Neutron, and a defect is not hidden', async () => {
    await expect(admitPorts(undefined, [uuid(801)], signal)).resolves.toBeUndefined();
    const broken = { ...fakeNetworks(), ports: () => Promise.reject(new TypeError('a defect')) };
    await expect(admitPorts(broken, [uuid(801)], signal)).rejects.toThrow('a defect');
  });
});
