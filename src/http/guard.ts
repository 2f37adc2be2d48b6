import { Failure } from '../core/failures.js';

export interface GuardOptions {
  /** The host names of this server, in lower case and without a port. IP addresses need not be listed. */
  readonly hosts: readonly string[];
}

// Programs read these paths in different ways: a proxy in front may have checked another path than the one we see.
const ambiguous = /\\|%(?:00|2e|2f|5c)|\/\.{0,2}\/|\/\.{1,2}$/i;

/**
 * Decides which requests come in. Throws a failure for the others.
 *
 * A page of any web site, or of another server on this machine, can make its visitor's browser send requests here. It cannot
 * forge Sec-Fetch-Site and Origin. If it rebinds its own name to our address, the browser still sends that name as Host. So
 * an IP address as Host is safe.
 */
export function createGuard({ hosts }: GuardOptions): (request: Request, target: string) => void {
  const names = new Set(hosts);

  function checkTarget(target: string) {
    const [path = '', query = ''] = target.split('?', 2);
    if (!path.startsWith('/') || ambiguous.test(path)) {
      throw new Failure('malformed', {
        reason: 'the path has an empty segment, a dot segment or an encoded slash',
      });
    }
    if (/(?:^|&)(?:access_)?token=/i.test(query)) {
      throw new Failure('malformed', { reason: 'a token must not be in the URL, because logs and histories keep it' });
    }
  }

  function checkHost({ headers, method }: Request) {
    const [host, port] = hostIn(headers.get('host') ?? '');
    if (!names.has(host) && !isAddress(host)) {
      throw new Failure('not_permitted', {
        reason: 'the header Host does not name this server',
        hint: 'Use the address of this server, or ask the operator to list the host in IRONIC_MCP_HTTP_HOSTS.',
      });
    }
    const site = headers.get('sec-fetch-site');
    // A browser may follow a link to us from another page: that page cannot read our answer.
    const isOwn =
      site === 'same-origin' || site === 'none' || (method === 'GET' && headers.get('sec-fetch-mode') === 'navigate');
    const origin = headers.get('origin');
    const [from, fromPort] = hostIn(/^https?:\/\/([^/]*)$/.exec(origin ?? '')?.[1] ?? '');
    const isNamed = from === host || names.has(from);
    // Behind a proxy only the browser knows whether the ports match, and some browsers do not say.
    const isAlien = origin !== null && !(isNamed && (site === 'same-origin' || fromPort === port));
    if (isAlien || (site !== null && !isOwn)) {
      throw new Failure('not_permitted', {
        reason: 'the header Origin or Sec-Fetch-Site shows that a page of another server sent the request',
        hint: 'Pages of other sites or ports may not use this server. Open it at its own address.',
      });
    }
  }

  return (request, target) => {
    checkTarget(target);
    checkHost(request);
  };
}

/** The name in a Host header, in lower case, and its port. Either is empty if it is missing. */
function hostIn(host: string): readonly [name: string, port: string] {
  const [, name = '', port = ''] = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d+))?$/i.exec(host) ?? [];
  return [name.toLowerCase(), port];
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d+(\.\d+){3}$/.test(name);
}
