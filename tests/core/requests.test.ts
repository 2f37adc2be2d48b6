import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProvisionRequest, StatusRequest } from '../../src/core/requests.js';
import { isServerRef, isUuid } from '../../src/core/text/identifiers.js';
import { anyText } from './any-text.js';
import { uuid } from './fake-bare-metal.js';

function problemsIn(request: Record<string, unknown>): string[] {
  const result = ProvisionRequest.safeParse({ image_id: 'ubuntu-24.04', ...request });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a request to provision', () => {
  it('needs only an image', () => {
    expect(ProvisionRequest.parse({ image_id: 'ubuntu-24.04' })).toEqual({ image_id: 'ubuntu-24.04' });
    expect(ProvisionRequest.safeParse({}).success).toBe(false);
  });

  it('refuses an argument that it does not know', () => {
    const result = ProvisionRequest.safeParse({ image_id: 'a', serverid: 'bm-1' });
    expect(result.error?.issues[0]).toMatchObject({ code: 'unrecognized_keys', keys: ['serverid'] });
  });

  it.each(['bm-1', 'rack.1_a~b', 'BM', uuid(1), uuid(1).toUpperCase(), 'x'.repeat(255), '...', '-'])(
    'accepts %s as a server',
    (ref) => {
      expect(problemsIn({ server_id: ref })).toEqual([]);
      expect(isServerRef(ref)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    'a/b',
    '../nodes',
    'a b',
    'a\u0000',
    'bm-1\n',
    '%2e%2e',
    'bm?x=1',
    'bm#1',
    'bäm',
    'x'.repeat(256),
  ])('refuses %j as a server', (ref) => {
    expect(problemsIn({ server_id: ref }).length).toBeGreaterThan(0);
    expect(isServerRef(ref)).toBe(false);
  });

  it('treats the same traits as equal, in any order and with repetitions', () => {
    const { traits } = ProvisionRequest.parse({ image_id: 'a', traits: ['HW_CPU_X86_AVX2', 'CUSTOM_B', 'CUSTOM_B'] });
    expect(traits).toEqual(['CUSTOM_B', 'HW_CPU_X86_AVX2']);
  });

  it.each(['custom_gpu', '', 'CUSTOM GPU', 'CUSTOM_GPU\n', '1X', 'X'.repeat(256)])('refuses %j as a trait', (trait) => {
    expect(problemsIn({ traits: [trait] })).toEqual(['traits.0: must be a trait, e.g. CUSTOM_GPU']);
  });

  it('writes a conductor group as Ironic stores it', () => {
    const { conductor_group } = ProvisionRequest.parse({ image_id: 'a', conductor_group: 'Rack-1.A_b' });
    expect(conductor_group).toBe('rack-1.a_b');
    for (const odd of ['', 'a b', 'a/b', 'ä', 'a\n']) expect(problemsIn({ conductor_group: odd })).toHaveLength(1);
  });

  it.each([
    'ubuntu-24.04',
    uuid(1),
    'https://images/ubuntu 24.qcow2',
    'file:///i.raw',
    'Ubuntu – Нобл',
    'x'.repeat(2048),
  ])('accepts %s as an image', (ref) => {
    expect(problemsIn({ image_id: ref })).toEqual([]);
  });

  it.each(['', 'a\nb', 'a\u0000', 'a\u0085', 'x'.repeat(2049), 7, null, ['a'], { id: 'a' }])(
    'refuses %j as an image',
    (ref) => {
      expect(problemsIn({ image_id: ref }).length).toBeGreaterThan(0);
    },
  );

  it.each(['web-1', 'web-1.example.com', 'WEB', '1', '1.2', 'a'.repeat(63), `${'a'.repeat(63)}.b`])(
    'accepts %s as a host name',
    (name) => {
      expect(problemsIn({ hostname: name })).toEqual([]);
    },
  );

  it.each([
    '',
    '-web',
    'web-',
    'web_1',
    'web..1',
    '.web',
    'web.',
    'web 1',
    'web\n',
    'wéb',
    'a'.repeat(64),
    `${'a'.repeat(60)}.`.repeat(4) + 'a'.repeat(10),
  ])('refuses %j as a host name', (name) => {
    expect(problemsIn({ hostname: name })).toEqual(['hostname: must be a DNS host name']);
  });

  it.each([
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey',
    'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ== somebody@somewhere',
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= Zoë, laptop',
    'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t',
  ])('accepts the public key %s', (key) => {
    expect(problemsIn({ ssh_public_keys: [key] })).toEqual([]);
  });

  it.each([
    '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
    '-----BEGIN RSA PRIVATE KEY-----',
    'ssh-ed25519',
    'ssh-ed25519 short',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey\n',
    'no-pty ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey',
    'AAAAC3NzaC1lZDI1NTE5AAAAIKey',
    '',
  ])('refuses %j as a public key, without quoting it', (key) => {
    expect(problemsIn({ ssh_public_keys: [key] })).toEqual([
      'ssh_public_keys.0: must be one OpenSSH public key on one line, e.g. "ssh-ed25519 AAAA… name"',
    ]);
  });

  it('limits the number and the length of public keys', () => {
    const key = `ssh-rsa ${'A'.repeat(16_000)}`;
    expect(problemsIn({ ssh_public_keys: Array(64).fill(key) })).toEqual([]);
    expect(problemsIn({ ssh_public_keys: Array(65).fill(key) })).toEqual(['ssh_public_keys: must be at most 64 keys']);
    expect(problemsIn({ ssh_public_keys: [`ssh-rsa ${'A'.repeat(20_000)}`] })).toEqual([
      'ssh_public_keys.0: must be at most 16384 characters',
    ]);
  });

  it.each(['', 'x'.repeat(81), 'a\tb', 5])('refuses %j as a resource class', (resourceClass) => {
    expect(problemsIn({ resource_class: resourceClass })).toHaveLength(1);
  });

  it.each(['text', [], null, 3])('refuses %j as a config drive', (configDrive) => {
    expect(problemsIn({ config_drive: configDrive })).toHaveLength(1);
  });

  it('checks any text without backtracking', () => {
    fc.assert(
      fc.property(anyText(300), (text) => {
        const request = { server_id: text, hostname: text, ssh_public_keys: [text], resource_class: text };
        expect(Array.isArray(problemsIn(request))).toBe(true);
      }),
    );
    expect(problemsIn({ hostname: 'a-'.repeat(500_000) })).toHaveLength(1);
    expect(problemsIn({ hostname: 'a.'.repeat(500_000) })).toHaveLength(1);
  });
});

describe('a request for the status', () => {
  it('writes UUIDs in lower case, and does not wait by default', () => {
    const id = 'ABCDEF01-0000-4000-8000-000000000001';
    expect(StatusRequest.parse({ operation_id: id, deployment_id: id })).toEqual({
      operation_id: id.toLowerCase(),
      deployment_id: id.toLowerCase(),
      wait_seconds: 0,
    });
  });

  it.each(['bm-1', '', '..', `${uuid(1)}\n`, `${uuid(1)}/states`, uuid(1).replaceAll('-', ''), 5, null])(
    'refuses %j as an operation',
    (id) => {
      expect(StatusRequest.safeParse({ operation_id: id }).success).toBe(false);
      expect(StatusRequest.safeParse({ operation_id: uuid(1), deployment_id: id }).success).toBe(false);
    },
  );

  it.each([-1, 51, 1.5, '10', Number.NaN, Number.POSITIVE_INFINITY, null])(
    'refuses to wait for %j seconds',
    (seconds) => {
      expect(StatusRequest.safeParse({ operation_id: uuid(1), wait_seconds: seconds }).success).toBe(false);
    },
  );

  it('refuses an argument that it does not know', () => {
    expect(StatusRequest.safeParse({ operation_id: uuid(1), server_id: uuid(1) }).success).toBe(false);
  });
});

describe('a UUID', () => {
  it('may be of any version and in either case', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(isUuid(id)).toBe(true);
        expect(isUuid(id.toUpperCase())).toBe(true);
        expect(isUuid(`${id}0`)).toBe(false);
      }),
    );
  });
});
