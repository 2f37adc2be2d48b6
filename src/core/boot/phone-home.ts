import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { ConfigDrive } from '../image.js';
import type { ExpectedReport } from '../server.js';
import { isUuid } from '../text/identifiers.js';

/** What makes one machine report. */
export interface PhoneHome {
  /** How machines reach this program. */
  readonly base: string;
  readonly serverId: string;
  /** The idempotency key of the request. */
  readonly key: string | undefined;
  /** A UUID. With a key, the same seed makes the same token again, so that a call that goes on with a reservation can send it. */
  readonly seed: string;
}

/** The config drive of a machine that reports, and the report to expect. */
export interface Reporting {
  readonly configDrive: ConfigDrive;
  readonly expected: ExpectedReport;
}

/** The member of the vendor data that cloud-init reads. */
const member = 'cloud-init';

/** How often cloud-init tries to report, every three seconds. In a network that swallows requests each try takes minutes. */
const tries = 5;

/**
 * A config drive that also asks cloud-init to report the end of the boot. The order is part of the vendor data, so the
 * caller's user data stays as it is. Null if the caller's own vendor data cannot be extended.
 */
export function withPhoneHome(
  drive: ConfigDrive | undefined,
  { base, serverId, key, seed }: PhoneHome,
): Reporting | null {
  if (!isExtensible(drive)) return null;
  const token =
    key === undefined
      ? randomBytes(32).toString('base64url')
      : createHmac('sha256', key).update(`boot report ${seed}`).digest('base64url');
  const post = ['pub_key_rsa', 'pub_key_ecdsa', 'pub_key_ed25519'];
  const order = { phone_home: { url: `${base}/${serverId}/${token}`, post, tries } };
  // cloud-init takes no object here, only a text that begins with this line.
  const own = `#cloud-config\n${JSON.stringify(order)}\n`;
  const theirs = drive?.vendor_data?.[member];
  const text = typeof theirs === 'string' ? multipart([theirs, own]) : own;
  return {
    configDrive: { ...drive, vendor_data: { ...drive?.vendor_data, [member]: text } },
    expected: { digest: bootDigestOf(token), seed },
  };
}

/** What keeps a boot report from coming, as warnings to the caller. */
export function phoneHomeWarnings(drive: ConfigDrive | undefined): string[] {
  const texts = [drive?.user_data, drive?.vendor_data?.[member]].join('\n');
  const obstacle = !isExtensible(drive)
    ? 'vendor_data has a cloud-init part that cannot be extended'
    : /\bphone_home\b/.test(texts)
      ? 'the config drive has a phone_home of its own'
      : /\bvendor_data2\b/.test(texts)
        ? 'the user data has settings for vendor_data2'
        : undefined;
  return obstacle === undefined ? [] : [`The machine may send no boot report, because ${obstacle}.`];
}

/** The digest of a token. Hexadecimal digits spell no word that Ironic would mask. */
export function bootDigestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The server and the token in the path of a report; null if this is no such path. */
export function bootPathFrom(path: string): { readonly serverId: string; readonly token: string } | null {
  const [, serverId = '', token = ''] = /\/([\w-]{36})\/([\w-]{43})$/.exec(path) ?? [];
  return isUuid(serverId) ? { serverId: serverId.toLowerCase(), token } : null;
}

/** Whether our part can be added to the caller's vendor data: there is none for cloud-init, or it is one simple text. */
function isExtensible(drive: ConfigDrive | undefined): boolean {
  const theirs = drive?.vendor_data?.[member];
  return theirs === undefined || (typeof theirs === 'string' && !/^(content-type|mime-version):/i.test(theirs));
}

/** Several texts for cloud-init as one. It knows the kind of each by its first line. */
function multipart(texts: readonly string[]): string {
  const head = 'Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: base64';
  const parts = texts.map((text) => `--part\n${head}\n\n${Buffer.from(text).toString('base64')}\n`);
  return `Content-Type: multipart/mixed; boundary="part"\nMIME-Version: 1.0\n\n${parts.join('')}--part--\n`;
}
