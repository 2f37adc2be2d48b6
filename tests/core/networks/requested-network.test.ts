import { describe, expect, test } from 'vitest';
import { zodMessages } from '../../../src/core/input/zod-messages.js';
import { RequestedNetworks } from '../../../src/core/networks/requested-network.js';

const judged = (...networks: object[]) => {
  const { error } = RequestedNetworks.safeParse(networks, { error: zodMessages });
  return error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? 'accepted';
};
const v4 = { address: '10.20.0.11/24', gateway: '10.20.0.1', dns: ['10.20.0.2', '2001:db8::2'] };
const v6 = { address: '2001:db8::b/64', gateway: '2001:db8::1' };

describe('the networks of a request', () => {
  test.each<[string, object[]]>([
    ['none', []],
    ['one of IPv4', [v4]],
    ['one of IPv6', [v6]],
    ['one of each, each with its gateway', [v4, v6]],
    ['two without a gateway', [{ address: '10.20.0.11/24' }, { address: '10.21.0.11/24' }]],
    ['an IPv6 router that is known by its own link only', [{ ...v6, gateway: 'fe80::1' }]],
    ['networks by name', [{ network: 'tenant-a' }, { network: 'tenant-a', address: '10.20.0.11' }]],
    ['eight', Array.from({ length: 8 }, (_, index) => ({ address: `10.${index}.0.2/16` }))],
  ])('may be %s', (_, networks) => {
    expect(judged(...networks)).toBe('accepted');
  });

  test("get their MAC addresses in Ironic's spelling", () => {
    expect(RequestedNetworks.parse([{ ...v4, mac: '52-54-00-AB-00-01' }])).toMatchObject([
      { mac: '52:54:00:ab:00:01' },
    ]);
  });

  const host = 'must be the address of a host, with its prefix length, e.g. 10.20.0.11/24';
  const neighbour = 'must be another address in the same subnet';
  test.each<[string, object[], string]>([
    ['without an address or a network', [{}], '0.address: is missing; give a network or an address'],
    [
      'with a prefix length on a network',
      [{ network: 'a', address: '10.20.0.11/24' }],
      '0.address: must be an IP address without a prefix length beside network',
    ],
    [
      'with a gateway of a network',
      [{ network: 'a', gateway: '10.20.0.1' }],
      '0.gateway: is not allowed beside network: the network decides it',
    ],
    [
      'with networks and addresses',
      [{ network: 'a' }, v4],
      '1.network: must be in every entry or in none, unlike in networks.0',
    ],
    ['without a prefix length', [{ address: '10.20.0.11' }], `0.address: ${host}`],
    ['of the subnet itself', [{ address: '10.20.0.0/24' }], `0.address: ${host}`],
    ['with a gateway elsewhere', [{ ...v4, gateway: '10.21.0.1' }], `0.gateway: ${neighbour}`],
    ['with a gateway of the other family', [{ ...v4, gateway: '2001:db8::1' }], `0.gateway: ${neighbour}`],
    ['with itself for a gateway', [{ ...v4, gateway: '10.20.0.11' }], `0.gateway: ${neighbour}`],
    ['with a gateway that is none', [{ ...v4, gateway: 'router' }], '0.gateway: must be an IP address'],
    ['with a DNS server by name', [{ ...v4, dns: ['ns1'] }], '0.dns.0: must be an IP address'],
    ['with too many DNS servers', [{ ...v4, dns: Array(4).fill('10.20.0.2') }], '0.dns: must be at most 3 servers'],
    ['with a MAC address that is none', [{ ...v4, mac: 'eth0' }], '0.mac: must be a MAC address'],
    ['with an unknown member', [{ ...v4, vlan: 7 }], '0: unknown member "vlan"'],
    [
      'of one card twice',
      [
        { ...v4, mac: '52:54:00:ab:00:01' },
        { ...v6, mac: '52:54:00:AB:00:01' },
      ],
      '1.mac: names the same network card as networks.0',
    ],
    [
      'with the same address twice',
      [{ address: '10.20.0.11/24' }, { address: '10.20.0.11/24' }],
      '1.address: is in a subnet that overlaps with the subnet of networks.0',
    ],
    [
      'with one subnet inside another',
      [v6, { address: '10.20.0.11/24' }, { address: '10.20.9.9/16' }],
      '2.address: is in a subnet that overlaps with the subnet of networks.1',
    ],
    [
      'with two gateways of a family',
      [v4, { address: '10.21.0.11/24', gateway: '10.21.0.1' }],
      '1.gateway: is a second IPv4 gateway, beside the gateway of networks.0',
    ],
    ['of nine cards', Array(9).fill(v4), ': must be at most 8 network cards'],
  ])('are refused %s', (_, networks, problem) => {
    expect(judged(...networks)).toContain(problem);
  });
});
