import * as z from 'zod';
import { canonicalMac, macPattern } from '../text/identifiers.js';
import { zodMessages } from './zod-messages.js';

/**
 * A list that is checked up to its first wrong member, because only that one is reported. zod's own list checks all:
 * a megabyte of wrong members would block the process for seconds.
 */
function list<Member extends z.ZodType>(member: Member) {
  return z.array(z.unknown()).transform((values, { issues }) => {
    const members: z.output<Member>[] = [];
    for (const [index, input] of values.entries()) {
      const { success, data, error } = member.safeParse(input, { error: zodMessages });
      if (!success) {
        const [{ path, message } = { path: [], message: 'not valid' }] = error.issues;
        issues.push({ code: 'custom', path: [index, ...path], message, input });
        break;
      }
      members.push(data);
    }
    return members;
  });
}

/*
 * The network_data of a config drive, which cloud-init reads at the first boot, by OpenStack's published schema
 * ("network_data.json"). Ironic accepts anything, so a mistake would show only on a server that nobody can reach.
 */
const mac = z.string().regex(macPattern, 'must be a MAC address');
const linkBase = { id: z.string(), mtu: z.number().min(1).max(65_535).nullish(), vif_id: z.string().optional() };
const Link = z.discriminatedUnion('type', [
  z.looseObject({
    ...linkBase,
    type: z.enum(['bridge', 'dvs', 'hw_veb', 'hyperv', 'ovs', 'tap', 'vhostuser', 'vif', 'phy']),
    ethernet_mac_address: mac,
  }),
  z.looseObject({
    ...linkBase,
    type: z.literal('bond'),
    ethernet_mac_address: mac,
    bond_mode: z.enum([
      '802.1ad',
      'balance-rr',
      'active-backup',
      'balance-xor',
      'broadcast',
      'balance-tlb',
      'balance-alb',
    ]),
    bond_links: list(z.string()),
  }),
  z.looseObject({
    ...linkBase,
    type: z.literal('vlan'),
    vlan_mac_address: mac,
    vlan_link: z.string(),
    vlan_id: z.int(),
  }),
]);

const ipv4 = z.ipv4('must be an IPv4 address');
const ipv6 = z.ipv6('must be an IPv6 address');
const ipv6Host = z.union([ipv6, z.cidrv6()], 'must be an IPv6 address, with or without a prefix length');
const Service = z.looseObject({ type: z.literal('dns'), address: z.union([ipv4, ipv6], 'must be an IP address') });
const networkBase = { id: z.string(), link: z.string(), network_id: z.string(), services: list(Service).optional() };
const Network = z.discriminatedUnion('type', [
  z.looseObject({
    ...networkBase,
    type: z.enum(['ipv4', 'ipv4_dhcp']),
    ip_address: ipv4.optional(),
    netmask: ipv4.optional(),
    routes: list(z.looseObject({ network: ipv4, netmask: ipv4, gateway: ipv4 })).optional(),
  }),
  z.looseObject({
    ...networkBase,
    type: z.enum(['ipv6', 'ipv6_dhcp', 'ipv6_slaac']),
    ip_address: ipv6Host.optional(),
    netmask: ipv6.optional(),
    routes: list(z.looseObject({ network: ipv6, netmask: ipv6, gateway: ipv6 })).optional(),
  }),
]);

/** The network_data of a config drive. */
export const NetworkData = z.looseObject({
  links: list(Link),
  networks: list(Network),
  services: list(Service),
});
export type NetworkData = z.output<typeof NetworkData>;

/** The MAC addresses of its network cards, in lower case with colons. */
export function macAddresses({ links }: NetworkData): string[] {
  return links.flatMap((link) => (link.type === 'phy' ? [canonicalMac(link.ethernet_mac_address)] : []));
}
