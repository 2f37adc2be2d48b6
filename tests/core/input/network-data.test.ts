import { describe, expect, test } from 'vitest';
import { Failure } from '../../../src/core/failures.js';
import { macAddresses, NetworkData } from '../../../src/core/input/network-data.js';
import { configDriveOf, warningsAbout } from '../../../src/core/provision/config-drive.js';

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
  test('goes into the config drive unchanged if it is well-formed', () => {
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

  test.each<[string, object, string]>([
    ['junk', { junk: 1 }, 'links: is missing'],
    ['an object for links', { ...data, links: {} }, 'links: must be a list'],
    ['a link that is a text', { ...data, links: ['eth0'] }, 'links.0: must be an object'],
    ['a link without a type', { ...data, links: [{ ...link, type: undefined }] }, 'links.0.type: is missing'],
    [
      'an unknown kind of link',
      { ...data, links: [{ ...link, type: 'wifi' }] },
      'links.0.type: must be one of bridge, dvs, hw_veb, hyperv, ovs, tap, vhostuser, vif, phy, bond, vlan',
    ],
    [
      'something else for a MAC',
      { ...data, links: [{ ...link, ethernet_mac_address: 'x' }] },
      'links.0.ethernet_mac_address: must be a MAC address',
    ],
    ['an MTU of nothing', { ...data, links: [{ ...link, mtu: 0 }] }, 'links.0.mtu: must be at least 1'],
    ['an MTU beyond all', { ...data, links: [{ ...link, mtu: 65_536 }] }, 'links.0.mtu: must be at most 65535'],
    ['an MTU as text', { ...data, links: [{ ...link, mtu: '9000' }] }, 'links.0.mtu: must be a number'],
    [
      'a network without a type',
      { ...data, networks: [{ ...network, type: undefined }] },
      'networks.0.type: is missing',
    ],
    [
      'an unknown kind of network',
      { ...data, networks: [{ ...network, type: 'ipx' }] },
      'networks.0.type: must be one of ipv4, ipv4_dhcp, ipv6, ipv6_dhcp, ipv6_slaac',
    ],
    [
      'something else for an address',
      { ...data, networks: [{ ...network, ip_address: '10.0.0.300' }] },
      'networks.0.ip_address: must be an IPv4 address',
    ],
    [
      'a service without an address',
      { ...data, services: [{ type: 'dns' }] },
      'services.0.address: must be an IP address',
    ],
    ['another service', { ...data, services: [{ type: 'ntp', address: '10.0.0.1' }] }, 'services.0.type: must be dns'],
  ])('is refused, with the place, when it has %s', (_, each, reason) => {
    expect(reasonOf(each)).toBe(`config_drive.network_data.${reason}`);
  });

  test.each(['links', 'networks', 'services'])('is checked up to the first wrong member of its %s', (name) => {
    const { error } = NetworkData.safeParse({ ...data, [name]: Array(100_000).fill({}) });
    expect(error?.issues).toMatchObject([{ path: [name, 0, 'type'] }]);
  });

  test('may write MAC addresses in any spelling', () => {
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
  ])('is absent for user data that begins with %j', (userData) => {
    expect(warningsAbout({ user_data: userData })).toEqual([]);
  });

  test('appears for user data in an unknown format, and when nobody could log in', () => {
    expect(warningsAbout({ user_data: 'packages: [nginx]' })).toEqual([
      'cloud-init may ignore the user data, because it begins with neither "#cloud-config" nor "#!".',
    ]);
    expect(warningsAbout(undefined)).toEqual([
      'Nobody may be able to log in, because the request has neither ssh_public_keys nor user data.',
    ]);
  });
});
