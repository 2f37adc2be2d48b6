import { createHash } from 'node:crypto';

/** The fingerprint of a public key as OpenSSH prints it. @param key Its base64 part. */
export function sshFingerprint(key: string): string {
  const hash = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

const hostKeyPattern = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{16,2048}={0,3})(?:\s|$)/;

/** The base64 part of a host key in OpenSSH's one-line format; null if this is not a host key. */
export function hostKeyIn(line: string): string | null {
  const [, type = '', key = ''] = hostKeyPattern.exec(line) ?? [];
  // A key begins with its own type, after the length of that.
  const blob = Buffer.from(key, 'base64');
  const length = blob.length < 4 ? 0 : blob.readUInt32BE();
  return length > 0 && blob.toString('latin1', 4, 4 + length) === type ? key : null;
}
