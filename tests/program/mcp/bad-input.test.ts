import { describe, expect, it } from 'vitest';
import { sharedFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { type ClientLine, clientLines } from '../../support/mcp-session.js';
import { failureIn, provision } from '../../support/tool-answers.js';

const image = { image_id: 'file:///images/debian.qcow2' };
const uuid = '11111111-2222-4333-8444-555555555555';
const long = 'x'.repeat(10_000);
const notServerRef = 'server_id: must be the UUID or the name of a server (letters, digits, "-", ".", "_", "~")';
const notUuid = 'operation_id: must be a UUID';
const notKey = 'must be one OpenSSH public key on one line, e.g. "ssh-ed25519 AAAA… name"';
const fourMembers = 'meta_data, user_data, network_data, vendor_data';

/** The input, and the reason in the answer. */
type Row = readonly [what: string, input: unknown, reason: string];

const provisionRows: readonly Row[] = [
  ['no arguments', undefined, 'image_id: is missing'],
  ['no image_id', {}, 'image_id: is missing'],
  ['an empty image_id', { image_id: '' }, 'image_id: must not be empty'],
  ['a NUL in image_id', { image_id: 'debian\u0000' }, 'image_id: must not contain control characters'],
  ['a line break in image_id', { image_id: 'a\nCode: x' }, 'image_id: must not contain control characters'],
  ['10,000 characters of image_id', { image_id: long }, 'image_id: must be at most 2048 characters'],
  ['a number for image_id', { image_id: 12 }, 'image_id: must be a string'],
  ['a list for image_id', { image_id: ['a'] }, 'image_id: must be a string'],
  ['null for image_id', { image_id: null }, 'image_id: must be a string'],
  ['an unknown argument', { ...image, imageId: 'x' }, 'unknown argument "imageId"'],
  ['an unknown argument with a hostile name', { ...image, 'a\nCode: ok\u202E': 1 }, 'unknown argument "a Code: ok"'],
  ['an argument called constructor', { ...image, constructor: 1 }, 'unknown argument "constructor"'],
  ['an empty server_id', { ...image, server_id: '' }, `server_id: must not be empty; ${notServerRef}`],
  ['a slash in server_id', { ...image, server_id: 'a/b' }, notServerRef],
  ['an escaped slash in server_id', { ...image, server_id: 'a%2Fb' }, notServerRef],
  ['a path as server_id', { ...image, server_id: '../../v1/nodes' }, notServerRef],
  ['".." as server_id', { ...image, server_id: '..' }, notServerRef],
  ['"." as server_id', { ...image, server_id: '.' }, notServerRef],
  ['a query in server_id', { ...image, server_id: 'a?fields=driver_info' }, notServerRef],
  ['a NUL in server_id', { ...image, server_id: 'rack1\u0000' }, notServerRef],
  ['a space in server_id', { ...image, server_id: 'rack 1' }, notServerRef],
  ['a line break behind server_id', { ...image, server_id: 'rack1\n' }, notServerRef],
  [
    '10,000 characters of server_id',
    { ...image, server_id: long },
    `server_id: must be at most 255 characters; ${notServerRef}`,
  ],
  ['a number for server_id', { ...image, server_id: 7 }, 'server_id: must be a string'],
  ['an empty resource_class', { ...image, resource_class: '' }, 'resource_class: must not be empty'],
  [
    'a NUL in resource_class',
    { ...image, resource_class: 'a\u0000' },
    'resource_class: must not contain control characters',
  ],
  [
    '10,000 characters of resource_class',
    { ...image, resource_class: long },
    'resource_class: must be at most 80 characters',
  ],
  ['an empty hostname', { ...image, hostname: '' }, 'hostname: must be a DNS host name'],
  ['a hostname with a space', { ...image, hostname: 'web 1' }, 'hostname: must be a DNS host name'],
  ['10,000 characters of hostname', { ...image, hostname: long }, 'hostname: must be a DNS host name'],
  [
    'one text for ssh_public_keys',
    { ...image, ssh_public_keys: 'ssh-ed25519 AAAA' },
    'ssh_public_keys: must be a list',
  ],
  ['an empty ssh key', { ...image, ssh_public_keys: [''] }, `ssh_public_keys.0: ${notKey}`],
  [
    'a private key',
    { ...image, ssh_public_keys: ['-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END'] },
    `ssh_public_keys.0: ${notKey}`,
  ],
  ['an empty idempotency_key', { ...image, idempotency_key: '' }, 'idempotency_key: must not be empty'],
  [
    'a NUL in idempotency_key',
    { ...image, idempotency_key: 'a\u0000' },
    'idempotency_key: must not contain control characters',
  ],
  [
    '10,000 characters of idempotency_key',
    { ...image, idempotency_key: long },
    'idempotency_key: must be at most 255 characters',
  ],
  ['a text for retry_failed', { ...image, retry_failed: 'yes' }, 'retry_failed: must be true or false'],
  [
    'nothing to retry',
    { ...image, retry_failed: true },
    'retry_failed: needs the server_id or the idempotency_key of the failed deployment',
  ],
  ['a port that is no UUID', { ...image, vifs: ['../ports'] }, 'vifs.0: must be a UUID'],
  ['a text for config_drive', { ...image, config_drive: 'x' }, 'config_drive: must be an object'],
  ['a list for config_drive', { ...image, config_drive: [] }, 'config_drive: must be an object'],
  ['null as an ssh key', { ...image, ssh_public_keys: [null] }, 'ssh_public_keys.0: must be a string'],
  [
    'a config drive that mixes its members with user data',
    { ...image, config_drive: { meta_data: {}, packages: ['nginx'] } },
    `config_drive: "packages" cannot be combined with ${fourMembers}; pass only these four members, or only cloud-init user data`,
  ],
  [
    'a config drive with an unknown member',
    { ...image, config_drive: { user_data: 'x', userdata: 'y' } },
    `config_drive: "userdata" cannot be combined with ${fourMembers}; pass only these four members, or only cloud-init user data`,
  ],
  [
    'a config drive whose meta_data is a text',
    { ...image, config_drive: { meta_data: 'x' } },
    'config_drive.meta_data: must be an object',
  ],
  [
    'a config drive whose network_data is a list',
    { ...image, config_drive: { network_data: [] } },
    'config_drive.network_data: must be an object',
  ],
  [
    'a config drive whose user_data is a number',
    { ...image, config_drive: { user_data: 5 } },
    'config_drive.user_data: must be a string or an object',
  ],
  [
    'a config drive that is nested too deep',
    { ...image, config_drive: { user_data: nested(30) } },
    'config_drive: is nested more than 20 levels deep',
  ],
  [
    'two different host names',
    { ...image, hostname: 'a', config_drive: { meta_data: { hostname: 'b' } } },
    'hostname: differs from config_drive.meta_data.hostname; pass it once',
  ],
  [
    'two different sets of keys',
    {
      ...image,
      ssh_public_keys: ['ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAA'],
      config_drive: { meta_data: { public_keys: { a: 'ssh-ed25519 BBBBBBBBBBBBBBBBBBBBBBBB' } } },
    },
    'ssh_public_keys: differ from config_drive.meta_data.public_keys; pass them once',
  ],
];

const statusRows: readonly Row[] = [
  ['no arguments', undefined, notUuid.replace('must be a UUID', 'is missing')],
  ['an empty operation_id', { operation_id: '' }, notUuid],
  ['a name as operation_id', { operation_id: 'rack1-small-01' }, notUuid],
  ['a path as operation_id', { operation_id: `../${uuid}` }, notUuid],
  ['".." as operation_id', { operation_id: '..' }, notUuid],
  ['a UUID and a slash', { operation_id: `${uuid}/` }, notUuid],
  ['a UUID and a line break', { operation_id: `${uuid}\n` }, notUuid],
  ['a NUL in operation_id', { operation_id: `${uuid}\u0000` }, notUuid],
  ['10,000 characters of operation_id', { operation_id: long }, notUuid],
  ['a number for operation_id', { operation_id: 1 }, 'operation_id: must be a string'],
  ['a negative wait_seconds', { operation_id: uuid, wait_seconds: -1 }, 'wait_seconds: must be 0 to 50'],
  ['51 for wait_seconds', { operation_id: uuid, wait_seconds: 51 }, 'wait_seconds: must be 0 to 50'],
  ['1.5 for wait_seconds', { operation_id: uuid, wait_seconds: 1.5 }, 'wait_seconds: must be a whole number'],
  [
    '1e300 for wait_seconds',
    { operation_id: uuid, wait_seconds: 1e300 },
    'wait_seconds: must be a whole number; wait_seconds: must be 0 to 50',
  ],
  ['a text for wait_seconds', { operation_id: uuid, wait_seconds: '5' }, 'wait_seconds: must be a whole number'],
  ['a deployment_id that is no UUID', { operation_id: uuid, deployment_id: 'x' }, 'deployment_id: must be a UUID'],
  ['an unknown argument', { operation_id: uuid, verbose: true }, 'unknown argument "verbose"'],
];

function nested(levels: number): object {
  return levels === 0 ? {} : { deeper: nested(levels - 1) };
}

describe.each(clientLines)('a %s client that calls with', (line: ClientLine) => {
  const cloud = sharedFaultyCloud(line);

  const expectRefusal = async (tool: string, input: unknown, reason: string) => {
    const answer = await cloud.session.callTool(tool, input);
    expect(failureIn(answer)).toEqual([
      'Invalid request',
      `Reason: ${reason}`,
      'Next: Fix the arguments that the reason names, then call again.',
      'Code: invalid_request',
      'Retryable: no',
    ]);
    expect(cloud.proxy.log, 'nothing of it reached Ironic').toEqual([]);
  };

  it.each(provisionRows)('%s learns why provision_server refused it', async (_, input, reason) => {
    await expectRefusal('provision_server', input, reason);
  });

  it.each(statusRows)('%s learns why check_provision_status refused it', async (_, input, reason) => {
    await expectRefusal('check_provision_status', input, reason);
  });

  it.each(['', 'provision', 'provision_server\u0000', '../provision_server', 'toString', long])(
    'a tool that does not exist (%#) gets the error -32602 of the protocol',
    async (tool) => {
      await expect(cloud.session.callTool(tool, image)).rejects.toMatchObject({ code: -32602 });
      expect(cloud.proxy.log).toEqual([]);
    },
  );

  it.each([
    ['a text', 'x'],
    ['a list', []],
    ['a number', 1],
  ])('arguments that are %s gets the error -32602 of the protocol', async (_, input) => {
    await expect(cloud.session.callTool('provision_server', input)).rejects.toMatchObject({ code: -32602 });
    expect(cloud.proxy.log).toEqual([]);
  });

  it('all of that does not harm the server', async () => {
    expect(await provision(cloud.session, image)).toMatchObject({ status: 'accepted' });
    expect(cloud.session.stderr()).toBe('');
  });
});
