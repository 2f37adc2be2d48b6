import { Failure } from '../core/failures.js';

export interface GuardOptions {
  /** The names under which this server may be asked, in lower case and without a port. Addresses need not be listed. */
  readonly hosts: readonly string[];
  /** Compares a token that somebody sent with the right one; undefined when nobody needs one. */
  readonly isToken?: ((sent: string) => boolean) | undefined;
}

/** Paths that reveal nothing about the servers: monitoring and browsers need no token for them. */
const open: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz', '/docs', '/openapi.json']);

// Different programs read these in different ways, so a proxy in front might have let through another path than we see.
const ambiguous = /\\|%(?:00|2e|2f|5c)|\/\.{0,2}\/|\/\.{1,2}$/i;

/**
 * Who may come in. Throws a failure for all others.
 *
 * A page of any web site, or of another server on this machine, can have its visitor's browser send requests here. It cannot
 * forge Sec-Fetch-Site and Origin, and after rebinding its own name to our address it still sends that name as Host. An
 * address as Host is no danger then.
 */
export function createGuard({
  hosts,
  isToken,
}: GuardOptions): (request: Request, target: string, path: string) => void {
  const names = new Set(hosts);

  function checkTarget(target: string) {
    const [path = '', query = ''] = target.split('?', 2);
    if (!path.startsWith('/') || ambiguous.test(path)) {
      throw new Failure('malformed', {
        reason: 'the path must be without empty segments, dot segments and slashes in disguise',
      });
    }
    if (/(?:^|&)(?:access_)?token=/i.test(query)) {
      throw new Failure('malformed', { reason: 'a token does not belong in a URL, which logs and histories keep' });
    }
  }

  function checkHost({ headers, method }: Request) {
    const [host, port] = hostIn(headers.get('host') ?? '');
    if (!names.has(host) && !isAddress(host)) {
      throw new Failure('not_permitted', {
        reason: 'the header Host does not name this server',
        hint: 'Ask it by its address, or have the operator name the host in IRONIC_MCP_HTTP_HOSTS.',
      });
    }
    const site = headers.get('sec-fetch-site');
    // Whoever follows a link to the documents asks for nothing else, and the page with the link learns nothing.
    const isOwn =
      site === 'same-origin' || site === 'none' || (method === 'GET' && headers.get('sec-fetch-mode') === 'navigate');
    const origin = headers.get('origin');
    const [from, fromPort] = hostIn(/^https?:\/\/([^/]*)$/.exec(origin ?? '')?.[1] ?? '');
    const isNamed = from === host || names.has(from);
    // Behind a proxy only the browser knows whether the ports agree; some browsers do not tell.
    const isAlien = origin !== null && !(isNamed && (site === 'same-origin' || fromPort === port));
    if (isAlien || (site !== null && !isOwn)) {
      throw new Failure('not_permitted', {
        reason: 'the request is from a page of another server, by the header Origin or Sec-Fetch-Site',
        hint: 'This server is not for the pages of other web sites or ports.',
      });
    }
  }

  function checkToken(headers: Headers) {
    if (!isToken) return;
    const sent = /^Bearer +([\x21-\x7e]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (sent === undefined) throw new Failure('unauthorized', { reason: 'the request has no bearer token' });
    if (!isToken(sent)) throw new Failure('unauthorized', { reason: 'the bearer token is wrong' });
  }

  return (request, target, path) => {
    checkTarget(target);
    checkHost(request);
    if (!open.has(path)) checkToken(request.headers);
  };
}

/** The name in a Host header, in lower case, and its port; each is empty if there is none. */
function hostIn(host: string): readonly [name: string, port: string] {
  const [, name = '', port = ''] = /^([\w.-]+|\[[\da-f:.]+\])(?::(\d+))?$/i.exec(host) ?? [];
  return [name.toLowerCase(), port];
}

function isAddress(name: string): boolean {
  return name.startsWith('[') || /^\d+(\.\d+){3}$/.test(name);
}
