import { describe, expect, test } from 'vitest';
import { NetworkData } from '../../../src/core/input/network-data.js';
import { assignAddresses } from '../../../src/core/networks/static-networks.js';

const first = '52:54:00:00:00:01';
const second = '52:54:00:00:00:02';
const third = '52:54:00:00:00:03';
const cards = [
  { mac: first, pxe: false, vif: null, kind: 'single' },
  { mac: second, pxe: true, vif: null, kind: 'single' },
  { mac: third, pxe: false, vif: null, kind: 'single' },
] as const;
const v4 = { address: '10.20.0.11/24', gateway: '10.20.0.1', dns: ['10.20.0.2'] };
const v6 = { address: '2001:db8::b/64', gateway: 'fe80::1' };
const macsOf = (...networks: { address: string; mac?: string }[]) => {
  const assigned = assignAddresses(networks, cards);
  return assigned.kind === 'assigned' ? assigned.addresses.map(({ mac }) => mac) : assigned.why;
};

describe('the addresses of a request', () => {
  test('become network_data with everything that cloud-init needs', () => {
    expect(assignAddresses([v4, v6], cards)).toEqual({
      kind: 'assigned',
      networkData: {
        links: [
          { id: 'nic0', type: 'phy', ethernet_mac_address: second, mtu: 1500 },
          { id: 'nic1', type: 'phy', ethernet_mac_address: first, mtu: 1500 },
        ],
        networks: [
          {
            id: 'network0',
            network_id: 'network0',
            link: 'nic0',
            type: 'ipv4',
            ip_address: '10.20.0.11',
            netmask: '255.255.255.0',
            routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.20.0.1' }],
            services: [{ type: 'dns', address: '10.20.0.2' }],
          },
          {
            id: 'network1',
            network_id: 'network1',
            link: 'nic1',
            type: 'ipv6',
            ip_address: '2001:db8::b',
            netmask: 'ffff:ffff:ffff:ffff::',
            routes: [{ network: '::', netmask: '::', gateway: 'fe80::1' }],
          },
        ],
        services: [{ type: 'dns', address: '10.20.0.2' }],
      },
      addresses: [
        { address: '10.20.0.11', mac: second },
        { address: '2001:db8::b', mac: first },
      ],
    });
  });

  test('become network_data that our own schema accepts', () => {
    const assigned = assignAddresses([v4, v6, { address: '10.21.0.2/31' }], cards);
    const data = assigned.kind === 'assigned' ? assigned.networkData : undefined;
    expect(NetworkData.parse(data)).toEqual(data);
  });

  test('go first to the network cards with PXE', () => {
    expect(macsOf(v4, v6)).toEqual([second, first]);
  });

  test('go to the network cards that they name, and the others to the rest', () => {
    expect(macsOf(v4, { ...v6, mac: second }, { address: '10.21.0.2/24' })).toEqual([first, second, third]);
  });

  test.each([
    ['has fewer cards', Array(4).fill(v4), 'it has 3 network cards, and networks has 4 entries'],
    ['lacks a named card', [{ ...v4, mac: '52:54:00:00:00:09' }], 'it has no network card 52:54:00:00:00:09'],
  ])('do not fit a server that %s', (_, networks, why) => {
    expect(macsOf(...networks)).toBe(why);
  });

  test.each([
    [0, 'it has no network card that Ironic knows, and networks has 2 entries'],
    [1, 'it has 1 network card, and networks has 2 entries'],
  ])('do not fit a server with %i network cards', (count, why) => {
    expect(assignAddresses([v4, v6], cards.slice(0, count))).toEqual({ kind: 'misfit', why });
  });
});
