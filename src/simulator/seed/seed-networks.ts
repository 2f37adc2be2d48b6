import type { Network, Subnet } from '../world/network.js';
import { fixedUuid } from './fixed-uuid.js';

/** The built-in networks: one of the project's own, and a shared one with both families. */
export function networks(start: number): readonly Network[] {
  return [
    { id: fixedUuid('network', 1), name: 'tenant-a', shared: false, created_at: start, subnets: [ipv4(1, '10.20.0.')] },
    {
      id: fixedUuid('network', 2),
      name: 'shared-dual',
      shared: true,
      created_at: start,
      subnets: [ipv4(2, '10.30.0.'), ipv6(3, 'fd00:30:0:0:')],
    },
  ];
}

function ipv4(number: number, prefix: string): Subnet {
  const id = fixedUuid('subnet', number);
  return { id, version: 4, prefix, cidr: `${prefix}0/24`, gateway: `${prefix}1`, enable_dhcp: true };
}

function ipv6(number: number, prefix: string): Subnet {
  return {
    id: fixedUuid('subnet', number),
    version: 6,
    prefix,
    cidr: 'fd00:30::/64',
    gateway: 'fd00:30::',
    enable_dhcp: true,
  };
}
