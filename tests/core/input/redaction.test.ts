import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { redacted } from '../../../src/core/input/redaction.js';
import { allOperations } from '../../../src/core/operations.js';
import { ProvisionRequest } from '../../../src/core/requests.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada@home';

function shown(input: object): Readonly<Record<string, unknown>> {
  return redacted(ProvisionRequest, ProvisionRequest.parse({ image_id: 'debian', ...input })) as never;
}

describe('the audit log shows', () => {
  it('names and flags unchanged', () => {
    const input = {
      image_id: 'Debian 12? (daily)',
      server_id: 'bm-1',
      resource_class: 'baremetal.small',
      hostname: 'web-1',
      vifs: ['00000000-0000-4000-8000-000000000001'],
      retry_failed: true,
    };
    expect(shown(input)).toEqual(input);
  });

  it('a public key as the fingerprint that ssh-keygen prints', () => {
    // ssh-keygen -l says the same of it.
    const { ssh_public_keys: keys } = shown({ ssh_public_keys: [key] });
    expect(keys).toEqual(['ssh-ed25519 SHA256:y7uTNMjnws1TsN2JhlIOWEjgMSkZUHxx3X8AYYolbkc']);
  });

  it('an idempotency key as a digest', () => {
    const { idempotency_key: digest } = shown({ idempotency_key: 'order 7' });
    expect(digest).toMatch(/^sha256:[\da-f]{32}$/);
    expect(shown({ idempotency_key: 'order 8' }).idempotency_key).not.toBe(digest);
  });

  it('a config drive as its size and the names of its members', () => {
    const drive = { user_data: '#cloud-config\npassword: hunter2', meta_data: { 'admin-pass': 'hunter2' } };
    expect(shown({ config_drive: drive }).config_drive).toEqual({
      bytes: Buffer.byteLength(JSON.stringify(drive)),
      members: ['meta_data', 'user_data'],
    });
    expect(shown({ config_drive: { hunter2: 'hunter2' } }).config_drive).toEqual({ bytes: 21, members: [] });
  });

  it.each([
    ['https://user:hunter2@images.example.org/a.qcow2', 'https://***@images.example.org/a.qcow2'],
    ['https://hunter2@images.example.org/a.qcow2', 'https://***@images.example.org/a.qcow2'],
    ['https:\\\\user:hunter2@images.example.org/a', 'https:\\\\***@images.example.org/a'],
    ['https://images.example.org/a.qcow2?X-Amz-Signature=hunter2', 'https://images.example.org/a.qcow2?***'],
    ['https://images.example.org/a.qcow2#hunter2', 'https://images.example.org/a.qcow2?***'],
    ['oci://registry.example.org/a@sha256:00', 'oci://registry.example.org/a@sha256:00'],
    ['file:///images/debian.qcow2', 'file:///images/debian.qcow2'],
  ])('the image %s as %s', (image, expected) => {
    expect(shown({ image_id: image }).image_id).toBe(expected);
  });

  it('only what it knows to be harmless', () => {
    const schema = z.strictObject({ password: z.string(), more: z.array(z.string()).optional(), any: z.unknown() });
    const input = { password: 'hunter2', more: ['hunter2', 'hunter2'], any: { hunter2: 'hunter2' } };
    expect(redacted(schema, input)).toEqual({ password: '(given)', more: ['(given)', '(given)'], any: '(given)' });
  });

  it('more than the presence of every argument of every operation', () => {
    for (const { name, input, example, effect } of allOperations) {
      if (effect === 'read') continue;
      expect(JSON.stringify(redacted(input, input.parse(example))), name).not.toContain('(given)');
    }
  });
});
