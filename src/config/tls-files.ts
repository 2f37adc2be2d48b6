import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/text/system-code.js';
import type { Tls } from '../openstack/credentials.js';
import { ConfigError } from './errors.js';
import type { Reader } from './openstack-reader.js';

/** What each file must contain, by the setting that names it. */
const contents = {
  cacert: ['certificate', /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/],
  cert: ['certificate', /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/],
  key: ['private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
} as const;

const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

/**
 * The TLS settings; undefined if Node's own are enough. The files are checked now, because a later request would only
 * report an error code, or a service that cannot be trusted.
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
    throw new ConfigError(`${reader.named('cert')} is not set. ${reader.named('key')} needs it.`);
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
    throw wrong('holds an encrypted key, but there is no setting for a passphrase. Name a key without one');
  }
  return text;
}

/** Checks that OpenSSL accepts the client's certificate and that the key belongs to it. */
async function checkPair(reader: Reader, cert: string, key: string | undefined): Promise<void> {
  // Loaded only for users with such files.
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
