import { again, persisting, type Retrying, retries } from '../async/retry.js';
import type { NetworkPort, NetworkService, Subnet } from '../network-service.js';
import { NoAnswer, Refused } from '../ports.js';
import { sameIp } from './ip.js';
import { descriptionOf, type Mark, type OwnPort, ownPortsOf } from './own-ports.js';

/** A network of a request, found in Neutron. */
export interface PlannedNetwork {
  readonly id: string;
  readonly name: string;
  readonly mtu: number | null;
  readonly subnets: readonly Subnet[];
  /** The address that the caller wants on it; otherwise Neutron chooses. */
  readonly address: string | undefined;
}

/** What it takes to make ports for one attempt. */
export interface PortMaking extends Retrying {
  readonly networks: NetworkService;
  readonly mark: Mark;
  /** How the server is called in the names of its ports. */
  readonly serverName: string;
  /** By the clock: from then on nothing is sent. */
  readonly until: number;
  /** Of every request: the signal of a change. */
  readonly signal: AbortSignal;
  /** Told when a request for a port may still arrive, because its answer was lost. */
  readonly onLost: () => void;
  /** Told when the port of such a request was found. */
  readonly onFound: () => void;
}

/** What earlier attempts at the same deployment have left. */
export interface EarlierPorts {
  /** By the place of their network in the request: they are this attempt's from now on. */
  readonly claimed: ReadonlyMap<number, NetworkPort>;
  /** Of no use any more. */
  readonly stale: readonly NetworkPort[];
}

/**
 * Takes over the ports that earlier attempts, which have ended, made for the same server. If two calls want the same port,
 * the one that changes it first gets it.
 */
export async function claimEarlier(
  { networks, mark, signal }: PortMaking,
  wanted: readonly PlannedNetwork[],
  ended: readonly OwnPort[],
): Promise<EarlierPorts> {
  const claimed = new Map<number, NetworkPort>();
  const stale: NetworkPort[] = [];
  for (const { port, mark: earlier } of ended) {
    const index = wanted.findIndex((network, at) => !claimed.has(at) && isOn(port, network));
    if (index < 0 || earlier.serverId !== mark.serverId) {
      stale.push(port);
      continue;
    }
    const own = await claim(port);
    if (own !== null) claimed.set(index, own);
  }
  return { claimed, stale };

  /** Null if the port is gone, or another call has taken it. */
  async function claim(listed: NetworkPort): Promise<NetworkPort | null> {
    let port: NetworkPort | undefined = listed;
    for (let tries = 1; port !== undefined && tries <= retries.lostAnswer.attempts; tries += 1) {
      const own = await networks.describe(port, descriptionOf(mark), signal).catch((error: unknown) => {
        if (error instanceof Refused) return null;
        throw error;
      });
      if (own !== null) return own;
      // Ironic changes a port as well, when it attaches it.
      const now: readonly NetworkPort[] = await networks.ports([listed.id], signal);
      port = now.find(
        ({ deviceId, description }) => deviceId === listed.deviceId && description === listed.description,
      );
    }
    return null;
  }
}

/** Makes a port on a network. If an answer is lost, it looks for the port before it makes another one. */
export function makePort(
  making: PortMaking,
  network: PlannedNetwork,
  index: number,
  taken: ReadonlySet<string>,
): Promise<NetworkPort> {
  const { networks, mark, serverName, signal, onLost, onFound } = making;
  const suffix = `-${mark.deploymentId.slice(0, 8)}-${mark.attemptId.slice(0, 8)}-${index}`;
  return persisting<NetworkPort>({
    ...making,
    async change(before) {
      if (before?.lost) {
        const own = await ownPortsOf(networks, mark.deploymentId, signal);
        const found = own.find(
          (each) => each.mark.attemptId === mark.attemptId && isOn(each.port, network) && !taken.has(each.port.id),
        );
        if (found) {
          onFound();
          return found.port;
        }
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
    async settle({ error, lost, last }) {
      if (error instanceof NoAnswer && error.mayHaveTakenEffect) onLost();
      if (error instanceof NoAnswer) return again;
      if (!lost) throw error;
      // A request of ours may have the address that is taken, and will be found.
      if (last)
        throw new NoAnswer(`${error.reason}; an earlier request for it, whose answer was lost, may have it`, false);
      return again;
    },
  });
}

function isOn(port: NetworkPort, { id, address }: PlannedNetwork): boolean {
  return port.networkId === id && (address === undefined || port.addresses.some((each) => sameIp(each, address)));
}
