import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/text/system-code.js';
import type { Tls } from '../openstack/credentials.js';
import { ConfigError } from './errors.js';
import type { Reader } from './openstack-reader.js';

/** What a file must have in it, by the setting that names it. */
const contents = {
  cacert: ['certificate', /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/],
  cert: ['certificate', /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/],
  key: ['private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
} as const;

const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

/**
 * The TLS settings; undefined where Node's own will do. The files are looked at now, for what is wrong with them shows
 * at a request by a code only, or as a service that nobody can trust.
 *
 * @throws ConfigError
 */
export async function tlsFrom(reader: Reader, home: string): Promise<Tls | undefined> {
  const [ca, cert, key] = await Promise.all([
    fileIn(reader, 'cacert', home),
    fileIn(reader, 'cert', home),
    fileIn(reader, 'key', home),
  ]);
  const verify = reader.flag('insecure') === true ? false : (reader.flag('verify') ?? true);
  if (key !== undefined && cert === undefined) {
    throw new ConfigError(`${reader.named('cert')} is not set; it belongs to ${reader.named('key')}.`);
  }
  if (cert !== undefined) await checkPair(reader, cert, key);
  if (ca === undefined && cert === undefined && verify) return undefined;
  return { ca, cert, key, verify };
}

async function fileIn(reader: Reader, setting: keyof typeof contents, home: string): Promise<string | undefined> {
  const named = reader.text(setting);
  if (named === undefined) return undefined;
  const file = named.startsWith('~/') ? join(home, named.slice(2)) : named;
  const wrong = (what: string) => new ConfigError(`The file ${file} that ${reader.named(setting)} names ${what}.`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw wrong(`cannot be read (${systemCodeOf(error, 'unreadable')})`);
  });
  const [what, pattern] = contents[setting];
  if (!pattern.test(text)) throw wrong(`holds no ${what}`);
  if (setting === 'key' && encrypted.test(text)) {
    throw wrong('holds an encrypted key, and there is no setting for its passphrase; name one without');
  }
  return text;
}

/** Whether OpenSSL takes a client's certificate, and the key for its own. */
async function checkPair(reader: Reader, cert: string, key: string | undefined): Promise<void> {
  // Only who has such files pays for loading it.
  const { createSecureContext } = await import('node:tls');
  const use = (what: string, options: Parameters<typeof createSecureContext>[0]) => {
    try {
      createSecureContext(options);
    } catch (error) {
      throw new ConfigError(`${what} cannot be used (${systemCodeOf(error, 'unreadable')}).`);
    }
  };
  use(`The certificate in the file that ${reader.named('cert')} names`, { cert });
  if (key === undefined) return;
  use(`The key in the file that ${reader.named('key')} names`, { key });
  use(`The files that ${reader.named('cert')} and ${reader.named('key')} name do not belong together: the pair`, {
    cert,
    key,
  });
}
