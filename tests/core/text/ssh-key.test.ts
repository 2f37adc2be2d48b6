import { describe, expect, it } from 'vitest';
import { hostKeyIn, sshFingerprint } from '../../../src/core/text/ssh-key.js';

// Its fingerprint comes from `ssh-keygen -l`.
const ed25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM';

describe('a host key', () => {
  it('is the second word of a line, whatever follows', () => {
    expect(hostKeyIn(`ssh-ed25519 ${ed25519} root@machine\n`)).toBe(ed25519);
    expect(hostKeyIn(`ssh-ed25519 ${ed25519}`)).toBe(ed25519);
  });

  it.each([
    'N/A',
    '',
    ed25519,
    `ssh-rsa ${ed25519}`,
    `ssh-ed25519 ${ed25519}!`,
    `ssh-dss ${ed25519}`,
    'ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAA',
    `x\nssh-ed25519 ${ed25519}`,
  ])('is not in %j', (line) => {
    expect(hostKeyIn(line)).toBeNull();
  });
});

describe('a fingerprint', () => {
  it('is what ssh-keygen prints', () => {
    expect(sshFingerprint(ed25519)).toBe('SHA256:y7uTNMjnws1TsN2JhlIOWEjgMSkZUHxx3X8AYYolbkc');
  });
});
