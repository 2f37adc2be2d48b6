import type { NetworkData } from '../input/network-data.js';
import type { Card } from '../network-service.js';
import type { EntryAddress } from '../server.js';
import { hostAddressFrom, netmaskOf } from './ip.js';
import type { RequestedNetwork } from './requested-network.js';

/** Every link needs an MTU, because Ironic 39 replaces network_data that has a link without one. */
export const usualMtu = 1_500;

/** The network interface that a server needs. With any other, Ironic connects the network cards itself. */
export const staticInterfaces = ['noop'] as const;

/** The networks of one server: what its system is told at the first boot, and what the answers say. */
export interface StaticNetworks {
  readonly kind: 'assigned';
  readonly networkData: NetworkData;
  readonly addresses: readonly EntryAddress[];
}

/** Gives each requested address to a network card of a server, or says as a clause why that is not possible. */
export function assignAddresses(
  requested: readonly RequestedNetwork[],
  all: readonly Card[],
): StaticNetworks | { readonly kind: 'misfit'; readonly why: string } {
  const cards = all.filter(({ kind }) => kind === 'single');
  const misfit = (why: string) => ({ kind: 'misfit', why }) as const;
  if (requested.length > cards.length) {
    return misfit(`it has ${counted(cards.length)}, and networks has ${requested.length} entries`);
  }
  const named = new Set(requested.map(({ mac }) => mac));
  const strange = [...named].find((mac) => mac !== undefined && cards.every((card) => card.mac !== mac));
  if (strange !== undefined) return misfit(`it has no network card ${strange}`);
  // The cards that PXE boots from come first: as a rule they are the ones with a cable.
  const rest = [...cards]
    .sort((one, other) => Number(other.pxe) - Number(one.pxe))
    .filter(({ mac }) => !named.has(mac));
  const assigned = requested.map((network) => {
    const host = hostAddressFrom(network.address ?? '');
    const mac = network.mac ?? rest.shift()?.mac;
    if (host === null || mac === undefined) throw new TypeError('the schema and the count have let this through');
    return { ...network, host, mac };
  });
  const services = [...new Set(requested.flatMap(({ dns = [] }) => dns))].map(dnsService);
  return {
    kind: 'assigned',
    networkData: {
      links: assigned.map(({ mac }, index) => ({
        id: `nic${index}`,
        type: 'phy',
        ethernet_mac_address: mac,
        mtu: usualMtu,
      })),
      networks: assigned.map(({ host, gateway, dns = [] }, index) => ({
        id: `network${index}`,
        network_id: `network${index}`,
        link: `nic${index}`,
        type: host.family === 4 ? 'ipv4' : 'ipv6',
        ip_address: host.text,
        netmask: netmaskOf(host),
        ...(gateway === undefined ? {} : { routes: [{ ...everywhere[host.family], gateway }] }),
        ...(dns.length === 0 ? {} : { services: dns.map(dnsService) }),
      })),
      services,
    },
    addresses: assigned.map(({ host, mac }) => ({ address: host.text, mac })),
  };
}

/** The default routes. */
export const everywhere = {
  4: { network: '0.0.0.0', netmask: '0.0.0.0' },
  6: { network: '::', netmask: '::' },
} as const;

/** A name server, as network_data has it. */
export function dnsService(address: string) {
  return { type: 'dns', address } as const;
}

function counted(cards: number): string {
  if (cards === 0) return 'no network card that Ironic knows';
  return cards === 1 ? '1 network card' : `${cards} network cards`;
}
