import type { NetworkData } from '../input/network-data.js';
import type { Card, NetworkPort, Subnet } from '../network-service.js';
import { ipFrom, isIn, netmaskOf, subnetFrom } from './ip.js';
import type { PlannedNetwork } from './make-ports.js';
import { dnsService, everywhere, usualMtu } from './static-networks.js';

/** Whether the system must be told its addresses, because nothing in one of the subnets tells them. */
export function needsData(networks: readonly PlannedNetwork[]): boolean {
  return networks.some(({ subnets }) => subnets.some(({ teaches }) => teaches === 'nothing'));
}

/**
 * What the system is told about the addresses that Neutron gave to its ports: about all of them, because a config drive
 * that names only some of the cards leaves the others without a network.
 */
export function neutronDataOf(
  networks: readonly PlannedNetwork[],
  ports: readonly NetworkPort[],
  cards: readonly Card[],
): NetworkData {
  const connections = ports.flatMap((port, index) => {
    const network = networks[index];
    const mac = cards.find(({ vif }) => vif === port.id)?.mac;
    return network === undefined || mac === undefined ? [] : [{ port, network, mac, link: `nic${index}` }];
  });
  const found = connections.flatMap(({ port, network, link }) =>
    port.addresses.flatMap((address) => {
      const subnet = network.subnets.find((each) => isInSubnet(address, each));
      return subnet === undefined ? [] : [{ address, subnet, link }];
    }),
  );
  return {
    links: connections.map(({ mac, network, link }) => ({
      id: link,
      type: 'phy',
      ethernet_mac_address: mac,
      mtu: network.mtu ?? usualMtu,
    })),
    networks: found.map(({ address, subnet, link }, index) => {
      const id = `network${index}`;
      return { id, network_id: id, link, ...addressing(address, subnet) };
    }),
    services: [...new Set(found.flatMap(({ subnet }) => subnet.dns))].map(dnsService),
  };
}

function addressing(address: string, { version, cidr, gateway, routes, dns, teaches }: Subnet) {
  if (teaches === 'slaac') return { type: 'ipv6_slaac' } as const;
  if (teaches === 'dhcp') return version === 4 ? ({ type: 'ipv4_dhcp' } as const) : ({ type: 'ipv6_dhcp' } as const);
  const others = routes.map((route) => ({
    network: String(route.destination.split('/')[0]),
    netmask: netmaskOf(subnetFrom(route.destination)),
    gateway: route.gateway,
  }));
  const told = {
    ip_address: address,
    netmask: netmaskOf(subnetFrom(cidr)),
    routes: [...(gateway === null ? [] : [{ ...everywhere[version], gateway }]), ...others],
    services: dns.map(dnsService),
  };
  return version === 4 ? ({ type: 'ipv4', ...told } as const) : ({ type: 'ipv6', ...told } as const);
}

function isInSubnet(address: string, { cidr }: Subnet): boolean {
  const ip = ipFrom(address);
  return ip !== null && isIn(ip, subnetFrom(cidr));
}
