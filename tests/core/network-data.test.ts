import { describe, expect, test } from 'vitest';
import { configDriveOf, warningsAbout } from '../../src/core/config-drive.js';
import { Failure } from '../../src/core/failures.js';
import { macAddresses, NetworkData } from '../../src/core/network-data.js';

const link = { id: 'eth0', type: 'phy', ethernet_mac_address: '52:54:00:AA:bb:01', mtu: 9000 };
const network = {
  id: 'net0',
  type: 'ipv4',
  link: 'eth0',
  network_id: 'a',
  ip_address: '10.0.0.2',
  netmask: '255.255.255.0',
  routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '10.0.0.1' }],
};
const data = { links: [link], networks: [network], services: [{ type: 'dns', address: '10.0.0.1' }] };

const reasonOf = (networkData: unknown): string | null => {
  try {
    configDriveOf({ image_id: 'x', config_drive: { network_data: networkData } });
    return 'accepted';
  } catch (error) {
    return error instanceof Failure ? error.reason : String(error);
  }
};

describe('network_data', () => {
  test('goes into the config drive as it is when it is well-formed', () => {
    expect(configDriveOf({ image_id: 'x', config_drive: { network_data: data } })).toEqual({ network_data: data });
  });

  test.each([
    ['a bond', { ...link, type: 'bond', bond_mode: '802.1ad', bond_links: ['eth0', 'eth1'] }],
    ['a VLAN', { id: 'v', type: 'vlan', vlan_mac_address: '52:54:00:00:00:01', vlan_link: 'eth0', vlan_id: 7 }],
    ['a link without an MTU', { ...link, mtu: null }],
  ])('may have %s', (_, each) => {
    expect(reasonOf({ ...data, links: [each] })).toBe('accepted');
  });

  test.each([
    ['DHCP', { ...network, type: 'ipv4_dhcp', ip_address: undefined, routes: undefined }],
    ['IPv6', { ...network, type: 'ipv6', ip_address: '2001:db8::2/64', netmask: 'ffff:ffff:ffff:ffff::', routes: [] }],
  ])('may have a network by %s', (_, each) => {
    expect(reasonOf({ ...data, networks: [each] })).toBe('accepted');
  });

  test.each<[string, object, RegExp]>([
    ['junk', { junk: 1 }, /^config_drive\.network_data\.links: /],
    ['an unknown kind of link', { ...data, links: [{ ...link, type: 'wifi' }] }, /network_data\.links\.0\.type: /],
    [
      'something else for a MAC',
      { ...data, links: [{ ...link, ethernet_mac_address: 'x' }] },
      /links\.0\.ethernet_mac_address: must be a MAC address$/,
    ],
    ['something else for an address', { ...data, networks: [{ ...network, ip_address: '10.0.0.300' }] }, /networks\.0/],
    ['a service without an address', { ...data, services: [{ type: 'dns' }] }, /services\.0\.address/],
  ])('is refused when it has %s, with the place', (_, each, reason) => {
    expect(reasonOf(each)).toMatch(reason);
  });

  test('names the MAC addresses of network cards alike, however they are written', () => {
    const vlan = { id: 'v', type: 'vlan', vlan_mac_address: '52:54:00:00:00:09', vlan_link: 'eth0', vlan_id: 7 };
    const other = { ...link, ethernet_mac_address: '52-54-00-AA-BB-02' };
    const parsed = NetworkData.parse({ ...data, links: [link, other, vlan] });
    expect(macAddresses(parsed)).toEqual(['52:54:00:aa:bb:01', '52:54:00:aa:bb:02']);
  });
});

describe('a warning about the config drive', () => {
  test.each([
    '#cloud-config\n',
    '#!/bin/sh\n',
    '#include\nhttp://x',
    'MIME-Version: 1.0',
    '{"ignition": {}}',
    '## template: jinja\n',
  ])('is not given for user data that begins with %j', (userData) => {
    expect(warningsAbout({ user_data: userData })).toEqual([]);
  });

  test('is given for user data of no known form, and when nobody could log in', () => {
    expect(warningsAbout({ user_data: 'packages: [nginx]' })).toEqual([
      'cloud-init may ignore the user data: it begins with neither "#cloud-config" nor "#!".',
    ]);
    expect(warningsAbout(undefined)).toEqual([
      'Nobody may be able to log in: the request had neither ssh_public_keys nor user data.',
    ]);
  });
});
