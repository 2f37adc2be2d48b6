import { invalidArgument } from '../failures.js';
import type { Network, NetworkService } from '../network-service.js';
import type { Policy } from '../policy.js';
import { named } from '../text/untrusted.js';
import type { PlannedNetwork } from './make-ports.js';
import type { RequestedNetwork } from './requested-network.js';

/** What the network interface of a server must be so that Ironic connects it to networks. */
export const neutronInterfaces = ['flat', 'neutron'] as const;

/** Whether a request names networks of Neutron; else it gives addresses, or nothing. */
export function namesNetworks(requested: readonly RequestedNetwork[]): boolean {
  return requested.some(({ network }) => network !== undefined);
}

/**
 * Finds the networks that a request names. Changes nothing.
 * @throws Failure `invalid_request`, `not_permitted`
 */
export async function findNetworks(
  { networks, policy }: { readonly networks: NetworkService | undefined; readonly policy: Policy },
  requested: readonly RequestedNetwork[],
  signal: AbortSignal,
): Promise<readonly PlannedNetwork[]> {
  const found = new Map<string, Promise<Network>>();
  const planned = requested.map(async ({ network: ref, address }, index) => {
    if (ref === undefined) return null;
    const wrong = (problem: string) => invalidArgument(`networks.${index}.network`, problem);
    if (networks === undefined)
      throw wrong('this cloud has no Neutron; give an address with its prefix length instead');
    const finding = found.get(ref) ?? find(networks, ref, wrong);
    found.set(ref, finding);
    return { network: await finding, address };
  });
  const settled = await Promise.allSettled(planned);
  const all = settled.flatMap((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value ?? [];
  });
  const ids = [...new Set(all.flatMap(({ network }) => network.subnetIds))];
  const subnets = (await networks?.subnets(ids, signal)) ?? [];
  return all.map(({ network: { id, name, mtu, subnetIds }, address }) => ({
    id,
    name,
    mtu,
    subnets: subnets.filter((each) => subnetIds.includes(each.id)),
    address,
  }));

  async function find(service: NetworkService, ref: string, wrong: (problem: string) => Error) {
    const [network, ...others] = await service.find(ref, signal);
    if (network === undefined) throw wrong('Neutron shows this project no network of that name or id');
    if (others.length > 0) {
      const ids = [network, ...others].map(({ id }) => named(id, 40));
      throw wrong(`${ids.length} networks have this name; give the id of one: ${ids.slice(0, 8).join(', ')}`);
    }
    policy.admitNetwork(network);
    if (network.subnetIds.length === 0) throw wrong('that network has no subnet, so that its ports get no address');
    return network;
  }
}
