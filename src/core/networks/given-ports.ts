import { invalidArgument } from '../failures.js';
import type { NetworkPort, NetworkService } from '../network-service.js';
import type { Policy } from '../policy.js';
import { type BareMetal, NoAnswer, Refused } from '../ports.js';
import { named } from '../text/untrusted.js';

/** Whom to ask about the ports of a caller. */
export interface PortJudges {
  readonly bareMetal: BareMetal;
  /** Undefined where there is no Neutron. */
  readonly networks: NetworkService | undefined;
  readonly policy: Policy;
}

/**
 * Refuses ports of the caller that Neutron or Ironic shows to be somebody's: Ironic would attach them all the same, and
 * take them from the machine that has them. What Ironic does not let us see, or Neutron does not tell, is not known, and
 * no reason to refuse; but where the operator limits the networks, a port must be known to be in one of them. Changes
 * nothing.
 * @param serverId Where they are to be attached, and may be already.
 * @throws Failure `invalid_request`, `not_permitted`
 * @throws NoAnswer if Ironic does not say where the ports are
 */
export async function admitPorts(
  { bareMetal, networks, policy }: PortJudges,
  vifs: readonly string[],
  serverId: string,
  signal: AbortSignal,
): Promise<void> {
  if (vifs.length === 0) return;
  const recorded = await bareMetal.recordedAt(signal).catch(unlessHidden);
  for (const [index, id] of vifs.entries()) {
    const server = recorded?.get(id);
    if (server !== undefined && server !== serverId)
      throw invalidArgument(`vifs.${index}`, `the port is attached to server ${server}`);
  }
  const ports = networks && (await unlessUnanswered(networks.ports(vifs, signal)));
  for (const [index, id] of ports ? vifs.entries() : []) {
    const port = ports?.find((each) => each.id === id);
    const problem = port === undefined ? 'Neutron shows this project no such port' : useOf(port);
    if (problem !== null) throw invalidArgument(`vifs.${index}`, problem);
  }
  if (!policy.limitsNetworks) return;
  const ids = [...new Set((ports ?? []).map(({ networkId }) => networkId))];
  const found = networks && ports ? await unlessUnanswered(networks.networks(ids, signal)) : null;
  for (const id of ids) policy.admitNetwork(found?.find((network) => network.id === id) ?? { id, name: id });
  if (ids.length === 0) policy.admitNetwork({ id: '', name: 'unknown' });
}

/** Null if Ironic does not let us see it; without an answer a port could be taken from a server that uses it. */
function unlessHidden(error: unknown): null {
  if (error instanceof Refused && (error.refusal === 'forbidden' || error.refusal === 'not_found')) return null;
  throw error;
}

/** Null if the service refuses to tell, or gives no answer. */
function unlessUnanswered<Value>(promise: Promise<Value>): Promise<Value | null> {
  return promise.catch((error: unknown) => {
    if (error instanceof NoAnswer || error instanceof Refused) return null;
    throw error;
  });
}

/** By what a port shows that somebody uses it; null if it does not. */
function useOf({ deviceId, deviceOwner, status }: NetworkPort): string | null {
  if (deviceOwner !== '') return `the port belongs to ${named(deviceOwner, 40)}`;
  if (deviceId !== '') return `the port belongs to device ${named(deviceId, 40)}`;
  return status === 'DOWN' ? null : `the port is in use: its status is ${named(status, 40)}`;
}
