/** A subnet of 254 IPv4 hosts, or of IPv6 hosts that make their addresses from their MAC addresses. */
export interface Subnet {
  readonly id: string;
  readonly cidr: string;
  readonly version: 4 | 6;
  /** What each of its addresses begins with. */
  readonly prefix: string;
  readonly gateway: string;
  /** Whether a DHCP server tells its hosts their addresses, or a router does. */
  readonly enable_dhcp: boolean;
}

/** A network of Neutron. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly shared: boolean;
  /** Milliseconds since the epoch, like all times here. */
  readonly created_at: number;
  readonly subnets: readonly Subnet[];
}

interface FixedIp {
  readonly subnet_id: string;
  readonly ip_address: string;
}

/** A port of Neutron: what Ironic calls a VIF. */
export interface TenantPort {
  readonly id: string;
  readonly network: Network;
  readonly vnic_type: string;
  readonly created_at: number;
  name: string;
  description: string;
  device_id: string;
  device_owner: string;
  mac_address: string;
  fixed_ips: readonly FixedIp[];
  status: 'ACTIVE' | 'DOWN';
  updated_at: number;
  revision: number;
}

/** Where ports get their addresses from. */
interface Ports {
  readonly tenantPorts: ReadonlyMap<string, TenantPort>;
}

/** The addresses of a new port: one of each subnet; null where a subnet has none left. */
export function addressesFor(world: Ports, network: Network, mac: string, wanted: string | undefined) {
  const ips: FixedIp[] = [];
  for (const subnet of network.subnets) {
    const own = wanted?.startsWith(subnet.prefix) && subnet.version === 4 ? wanted : undefined;
    const address = subnet.version === 6 ? slaac(subnet, mac) : (own ?? freeIn(world, subnet));
    if (address === undefined) return null;
    ips.push({ subnet_id: subnet.id, ip_address: address });
  }
  return ips;
}

/** Whether some port has the address. */
export function isTaken({ tenantPorts }: Ports, { id }: Subnet, address: string): boolean {
  return [...tenantPorts.values()].some(({ fixed_ips: ips }) =>
    ips.some(({ subnet_id, ip_address }) => subnet_id === id && ip_address === address),
  );
}

function freeIn(world: Ports, subnet: Subnet): string | undefined {
  const hosts = Array.from({ length: 253 }, (_, index) => `${subnet.prefix}${index + 2}`);
  return hosts.find((address) => !isTaken(world, subnet, address));
}

/** The address that a host makes from its MAC address (RFC 4291, appendix A). */
function slaac({ prefix }: Subnet, mac: string): string {
  const [a = 0, b = 0, c = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const bytes = [a ^ 2, b, c, 0xff, 0xfe, ...rest];
  const groups = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return new URL(`http://[${prefix}${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Changes a port, and what goes with a change. */
export function updatePort(port: TenantPort, changes: Partial<TenantPort>, at: number): void {
  Object.assign(port, changes, { updated_at: at, revision: port.revision + 1 });
  const { mac_address: mac } = changes;
  if (mac === undefined) return;
  port.fixed_ips = port.fixed_ips.map((ip) => {
    const subnet = port.network.subnets.find(({ id }) => id === ip.subnet_id);
    return subnet?.version === 6 ? { ...ip, ip_address: slaac(subnet, mac) } : ip;
  });
}

/** A MAC address of those that Neutron gives. */
export function randomMac(random: () => number): string {
  const byte = () =>
    Math.floor(random() * 256)
      .toString(16)
      .padStart(2, '0');
  return `fa:16:3e:${byte()}:${byte()}:${byte()}`;
}
