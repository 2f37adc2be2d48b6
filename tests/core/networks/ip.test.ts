import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostAddressFrom, ipFrom, isIn, netmaskOf, overlap } from '../../../src/core/networks/ip.js';

const host = (text: string) => {
  const address = hostAddressFrom(text);
  if (address === null) throw new Error(`not a host: ${text}`);
  return address;
};

describe('an IP address', () => {
  test.each([
    ['10.20.0.11', 4, 0x0a14000bn],
    ['2001:db8::b', 6, 0x20010db800000000000000000000000bn],
    ['2001:0DB8:0:0:0:0:0:b', 6, 0x20010db800000000000000000000000bn],
    ['::', 6, 0n],
    ['::ffff:10.20.0.11', 6, 0xffff0a14000bn],
  ] as const)('is read from %s', (text, family, value) => {
    expect(ipFrom(text)).toEqual({ family, value });
  });

  test.each([
    '',
    '10.20.0',
    '10.20.0.256',
    '010.20.0.1',
    '10.20.0.11/24',
    '2001:db8::g',
    'fe80::1%eth0',
    '[::1]',
    'localhost',
  ])('is not %j', (text) => {
    expect(ipFrom(text)).toBeNull();
  });

  test('of any IPv4 host is read as its number', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        const value = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        expect(ipFrom(text)?.value).toBe(BigInt(value));
      }),
    );
  });

  test('of any IPv6 host is read as eight groups', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const value = groups.reduce((sum, group) => sum * 65_536n + BigInt(group), 0n);
        expect(ipFrom(groups.map((group) => group.toString(16)).join(':'))?.value).toBe(value);
      }),
    );
  });
});

describe('the address of a host', () => {
  test.each(['10.20.0.11/24', '10.20.0.0/31', '10.20.0.255/23', '10.20.0.11/32', '2001:db8::b/64', '2001:db8::/127'])(
    'may be %s',
    (text) => {
      expect(hostAddressFrom(text)).not.toBeNull();
    },
  );

  test.each([
    ['has no prefix length', '10.20.0.11'],
    ['has a netmask', '10.20.0.11/255.255.255.0'],
    ['has too long a prefix', '10.20.0.11/33'],
    ['has no prefix at all', '10.20.0.11/0'],
    ['is the subnet', '10.20.0.0/24'],
    ['is the broadcast address', '10.20.0.255/24'],
    ['is the IPv6 subnet', '2001:db8::/64'],
    ['is the loopback', '127.0.0.1/8'],
    ['is the IPv6 loopback', '::1/128'],
    ['is nobody', '0.0.0.0/8'],
    ['is a group', '224.0.0.5/24'],
    ['is an IPv6 group', 'ff02::1/64'],
    ['is of one link', 'fe80::1/64'],
    ['is text', 'web-1/24'],
  ])('is refused when it %s: %s', (_, text) => {
    expect(hostAddressFrom(text)).toBeNull();
  });
});

describe('a subnet', () => {
  test.each([
    ['10.20.0.11/24', '255.255.255.0'],
    ['10.20.0.11/9', '255.128.0.0'],
    ['10.20.0.11/32', '255.255.255.255'],
    ['2001:db8::b/64', 'ffff:ffff:ffff:ffff::'],
    ['2001:db8::b/61', 'ffff:ffff:ffff:fff8::'],
    ['2001:db8::b/128', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('of %s has the netmask %s', (text, netmask) => {
    expect(netmaskOf(host(text))).toBe(netmask);
  });

  test('contains the addresses with its prefix', () => {
    const inside = (text: string) => isIn(ipFrom(text) ?? { family: 4, value: 0n }, host('10.20.0.11/23'));
    expect(['10.20.0.1', '10.20.1.255', '10.20.2.0', '::ffff:10.20.0.1'].map(inside)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test.each([
    ['10.20.0.11/24', '10.20.0.12/24', true],
    ['10.20.0.11/24', '10.20.9.9/16', true],
    ['10.20.0.11/24', '10.20.1.11/24', false],
    ['10.20.0.11/24', '2001:db8::b/64', false],
  ])('of %s overlaps the one of %s: %s', (one, other, expected) => {
    expect(overlap(host(one), host(other))).toBe(expected);
    expect(overlap(host(other), host(one))).toBe(expected);
  });
});
