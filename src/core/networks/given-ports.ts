import { invalidArgument } from '../failures.js';
import type { NetworkPort, NetworkService } from '../network-service.js';
import { NoAnswer, Refused } from '../ports.js';
import { named } from '../text/untrusted.js';

/**
 * Refuses ports of the caller that Neutron shows to be somebody's: Ironic would attach them all the same, and take them
 * from the machine that has them. If Neutron does not answer, nothing is known and nothing is refused. Changes nothing.
 * @throws Failure `invalid_request`
 */
export async function admitPorts(
  networks: NetworkService | undefined,
  vifs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (networks === undefined || vifs.length === 0) return;
  const ports = await networks.ports(vifs, signal).catch((error: unknown) => {
    if (error instanceof NoAnswer || error instanceof Refused) return null;
    throw error;
  });
  if (ports === null) return;
  for (const [index, id] of vifs.entries()) {
    const port = ports.find((each) => each.id === id);
    const problem = port === undefined ? 'Neutron shows this project no such port' : useOf(port);
    if (problem !== null) throw invalidArgument(`vifs.${index}`, problem);
  }
}

/** By what a port shows that somebody uses it; null if it does not. */
function useOf({ deviceId, deviceOwner, status }: NetworkPort): string | null {
  if (deviceOwner !== '') return `the port belongs to ${named(deviceOwner, 40)}`;
  if (deviceId !== '') return `the port belongs to device ${named(deviceId, 40)}`;
  return status === 'DOWN' ? null : `the port is in use: its status is ${named(status, 40)}`;
}
