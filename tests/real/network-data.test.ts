import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { NetworkData } from '../../src/core/input/network-data.js';
import { assignAddresses } from '../../src/core/networks/static-networks.js';

/** OpenStack's own schema, which Ironic's package has for a field of another name. Python's flag has no meaning here. */
function published() {
  const print = 'import os, ironic; print(os.path.dirname(ironic.__file__))';
  const folder = execFileSync('/usr/bin/python3', ['-c', print], { encoding: 'utf8' }).trim();
  const text = readFileSync(join(folder, 'api/controllers/v1/network-data-schema.json'), 'utf8');
  const mac = '([0-9A-F]{2}[:-]){5}([0-9A-F]{2})$';
  // Its `$id`s are no addresses, and some of them occur twice.
  const { id: _, ...schema } = JSON.parse(
    text.replaceAll(`(?i)^${mac}`, `^${mac.replaceAll('A-F', 'A-Fa-f')}`),
    (key, value) => (key === '$id' ? undefined : value),
  );
  return new Ajv({ strict: false }).compile(schema);
}

const link = { id: 'eth0', type: 'phy', ethernet_mac_address: 'fa:16:3e:9c:bf:3d', mtu: 1500, vif_id: 'v' };
const ipv4 = {
  id: 'network0',
  type: 'ipv4',
  link: 'eth0',
  network_id: 'n',
  ip_address: '192.168.81.99',
  netmask: '255.255.255.0',
  routes: [{ network: '0.0.0.0', netmask: '0.0.0.0', gateway: '192.168.81.1' }],
};
const ipv6 = {
  id: 'network1',
  type: 'ipv6',
  link: 'eth0',
  network_id: 'n',
  ip_address: '2001:db8::99/64',
  netmask: 'ffff:ffff:ffff:ffff::',
};
const dns = { type: 'dns', address: '192.168.81.1' };
const data = { links: [link], networks: [ipv4], services: [dns] };
const bond = { ...link, type: 'bond', bond_mode: '802.1ad', bond_links: ['eth0'] };
const vlan = { id: 'v', type: 'vlan', vlan_mac_address: 'fa:16:3e:9c:bf:3e', vlan_link: 'eth0', vlan_id: 7 };

describe("OpenStack's schema of network_data and ours say the same", () => {
  test.each<[string, object]>([
    ['a link, a network and a service', data],
    ['nothing in any list', { links: [], networks: [], services: [] }],
    ['no list at all', {}],
    ['no services', { links: [], networks: [] }],
    ['junk', { junk: 1 }],
    ['a list that is none', { ...data, links: {} }],
    ['a bond', { ...data, links: [bond] }],
    ['a bond without links', { ...data, links: [{ ...bond, bond_links: undefined }] }],
    ['a bond of an unknown mode', { ...data, links: [{ ...bond, bond_mode: 'fast' }] }],
    ['a VLAN', { ...data, links: [vlan] }],
    ['a VLAN without a number', { ...data, links: [{ ...vlan, vlan_id: 'seven' }] }],
    ['an unknown type of link', { ...data, links: [{ ...link, type: 'wifi' }] }],
    ['a link without a MAC address', { ...data, links: [{ id: 'e', type: 'phy' }] }],
    ['a link whose MAC address is none', { ...data, links: [{ ...link, ethernet_mac_address: 'zz:16:3e:9c:bf:3d' }] }],
    ['no MTU', { ...data, links: [{ ...link, mtu: null }] }],
    ['too large an MTU', { ...data, links: [{ ...link, mtu: 70_000 }] }],
    ['IPv6', { ...data, networks: [ipv6] }],
    [
      'IPv6 by its routers',
      { ...data, networks: [{ ...ipv6, type: 'ipv6_slaac', ip_address: undefined, netmask: undefined }] },
    ],
    ['DHCP', { ...data, networks: [{ id: 'n', type: 'ipv4_dhcp', link: 'eth0', network_id: 'n' }] }],
    ['a network without a link', { ...data, networks: [{ id: 'n', type: 'ipv4_dhcp', network_id: 'n' }] }],
    ['an unknown type of network', { ...data, networks: [{ ...ipv4, type: 'ipx' }] }],
    ['an address that is none', { ...data, networks: [{ ...ipv4, ip_address: '192.168.81.999' }] }],
    [
      'a route without a gateway',
      { ...data, networks: [{ ...ipv4, routes: [{ network: '0.0.0.0', netmask: '0.0.0.0' }] }] },
    ],
    ['a service of IPv6', { ...data, services: [{ type: 'dns', address: '2001:db8::1' }] }],
    ['a service of an unknown type', { ...data, services: [{ type: 'ntp', address: '192.168.81.1' }] }],
    ['a service without an address', { ...data, services: [{ type: 'dns' }] }],
    ['members of its own', { ...data, links: [{ ...link, comment: 'mine' }] }],
  ])('of %s', (_, each) => {
    const plain: unknown = JSON.parse(JSON.stringify(each));
    expect(NetworkData.safeParse(plain).success).toBe(published()(plain));
  });
});

test("OpenStack's schema accepts the network_data that addresses become", () => {
  const assigned = assignAddresses(
    [
      { address: '10.20.0.11/24', gateway: '10.20.0.1', dns: ['10.20.0.2'] },
      { address: '2001:db8::b/64', gateway: 'fe80::1', dns: ['2001:db8::2'] },
    ],
    [
      { mac: '52:54:00:00:00:01', pxe: true, vif: null, kind: 'single' },
      { mac: '52:54:00:00:00:02', pxe: false, vif: null, kind: 'single' },
    ],
  );
  expect(assigned.kind === 'assigned' && published()(assigned.networkData)).toBe(true);
});
