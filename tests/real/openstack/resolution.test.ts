import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config.js';
import { withoutVersion } from '../../../src/openstack/credentials.js';
import type { Ask } from '../../../src/openstack/http.js';
import { createKeystoneSession } from '../../../src/openstack/keystone.js';

const run = promisify(execFile);

/** What `resolve_clouds.py` prints of one cloud. */
interface Theirs {
  readonly error?: string;
  readonly sign_in: { readonly url: string; readonly body: object } | null;
  readonly plain: { readonly endpoint: string; readonly username: string | null; readonly password: string | null } | null;
  readonly region: string | null;
  readonly interface: string;
  readonly baremetal: string | null;
  readonly image: string | null;
  readonly verify: boolean | string;
  readonly certificate: null | string | readonly string[];
}

const url = 'https://keystone.example:5000/v3';
const user = { username: 'ann', user_domain_name: 'Users', password: 'secret-1' };
const project = { project_name: 'demo', project_domain_id: 'projects' };
const auth = { auth_url: url, ...user, ...project };
const credential = { auth_type: 'v3applicationcredential' };

/** An entry of clouds.yaml for each way to sign in, and for each way to write what can be written in several. */
const clouds: Readonly<Record<string, object>> = {
  password: { auth, region_name: 'North', interface: 'internal' },
  'password by its name': { auth_type: 'password', auth },
  v3password: { auth_type: 'v3password', auth },
  'v3password, by ids': {
    auth_type: 'v3password',
    auth: { auth_url: url, user_id: 'u1', password: 'secret-1', project_id: 'p1' },
  },
  'both a name and an id': { auth: { ...auth, user_id: 'u1', project_id: 'p1' } },
  'a domain by id': { auth: { ...auth, user_domain_name: undefined, user_domain_id: 'users', project_domain_name: 'P' } },
  'one domain for both': {
    auth: { auth_url: url, username: 'ann', password: 'secret-1', project_name: 'demo', domain_id: 'both' },
  },
  'one domain for both, by name': {
    auth: { auth_url: url, username: 'ann', password: 'secret-1', project_name: 'demo', domain_name: 'Both' },
  },
  'a domain for one of both': {
    auth: { auth_url: url, username: 'ann', password: 'secret-1', project_name: 'demo', domain_id: 'both', ...{ user_domain_id: 'users' } },
  },
  'a domain beside auth': { auth: { auth_url: url, ...user, project_id: 'p1' }, domain_id: 'other' },
  'the domain as scope': { auth: { auth_url: url, ...user, domain_id: 'd1' } },
  'the domain as scope, by name': { auth: { auth_url: url, ...user, domain_name: 'D' } },
  'the system as scope': { auth: { auth_url: url, ...user, system_scope: 'all' } },
  'a system beside auth': { auth: { auth_url: url, ...user }, system_scope: 'all' },
  'the settings beside auth': { auth_type: 'password', ...auth },
  'settings in both places': { auth, username: 'bob', password: 'secret-2' },
  dashes: {
    auth: {
      'auth-url': url,
      username: 'ann',
      password: 'secret-1',
      'user-domain-name': 'Users',
      'project-name': 'demo',
      'project-domain-name': 'P',
    },
    'region-name': 'North',
    'baremetal-endpoint-override': 'https://ironic.example',
  },
  tenant: { auth: { auth_url: url, ...user, tenant_name: 'demo', project_domain_id: 'projects' } },
  'tenant by id': { auth: { auth_url: url, ...user, tenant_id: 'p1' } },
  'a project beside auth': { auth: { auth_url: url, ...user }, project_id: 'p1' },
  'the address without a version': { auth: { ...auth, auth_url: 'https://keystone.example/identity' } },
  'the address with a slash': { auth: { ...auth, auth_url: 'https://keystone.example/identity/v3/' } },
  'a number as password': { auth: { ...auth, password: 12345 } },
  'braces in a password': { auth: { ...auth, password: 'x{y}z' } },
  token: { auth_type: 'token', auth: { auth_url: url, token: 'secret-token', ...project } },
  v3token: { auth_type: 'v3token', auth: { auth_url: url, token: 'secret-token', project_id: 'p1' } },
  'token for the system': { auth_type: 'v3token', auth: { auth_url: url, token: 'secret-token', system_scope: 'all' } },
  'a token alone': { auth: { auth_url: url, token: 'secret-token', project_id: 'p1' } },
  'application credential by id': {
    ...credential,
    auth: { auth_url: url, application_credential_id: 'c1', application_credential_secret: 'secret-3' },
  },
  'application credential by name': {
    ...credential,
    auth: {
      auth_url: url,
      application_credential_name: 'mcp',
      application_credential_secret: 'secret-3',
      username: 'ann',
      user_domain_name: 'Users',
    },
  },
  'application credential by name and the id of its user': {
    ...credential,
    auth: {
      auth_url: url,
      application_credential_name: 'mcp',
      application_credential_secret: 'secret-3',
      user_id: 'u1',
    },
  },
  none: { auth_type: 'none', endpoint: 'http://ironic.example:6385' },
  'none, within auth': { auth_type: 'none', auth: { endpoint: 'http://ironic.example:6385' } },
  'none, with an override': {
    auth_type: 'none',
    endpoint: 'http://ironic.example:6385',
    baremetal_endpoint_override: 'http://other.example/baremetal',
  },
  http_basic: {
    auth_type: 'http_basic',
    auth: { endpoint: 'https://ironic.example', username: 'admin', password: 'secret-1' },
  },
  'http_basic, by an override': {
    auth_type: 'http_basic',
    auth: { username: 'admin', password: 'secret-1' },
    baremetal_endpoint_override: 'https://ironic.example',
  },
  regions: { auth, regions: ['South', 'North'] },
  'regions with settings': {
    auth,
    interface: 'public',
    regions: [{ name: 'East', values: { interface: 'internal', auth: { project_name: 'east' } } }, 'West'],
  },
  'a region among several': { auth, regions: ['South', 'North'], region_name: 'North' },
  'a region with settings among several': {
    auth,
    region_name: 'West',
    regions: ['East', { name: 'West', values: { interface: 'internal' } }],
  },
  'interface by its old name': { auth, endpoint_type: 'internal' },
  'interface with its old ending': { auth, interface: 'adminURL' },
  'interface of one service': { auth, interface: 'public', baremetal_interface: 'internal', image_interface: 'internal' },
  overrides: {
    auth,
    baremetal_endpoint_override: 'https://ironic.example/v1',
    image_endpoint_override: 'https://glance.example/v2/',
  },
  'verify: false': { auth, verify: false },
  'verify: "False"': { auth, verify: 'False' },
  'insecure: true': { auth, insecure: true },
  'insecure: false': { auth, insecure: false },
  cacert: { auth, cacert: 'FOLDER/ca.pem' },
  'cacert in a home': { auth, cacert: '~/ca.pem' },
  'cacert and verify: false': { auth, cacert: 'FOLDER/ca.pem', verify: false },
  'cert and key': { auth, cert: 'FOLDER/cert.pem', key: 'FOLDER/key.pem' },
  'cert with a key in it': { auth, cert: 'FOLDER/cert.pem' },
};

const secure = { 'password by its name': { auth: { password: 'secret-from-elsewhere' } } };

/** Where we mean to differ, and how. */
const byIntent: Readonly<Record<string, (theirs: Theirs) => object>> = {};

let home: string;
let theirs: Readonly<Record<string, Theirs>>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ironic-mcp-resolution-'));
  const config = join(home, '.config', 'openstack');
  await mkdir(config, { recursive: true });
  for (const name of ['ca', 'cert', 'key']) await writeFile(join(home, `${name}.pem`), `the ${name}`);
  const text = JSON.stringify({ clouds }).replaceAll('FOLDER', home);
  await writeFile(join(config, 'clouds.yaml'), text);
  await writeFile(join(config, 'secure.yaml'), JSON.stringify({ clouds: secure }));
  const script = 'tests/real/openstack/resolve_clouds.py';
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  theirs = JSON.parse((await run(await openstacksdk(), [script, ...Object.keys(clouds)], { env })).stdout);
});
afterAll(() => rm(home, { recursive: true }));

/** The Python that has openstacksdk from PyPI; it is kept for the next time. */
async function openstacksdk(): Promise<string> {
  const folder = join(tmpdir(), 'ironic-lab', 'openstacksdk');
  const complete = join(folder, 'complete');
  const python = join(folder, 'bin', 'python');
  if (existsSync(complete)) return python;
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(python, ['-m', 'pip', 'install', '--quiet', 'openstacksdk']);
  await writeFile(complete, '');
  return python;
}

/** What we make of a cloud, in their words. */
async function ours(name: string) {
  const { cloud } = await readConfig({ HOME: home, OS_CLOUD: name }, {});
  if (cloud.kind === 'simulator') throw new Error('it is the simulator');
  const { auth, baremetalEndpoint, imageEndpoint, tls } = cloud.settings;
  const isKeystone = auth.type === 'keystone';
  const certificate = [tls?.cert, tls?.key].filter((part) => part !== undefined);
  return {
    sign_in: isKeystone ? await signInOf(auth) : null,
    plain: isKeystone
      ? null
      : {
          endpoint: auth.endpoint,
          username: auth.type === 'none' ? null : auth.username,
          password: auth.type === 'none' ? null : auth.password,
        },
    region: isKeystone ? (auth.region ?? null) : null,
    interface: isKeystone ? auth.interface : null,
    baremetal: baremetalEndpoint ?? null,
    image: imageEndpoint ?? null,
    verify: tls?.verify === false ? false : (tls?.ca ?? true),
    certificate: certificate.length === 0 ? null : certificate,
  };
}

async function signInOf(auth: Parameters<typeof createKeystoneSession>[0]['auth']) {
  const asked: Ask[] = [];
  const http = {
    async ask(ask: Ask): Promise<never> {
      asked.push(ask);
      throw new Error('this is enough');
    },
    deadline: () => new AbortController().signal,
  };
  const clock = { now: () => 0, sleep: async () => undefined };
  const session = createKeystoneSession({ auth, http, clock, overrides: {} });
  await expect(session.access('baremetal', new AbortController().signal)).rejects.toThrow('this is enough');
  const [ask] = asked;
  return { url: `${auth.authUrl}/${ask?.path}`, body: ask?.json };
}

/** The same words for what means the same. */
async function normal(name: string) {
  const { error, ...told } = theirs[name] ?? { error: 'it was not asked for' };
  if (error !== undefined) return { error };
  const cloud = told as Theirs;
  const read = async (path: string) => readFile(path, 'utf8');
  const isPlain = cloud.plain !== null;
  const endpoint = (text: string | null) => (text === null ? null : withoutVersion(text));
  const files = cloud.certificate === null ? null : [cloud.certificate].flat();
  return {
    sign_in: cloud.sign_in,
    plain: cloud.plain,
    region: isPlain ? null : cloud.region,
    interface: isPlain ? null : cloud.interface.replace(/URL$/, ''),
    baremetal: endpoint(cloud.baremetal),
    image: endpoint(cloud.image),
    verify: typeof cloud.verify === 'string' ? await read(cloud.verify) : cloud.verify,
    certificate: files && (await Promise.all(files.map(read))),
  };
}

describe('a clouds.yaml resolves as openstacksdk resolves it', () => {
  test.each(Object.keys(clouds))('%s', async (name) => {
    expect(await ours(name).catch((error) => ({ error: error.message }))).toEqual(await normal(name));
  });
});
void byIntent;
