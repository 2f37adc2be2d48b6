/** A network of Neutron that our project may use. */
export interface Network {
  readonly id: string;
  readonly name: string;
  /** The largest packet that it takes; null if Neutron does not tell. */
  readonly mtu: number | null;
  /** Without a subnet a port on it would get no address. */
  readonly subnetIds: readonly string[];
}

/** Part of a network: a range of addresses. */
export interface Subnet {
  readonly id: string;
  readonly version: 4 | 6;
  readonly cidr: string;
  readonly gateway: string | null;
  readonly dns: readonly string[];
  readonly routes: readonly { readonly destination: string; readonly gateway: string }[];
  /** How a system in it learns its address. */
  readonly teaches: 'dhcp' | 'slaac' | 'nothing';
}

/** A port of Neutron: a connection to a network. */
export interface NetworkPort {
  readonly id: string;
  readonly networkId: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly status: string;
  readonly deviceId: string;
  readonly deviceOwner: string;
  readonly description: string;
  /** Text that sorts by age. */
  readonly createdAt: string;
  /** Changes with every change of the port; null where Neutron does not count. */
  readonly revision: number | null;
}

/** What a new port is to be like. */
export interface WantedPort {
  readonly networkId: string;
  readonly name: string;
  readonly deploymentId: string;
  /** Tells whose it is: see `networks/marks.ts`. */
  readonly description: string;
  /** One that the caller wants; otherwise Neutron chooses. */
  readonly address: string | undefined;
}

/**
 * Networks as the core needs them; `openstack/neutron.ts` speaks to Neutron. Every method rejects as those of `BareMetal`
 * do. All of them are about our own project.
 */
export interface NetworkService {
  /** The networks of that id or name, our own and shared ones. Changes nothing. */
  find(ref: string, signal: AbortSignal): Promise<readonly Network[]>;

  /** All networks that we may use. Changes nothing. */
  list(signal: AbortSignal): Promise<readonly Network[]>;

  /** Networks by their ids, our own and shared ones. Changes nothing. */
  networks(ids: readonly string[], signal: AbortSignal): Promise<readonly Network[]>;

  /** Subnets by their ids, maybe as they were some minutes ago. Changes nothing. */
  subnets(ids: readonly string[], signal: AbortSignal): Promise<readonly Subnet[]>;

  /** The ports that this program made for a deployment, or for any, by their owner. Changes nothing. */
  ownPorts(deploymentId: string | undefined, signal: AbortSignal): Promise<readonly NetworkPort[]>;

  /** Ports by their ids, those of others as well; those that we may not see are missing. Changes nothing. */
  ports(ids: readonly string[], signal: AbortSignal): Promise<readonly NetworkPort[]>;

  /** Makes a port. Repeated, it makes another one. */
  create(wanted: WantedPort, signal: AbortSignal): Promise<NetworkPort>;

  /** Gives a port another description, if it has not changed since it was read; refused as `taken` if it has. */
  describe(port: NetworkPort, description: string, signal: AbortSignal): Promise<NetworkPort>;

  /** Deletes a port, if it has not changed since it was read; refused as `taken` if it has. One that is gone is a success. */
  remove(port: NetworkPort, signal: AbortSignal): Promise<void>;
}

/** A network card of a server. */
export interface Card {
  /** In lower case with colons. */
  readonly mac: string;
  /** Whether the server may boot from the network by it. */
  readonly pxe: boolean;
  /** The Neutron port that is attached to it. */
  readonly vif: string | null;
  /** Some work together, as a bond that Ironic takes for one card. */
  readonly kind: 'single' | 'in a bond' | 'bond';
}

/** The network cards of servers, as Ironic knows them. Every method rejects as those of `BareMetal` do. */
export interface ServerCards {
  /** A server's network cards, in the order of Ironic's ids. Changes nothing. */
  cards(serverId: string, signal: AbortSignal): Promise<readonly Card[]>;

  /** The Neutron ports that are attached to any server we may see, each with the id of its server. Changes nothing. */
  recordedAt(signal: AbortSignal): Promise<ReadonlyMap<string, string>>;

  /**
   * Attaches a Neutron port to a reserved server. A repeated call succeeds. A refused port may still have to be detached.
   * `accepted` is Ironic's word alone, which is worth nothing on a server without Neutron; `recorded` was seen.
   */
  attach(serverId: string, vif: string, signal: AbortSignal): Promise<'accepted' | 'recorded'>;

  /** Detaches a Neutron port. Also succeeds if it is not attached. */
  detach(serverId: string, vif: string, signal: AbortSignal): Promise<void>;
}
