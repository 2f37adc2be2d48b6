import * as z from 'zod';

/** An IP address as a number. */
export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** An address of a host, together with the subnet that it is in. */
export interface HostAddress extends Ip {
  /** As it was written, without the prefix length. */
  readonly text: string;
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;
const ipv4 = z.ipv4();
const ipv6 = z.ipv6();

/** Reads an IP address; null if it is not one. */
export function ipFrom(text: string): Ip | null {
  if (ipv4.safeParse(text).success) return { family: 4, value: joined(text.split('.').map(Number), 8n) };
  if (!ipv6.safeParse(text).success) return null;
  // A URL writes an IPv6 address in its one canonical form, in which "::" is all that is left to expand.
  const [head = '', tail = ''] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const [left, right] = [groupsIn(head), groupsIn(tail)];
  const zeros = Array<number>(8 - left.length - right.length).fill(0);
  return { family: 6, value: joined([...left, ...zeros, ...right], 16n) };
}

function groupsIn(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function joined(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((value, part) => (value << width) | BigInt(part), 0n);
}

/** An IPv4 address as such, if a listener for both families wrote it as `::ffff:192.0.2.1`; any other text as it is. */
export function unmapped(address: string): string {
  const ip = ipFrom(address);
  if (ip?.family !== 6 || ip.value >> 32n !== 0xffffn) return address;
  return [24n, 16n, 8n, 0n].map((bits) => (ip.value >> bits) & 0xffn).join('.');
}

/** Reads `10.20.0.11/24`; null when that is not the address of a host in a subnet. */
export function hostAddressFrom(written: string): HostAddress | null {
  const [, text = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(written) ?? [];
  const ip = ipFrom(text);
  const prefix = Number(length);
  if (ip === null || prefix < 1 || prefix > bits[ip.family]) return null;
  const address = { ...ip, text, prefix };
  return isHost(address) ? address : null;
}

/** Addresses that no host can have: those of everybody, of nobody, and of one link or machine only. */
const notForHosts = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'fe80::/10', 'ff00::/8'].map(subnetFrom);

/** Reads a subnet that is known to be well-formed, e.g. `10.20.0.0/24`. */
export function subnetFrom(written: string): Subnet {
  const [text = '', length = ''] = written.split('/');
  const ip = ipFrom(text);
  if (ip === null) throw new TypeError(`not a subnet: ${written}`);
  return { ...ip, prefix: Number(length) };
}

type Subnet = Ip & { readonly prefix: number };

function isHost(address: HostAddress): boolean {
  const { family, value, prefix } = address;
  if (notForHosts.some((subnet) => isIn(address, subnet))) return false;
  const hostBits = BigInt(bits[family] - prefix);
  // In a subnet of two addresses both are for hosts (RFC 3021, RFC 6164).
  if (hostBits < 2n) return true;
  const last = (1n << hostBits) - 1n;
  const own = value & last;
  return own !== 0n && (family === 6 || own !== last);
}

/** Whether an address is in a subnet. */
export function isIn({ family, value }: Ip, subnet: Subnet): boolean {
  const hostBits = BigInt(bits[subnet.family] - subnet.prefix);
  return family === subnet.family && value >> hostBits === subnet.value >> hostBits;
}

/** Whether two subnets have an address in common. */
export function overlap(one: Subnet, other: Subnet): boolean {
  return isIn(one, other) || isIn(other, one);
}

const linkLocal = subnetFrom('fe80::/10');

/** Whether the address is valid only on its own link. An IPv6 router may have one. */
export function isLinkLocal(ip: Ip): boolean {
  return isIn(ip, linkLocal);
}

/** Whether two texts write the same address. */
export function sameIp(one: string, other: string): boolean {
  const [left, right] = [ipFrom(one), ipFrom(other)];
  return left !== null && left.family === right?.family && left.value === right.value;
}

/** Whether a host has made the address from its MAC address (RFC 4291, appendix A): then it changes with the card. */
export function isSlaac(address: string, mac: string): boolean {
  const ip = ipFrom(address);
  if (ip?.family !== 6) return false;
  const [a = 0n, b = 0n, c = 0n, ...rest] = mac.split(':').map((byte) => BigInt(`0x${byte}`));
  const own = [a ^ 2n, b, c, 0xffn, 0xfen, ...rest].reduce((sum, byte) => (sum << 8n) | byte, 0n);
  return (ip.value & 0xffff_ffff_ffff_ffffn) === own;
}

/** The netmask of a subnet, written as an address. */
export function netmaskOf({ family, prefix }: Subnet): string {
  const hostBits = BigInt(bits[family] - prefix);
  const mask = ((1n << BigInt(prefix)) - 1n) << hostBits;
  const width = family === 4 ? 8 : 16;
  const parts = Array.from({ length: bits[family] / width }, (_, index) =>
    Number((mask >> BigInt(bits[family] - width * (index + 1))) & ((1n << BigInt(width)) - 1n)),
  );
  if (family === 4) return parts.join('.');
  return new URL(`http://[${parts.map((part) => part.toString(16)).join(':')}]`).hostname.slice(1, -1);
}
