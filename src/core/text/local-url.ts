/** The metadata services of clouds, which hand out secrets, at addresses that are not link-local. */
const metadata = new Set(['100.100.100.200', '192.0.0.192', 'fd00:ec2::254']);

/** Names of the machine itself and of metadata services. */
const localNames =
  /^(localhost|localhost[46]|ip6-(localhost|loopback)|metadata(\.goog)?|instance-data)$|\.(localhost|localdomain)$|^(metadata\.google|instance-data\.ec2)\.internal$/;

/**
 * Whether a URL points the machine that fetches it at itself or at its own link: a file, a loopback or link-local address
 * in any spelling, a name for one of these, or a URL that programs read differently. Other DNS names are not resolved.
 */
export function isLocalUrl(text: string): boolean {
  const scheme = /^([a-z][a-z\d+.-]*):\/\//i.exec(text);
  if (!scheme || scheme[1]?.toLowerCase() === 'file' || text.includes('\\')) return true;
  // The parser normalises the spellings of an address only for http URLs.
  const url = `http://${text.slice(scheme[0].length)}`;
  if (!URL.canParse(url)) return true;
  const host = new URL(url).hostname.replace(/\.+$/, '');
  return host.startsWith('[') ? isLocalIpv6(host.slice(1, -1)) : isLocalIpv4(host) || localNames.test(host);
}

function isLocalIpv4(host: string): boolean {
  return /^(0|127|169\.254)\.[\d.]+$/.test(host) || metadata.has(host);
}

/** @param host In a URL's form: lower case, no leading zeros, the longest row of zeros left out. */
function isLocalIpv6(host: string): boolean {
  if (metadata.has(host)) return true;
  const [head = '', tail] = host.split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[],
  ];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after].map((group) => Number.parseInt(group, 16));
  const [first = 0] = groups;
  // fe80::/10, and multicast on the interface or the link.
  if ((first & 0xffc0) === 0xfe80 || (first & 0xff0f) === 0xff01 || (first & 0xff0f) === 0xff02) return true;
  const embedded = embeddedIpv4(groups);
  return embedded !== undefined && isLocalIpv4(embedded.flatMap((group) => [group >> 8, group & 0xff]).join('.'));
}

/** The IPv4 address in an IPv6 one, as two groups: mapped, compatible (with `::` and `::1`), NAT64 or 6to4. */
function embeddedIpv4(groups: readonly number[]): readonly number[] | undefined {
  if (groups[0] === 0x2002) return groups.slice(1, 3);
  const prefix = groups.slice(0, 6).map((group) => group.toString(16));
  return ['0:0:0:0:0:ffff', '0:0:0:0:ffff:0', '0:0:0:0:0:0', '64:ff9b:0:0:0:0', '64:ff9b:1:0:0:0'].includes(
    prefix.join(':'),
  )
    ? groups.slice(6)
    : undefined;
}
