/** A network of Neutron that our project may use. */
export interface Network {
  readonly id: string;
  readonly name: string;
  /** Without a subnet a port on it would get no address. */
  readonly hasSubnet: boolean;
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
