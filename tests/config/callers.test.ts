import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { http } from '../../src/commands/http.js';
import { stdio } from '../../src/commands/stdio.js';
import { readConfig, readServerConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/errors.js';
import { createFakeIo } from '../support/fake-io.js';

const setting = { IRONIC_MCP_HTTP_SIGN_IN: 'caller' };
const keystone = { OS_AUTH_URL: 'https://keystone.example.org/v3/' };
const secret = 'hush-hush-hush-hush';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'callers-'));
  const clouds = {
    metal: { auth: { auth_url: 'https://keystone.example.org/v3' }, region_name: 'North', interface: 'internal' },
    alice: { auth: { auth_url: 'https://keystone.example.org/v3', username: 'alice', password: secret } },
  };
  await writeFile(join(folder, 'clouds.yaml'), JSON.stringify({ clouds }));
});
afterAll(() => rm(folder, { recursive: true }));

const own = (name: string) => ({ OS_CLOUD: name, OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml') });

describe('the settings of a server whose callers sign in', () => {
  it('name a Keystone, and what counts in its catalog', async () => {
    const env = {
      ...setting,
      ...keystone,
      OS_REGION_NAME: 'North',
      OS_INTERFACE: 'admin',
      OS_IMAGE_ENDPOINT_OVERRIDE: '',
    };
    const { config, http } = await readServerConfig(env, {});
    const { cloud } = await config();
    const auth = { type: 'caller', authUrl: 'https://keystone.example.org', region: 'North', interface: 'admin' };
    expect(cloud).toMatchObject({ kind: 'callers', where: 'the OpenStack cloud at https://keystone.example.org' });
    expect(cloud).toHaveProperty('settings.auth', expect.objectContaining(auth));
    expect(await http()).toMatchObject({ token: undefined, behindTls: false });
  });

  it('may come from a clouds.yaml without an account, and from a flag', async () => {
    const env = { ...own('metal'), OS_AUTH_TYPE: 'v3applicationcredential' };
    const { cloud } = await (await readServerConfig(env, { 'http-sign-in': 'caller' })).config();
    expect(cloud).toHaveProperty('settings.auth', expect.objectContaining({ region: 'North', interface: 'internal' }));
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['no cloud', {}, 'IRONIC_MCP_HTTP_SIGN_IN=caller needs a Keystone: set OS_AUTH_URL, or OS_CLOUD.'],
    [
      'no Keystone',
      { OS_REGION_NAME: 'North' },
      'OS_AUTH_URL is not set, but IRONIC_MCP_HTTP_SIGN_IN=caller needs it.',
    ],
    ...[
      'OS_USERNAME',
      'OS_USER_ID',
      'OS_PASSWORD',
      'OS_TOKEN',
      'OS_PROJECT_ID',
      'OS_TENANT_NAME',
      'OS_SYSTEM_SCOPE',
    ].map((name): [string, Readonly<Record<string, string>>, string] => [
      name,
      { ...keystone, [name]: secret },
      `${name.replace('TENANT', 'PROJECT')} must not be set with IRONIC_MCP_HTTP_SIGN_IN=caller, because each caller brings an account. Remove it.`,
    ]),
    ...['OS_APPLICATION_CREDENTIAL_ID', 'OS_APPLICATION_CREDENTIAL_SECRET', 'OS_USER_DOMAIN_NAME', 'OS_DOMAIN_ID'].map(
      (name): [string, Readonly<Record<string, string>>, string] => [
        name,
        { ...keystone, [name]: secret },
        `${name} must not be set with`,
      ],
    ),
    [
      'several settings of an account',
      { ...keystone, OS_USERNAME: 'ann', OS_PASSWORD: secret, OS_PROJECT_NAME: 'red' },
      'OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME must not be set with IRONIC_MCP_HTTP_SIGN_IN=caller, because each caller brings an account. Remove them.',
    ],
    [
      'an Ironic without Keystone',
      { ...keystone, OS_ENDPOINT: 'http://10.0.0.1:6385' },
      'OS_ENDPOINT must not be set with',
    ],
    ['an account in clouds.yaml', {}, 'username of the cloud "alice" in'],
    ...['none', 'http_basic', 'password', 'v3token'].map((type): [string, Readonly<Record<string, string>>, string] => [
      `the type ${type}`,
      { ...keystone, OS_AUTH_TYPE: type },
      `OS_AUTH_TYPE is "${type}", but with IRONIC_MCP_HTTP_SIGN_IN=caller it can only be v3applicationcredential. Remove it.`,
    ]),
    [
      'a token',
      { ...keystone, IRONIC_MCP_HTTP_TOKEN: secret },
      'IRONIC_MCP_HTTP_TOKEN and IRONIC_MCP_HTTP_SIGN_IN=caller are both set',
    ],
    [
      'the address for boot reports',
      { ...keystone, IRONIC_MCP_BOOT_REPORT_URL: 'http://10.0.0.1' },
      'IRONIC_MCP_BOOT_REPORT_URL and IRONIC_MCP_HTTP_SIGN_IN=caller are both set, but to record a report, this program needs an account.',
    ],
    [
      'the listener for boot reports',
      { ...keystone, IRONIC_MCP_BOOT_REPORT_LISTEN: '0.0.0.0:7386' },
      'IRONIC_MCP_BOOT_REPORT_LISTEN and',
    ],
    [
      'another value',
      { ...keystone, IRONIC_MCP_HTTP_SIGN_IN: 'server' },
      'IRONIC_MCP_HTTP_SIGN_IN must be `caller`, or unset.',
    ],
  ])('are refused at the start with %s', async (what, env, words) => {
    const named = what === 'an account in clouds.yaml' ? own('alice') : {};
    const { io } = createFakeIo({ env: { ...setting, ...named, ...env } });
    const start = http(io, ['--port', '0']);
    await expect(start).rejects.toThrow(ConfigError);
    await expect(start).rejects.toThrow(words);
    await expect(start).rejects.not.toThrow(secret);
  });

  it('do not let the server listen beyond this machine, unless a proxy in front ends TLS', async () => {
    const env = { ...setting, ...keystone };
    const words =
      'Callers would send their secrets to 0.0.0.0 in the clear. Listen on 127.0.0.1, or put a proxy with TLS in front and set IRONIC_MCP_HTTP_BEHIND_TLS=true.';
    await expect(http(createFakeIo({ env }).io, ['--host', '0.0.0.0', '--port', '0'])).rejects.toThrow(words);
    const { http: read } = await readServerConfig({ ...env, IRONIC_MCP_HTTP_BEHIND_TLS: 'true' }, {});
    expect(await read()).toMatchObject({ behindTls: true });
  });

  it.each([
    ['a Keystone', keystone],
    ['an account', { ...keystone, OS_USERNAME: 'ann' }],
    ['no cloud', {}],
  ])('are of no use for other commands, which say so, also with %s', async (_, cloud) => {
    const words = 'IRONIC_MCP_HTTP_SIGN_IN=caller is for the command http';
    await expect(stdio(createFakeIo({ env: { ...setting, ...cloud } }).io, [])).rejects.toThrow(words);
    await expect(readConfig({ ...setting, ...cloud }, {})).rejects.toThrow(ConfigError);
  });

  it('need one another: TLS in front means nothing while all callers share one account', async () => {
    const { http: read } = await readServerConfig({ IRONIC_MCP_HTTP_BEHIND_TLS: 'true' }, {});
    await expect(read()).rejects.toThrow('IRONIC_MCP_HTTP_BEHIND_TLS needs IRONIC_MCP_HTTP_SIGN_IN=caller.');
  });
});
