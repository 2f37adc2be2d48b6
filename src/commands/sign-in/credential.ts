import { isIP } from 'node:net';
import { Failure } from '../../core/failures.js';
import type { Credential } from '../../openstack/credentials.js';

/** Keystone lets users choose secrets, but nobody types a longer one. */
const longestSecret = 512;

/**
 * The application credential in a request: `Authorization: Basic`, then the base64 of id, colon and secret.
 * @throws Failure `unauthorized`
 */
export function credentialIn(headers: Headers): Credential {
  const wrong = (reason: string) => new Failure('unauthorized', { reason });
  const header = headers.get('authorization');
  if (header === null) throw wrong('the request has no application credential');
  const sent = /^Basic +([A-Za-z\d+/]+={0,2})$/i.exec(header)?.[1];
  if (sent === undefined) throw wrong('the header Authorization is not "Basic" with base64');
  const text = textOf(sent);
  if (text === undefined) throw wrong('what follows "Basic" is not the base64 of UTF-8');
  const colon = text.indexOf(':');
  const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  // Keystone makes ids of this form. A name would need its user as well.
  if (colon < 0 || !/^[\da-f]{32}$/.test(id)) {
    throw wrong('what stands before the colon is not the id of an application credential (32 hexadecimal digits)');
  }
  if (secret === '' || secret.length > longestSecret || /\p{Cc}/u.test(secret)) {
    throw wrong('what stands after the colon cannot be the secret of an application credential');
  }
  return { id, secret };
}

function textOf(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64.
  if (bytes.toString('base64') !== base64) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The address that a proxy in front says it serves; undefined if it says none. Earlier entries come from the client. */
export function forwardedFor(headers: Headers): string | undefined {
  const last = headers.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  return last !== undefined && isIP(last) !== 0 ? last : undefined;
}
