import { again, persisting, type Retrying, retries, retrying } from '../async/retry.js';
import type { NetworkPort, NetworkService } from '../network-service.js';
import { NoAnswer, Refused } from '../ports.js';
import { sameIp } from './ip.js';
import { descriptionOf, type Mark, markOf } from './marks.js';

/** A network of a request, found in Neutron. */
export interface PlannedNetwork {
  readonly id: string;
  readonly name: string;
  /** The address that the caller wants on it; otherwise Neutron chooses. */
  readonly address: string | undefined;
}

/** Who makes ports, for what. */
export interface PortMaking extends Retrying {
  readonly networks: NetworkService;
  readonly mark: Mark;
  /** How the server is called in the names of its ports. */
  readonly serverName: string;
  /** By the clock: from then on nothing is sent. */
  readonly until: number;
  /** Of every request: the signal of a change. */
  readonly signal: AbortSignal;
}

/** What an earlier attempt at the same deployment has left. */
export interface EarlierPorts {
  /** By the place of their network in the request: they are this attempt's from now on. */
  readonly claimed: ReadonlyMap<number, NetworkPort>;
  /** Of no use any more. */
  readonly stale: readonly NetworkPort[];
}

/** Takes over the ports that an earlier attempt has made for the same server. Whoever changes a port first has it. */
export async function claimEarlier(making: PortMaking, wanted: readonly PlannedNetwork[]): Promise<EarlierPorts> {
  const { networks, mark, signal } = making;
  const claimed = new Map<number, NetworkPort>();
  const stale: NetworkPort[] = [];
  for (const port of byAge(await networks.ownPorts(mark.deploymentId, signal))) {
    const earlier = markOf(port);
    if (earlier === null) continue;
    const index = wanted.findIndex((network, at) => !claimed.has(at) && isOn(port, network));
    if (index < 0 || earlier.serverId !== mark.serverId) {
      stale.push(port);
      continue;
    }
    const own = await networks.describe(port, descriptionOf(mark), signal).catch((error: unknown) => {
      if (error instanceof Refused) return null;
      throw error;
    });
    if (own !== null) claimed.set(index, own);
  }
  return { claimed, stale };
}

/** Makes a port on a network. If an answer is lost, it looks for the port before it makes another one. */
export function makePort(
  making: PortMaking,
  network: PlannedNetwork,
  index: number,
  taken: ReadonlySet<string>,
): Promise<NetworkPort> {
  const { networks, mark, serverName, signal } = making;
  const suffix = `-${mark.deploymentId.slice(0, 8)}-${index}`;
  return persisting<NetworkPort>({
    ...making,
    async change(before) {
      if (before?.lost) {
        const found = byAge(await networks.ownPorts(mark.deploymentId, signal)).find(
          (port) => markOf(port)?.attemptId === mark.attemptId && isOn(port, network) && !taken.has(port.id),
        );
        if (found) return found;
      }
      return networks.create(
        {
          networkId: network.id,
          // Two ports of one name would confuse Ironic, which writes them into the config drive by their names.
          name: `${serverName.slice(0, 200)}${suffix}`,
          deploymentId: mark.deploymentId,
          description: descriptionOf(mark),
          address: network.address,
        },
        signal,
      );
    },
    async settle({ error }) {
      if (error instanceof Refused) throw error;
      return again;
    },
  });
}

/** Which ports of a deployment are to be removed. */
export interface Removal extends Retrying {
  readonly networks: NetworkService;
  readonly deploymentId: string;
  readonly isOver: (mark: Mark) => boolean;
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * Removes ports that this program made, and no others: each is known by all of its marks, and removed only as it was read.
 * Answers whether none is left, as far as Neutron tells.
 */
export async function removePorts(removal: Removal): Promise<boolean> {
  const { networks, deploymentId, isOver, clock, random, until, signal } = removal;
  const mayHelp = (error: unknown) => (error instanceof NoAnswer || error instanceof Refused) && clock.now() < until;
  try {
    await retrying({ clock, random, policy: retries.lostAnswer, signal, again: mayHelp }, async () => {
      for (const port of await networks.ownPorts(deploymentId, signal)) {
        const mark = markOf(port);
        if (mark !== null && isOver(mark)) await networks.remove(port, signal);
      }
    });
    return true;
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof Refused) return false;
    throw error;
  }
}

function isOn(port: NetworkPort, { id, address }: PlannedNetwork): boolean {
  return port.networkId === id && (address === undefined || port.addresses.some((each) => sameIp(each, address)));
}

function byAge(ports: readonly NetworkPort[]): NetworkPort[] {
  const key = ({ createdAt, id }: NetworkPort) => `${createdAt} ${id}`;
  return [...ports].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}
