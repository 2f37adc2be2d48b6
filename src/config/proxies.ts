import { BlockList, isIP } from 'node:net';
import type { ProxyFor } from '../openstack/transport.js';
import { ConfigError } from './errors.js';

/** The variables that name proxies. Tools write them in either case. */
export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The proxies that the environment names; undefined if it names none. This machine itself is never behind a proxy.
 * @throws ConfigError
 */
export function proxiesIn(env: Env): ProxyFor | undefined {
  const [http, https] = [proxyIn(env, 'HTTP_PROXY'), proxyIn(env, 'HTTPS_PROXY')];
  if (!http && !https) return undefined;
  const exemptions = (given(env, 'NO_PROXY') ?? '').split(/[\s,]+/).filter(Boolean);
  return (url) => {
    if (loopback.test(url.hostname) || exemptions.some((entry) => covers(entry.toLowerCase(), url))) return undefined;
    return url.protocol === 'https:' ? https : http;
  };
}

const loopback = /^(localhost|.*\.localhost|127\.[\d.]+|\[::1\]|\[::ffff:7f\w\w:\w+\])\.?$/;

/** The lower case counts first, as in curl. */
function given(env: Env, name: string): string | undefined {
  return env[name.toLowerCase()] || env[name] || undefined;
}

function proxyIn(env: Env, name: string): URL | undefined {
  const value = given(env, name);
  if (value === undefined) return undefined;
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The message leaves out the value, because it may hold a password.
  if (!url || !/^https?:$/.test(url.protocol) || !isDecodable(url.username + url.password)) {
    throw new ConfigError(`${name} must be the URL of an HTTP proxy, e.g. http://proxy.example.org:3128.`);
  }
  return url;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether an entry of NO_PROXY covers an address: `*`, a host, a domain with all its hosts (with or without a dot in front),
 * an IP address or a subnet; each may have a port.
 */
function covers(entry: string, url: URL): boolean {
  if (entry === '*') return true;
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  if (entry.includes('/')) return isInSubnet(host, entry);
  const [, name = entry, port] = isIP(entry) ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? []);
  if (port !== undefined && port !== (url.port || (url.protocol === 'https:' ? '443' : '80'))) return false;
  const domain = name.replace(/^\*?\.|^\[|\]$/g, '');
  return domain !== '' && (host === domain || (!isIP(host) && host.endsWith(`.${domain}`)));
}

function isInSubnet(host: string, written: string): boolean {
  const [network = '', length = ''] = written.split('/');
  const family = isIP(network);
  const subnet = new BlockList();
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  if (family === 0 || family !== isIP(host) || !/^\d+$/.test(length) || Number(length) > (family === 6 ? 128 : 32)) {
    return false;
  }
  subnet.addSubnet(network, Number(length), kind);
  return subnet.check(host, kind);
}
