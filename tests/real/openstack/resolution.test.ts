import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config/config.js';
import { ConfigError } from '../../../src/config/errors.js';
import { withoutVersion } from '../../../src/openstack/credentials.js';
import type { Ask } from '../../../src/openstack/http.js';
import { createKeystoneSession } from '../../../src/openstack/keystone.js';

const run = promisify(execFile);

/** The output of `resolve_clouds.py` for one cloud. */
interface Theirs {
  readonly error?: string;
  readonly sign_in: { readonly url: string; readonly body: object } | null;
  readonly plain: {
    readonly endpoint: string;
    readonly username: string | null;
    readonly password: string | null;
  } | null;
  readonly region: string | null;
  readonly interface: string;
  readonly image_interface: string;
  readonly baremetal: string | null;
  readonly image: string | null;
  readonly verify: boolean | string;
  readonly certificate: null | string | readonly string[];
}

const url = 'https://keystone.example:5000/v3';
const user = { username: 'ann', user_domain_name: 'Users', password: 'secret-1' };
const nobodysDomain = { auth_url: url, username: 'ann', password: 'secret-1', project_name: 'demo' };
const project = { project_name: 'demo', project_domain_id: 'projects' };
const auth = { auth_url: url, ...user, ...project };
const credential = { auth_type: 'v3applicationcredential' };

/** Entries of clouds.yaml: one for each way to sign in, and one for each spelling of the same setting. */
const clouds: Readonly<Record<string, object>> = {
  password: { auth, region_name: 'North', interface: 'internal' },
  'password by its name': { auth_type: 'password', auth },
  v3password: { auth_type: 'v3password', auth },
  'v3password, by ids': {
    auth_type: 'v3password',
    auth: { auth_url: url, user_id: 'u1', password: 'secret-1', project_id: 'p1' },
  },
  'both a name and an id': { auth: { ...auth, user_id: 'u1', project_id: 'p1' } },
  'a domain by id': {
    auth: { ...auth, user_domain_name: undefined, user_domain_id: 'users', project_domain_name: 'P' },
  },
  'one domain for both': { auth: { ...nobodysDomain, domain_id: 'both' } },
  'one domain for both, by name': { auth: { ...nobodysDomain, domain_name: 'Both' } },
  'one domain for both, beside auth': { auth: nobodysDomain, domain_id: 'both' },
  'a default domain': { auth: { ...nobodysDomain, default_domain_id: 'both' } },
  'a default domain, by name': { auth: { ...nobodysDomain, default_domain_name: 'Both' } },
  'no domain': { auth: nobodysDomain },
  'two scopes': { auth: { ...auth, system_scope: 'all' } },
  'a domain for one of both': { auth: { ...nobodysDomain, domain_id: 'both', user_domain_id: 'users' } },
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
  'tenant and project': { auth: { auth_url: url, ...user, project_name: 'new', tenant_name: 'old', domain_id: 'd' } },
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
  'interface of one service': {
    auth,
    interface: 'public',
    baremetal_interface: 'internal',
    image_interface: 'internal',
  },
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

/** More entries, which only YAML can express. */
const written: Readonly<Record<string, string>> = {
  'auth from another place': '{ auth: { <<: *shared, project_id: p1 } }',
  'what another place has, changed': '{ auth: { <<: [*shared, { project_id: p2 }], username: bob } }',
  'an exponent as password': '{ auth: { <<: *shared, project_id: p1, password: 1e5 } }',
  'zeros before a password': '{ auth: { <<: *shared, project_id: p1, password: 0123 } }',
  'a project of many digits': '{ auth: { <<: *shared, project_id: 12345678901234567890123456789012 } }',
  'verify: no': '{ auth: { <<: *shared, project_id: p1 }, verify: no }',
};
const shared = `shared: &shared { auth_url: '${url}', username: ann, user_domain_name: Users, password: secret-1 }`;

const secure = { 'password by its name': { auth: { password: 'secret-from-elsewhere' } } };

/** Clouds with a region that OS_REGION_NAME names. */
const inRegions = ['regions@North', 'regions@West', 'regions with settings@West', 'password@South'];

/** The intended differences: openstacksdk's result, and ours. */
const differences: Readonly<Record<string, readonly [theirs: object, ours: object]>> = {
  // Keystone refuses a name without a domain, so nobody means that.
  'no domain': [
    { sign_in: { body: { auth: { identity: { password: { user: { name: 'ann' } } } } } } },
    { sign_in: { body: { auth: { identity: { password: { user: { domain: { id: 'default' } } } } } } } },
  ],
  // openstacksdk fails with a Python error, because it takes this for a password.
  'a token alone': [{ wrong: true }, { sign_in: { body: { auth: { identity: { methods: ['token'] } } } } }],
  // openstacksdk takes only regions of the file. We take the regions of the catalog.
  'password@South': [{ wrong: true }, { region: 'South' }],
  // openstacksdk reads an octal number.
  'zeros before a password': [
    { sign_in: { body: { auth: { identity: { password: { user: { password: '83' } } } } } } },
    { sign_in: { body: { auth: { identity: { password: { user: { password: '0123' } } } } } } },
  ],
  // openstacksdk takes this for the name of a file, which does not exist.
  'verify: "False"': [{ verify: 'False' }, { verify: false }],
};

const names = [...Object.keys(clouds), ...Object.keys(written), ...inRegions];

let home: string;
let theirs: Readonly<Record<string, Theirs>>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ironic-mcp-resolution-'));
  const config = join(home, '.config', 'openstack');
  await mkdir(config, { recursive: true });
  for (const [name, file] of [
    ['ca', 'ca.pem'],
    ['cert', 'client.pem'],
    ['key', 'client.key'],
  ] as const) {
    await copyFile(`tests/support/certificates/${file}`, join(home, `${name}.pem`));
  }
  const entries = [
    ...Object.entries(clouds).map(([name, entry]) => [name, JSON.stringify(entry)] as const),
    ...Object.entries(written),
  ];
  const lines = entries.map(([name, entry]) => `  ${JSON.stringify(name)}: ${entry}`);
  const text = [shared, 'clouds:', ...lines, ''].join('\n').replaceAll('FOLDER', home);
  await writeFile(join(config, 'clouds.yaml'), text);
  await writeFile(join(config, 'secure.yaml'), JSON.stringify({ clouds: secure }));
  const script = 'tests/real/openstack/resolve_clouds.py';
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  theirs = JSON.parse((await run(await openstacksdk(), [script, ...names], { env })).stdout);
});
afterAll(() => rm(home, { recursive: true }));

/** The Python with openstacksdk from PyPI. It is kept for the next run. */
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

/** Our result for a cloud, in openstacksdk's words. */
async function ours(wanted: string) {
  const [name = '', region = ''] = wanted.split('@');
  const { cloud } = await readConfig({ HOME: home, OS_CLOUD: name, OS_REGION_NAME: region }, {});
  if (cloud.kind === 'simulator') throw new Error('it is the simulator');
  const { auth, baremetalEndpoint, imageEndpoint, tls } = cloud.settings;
  const certificate = [tls?.cert, tls?.key].filter((part) => part !== undefined);
  const common = {
    image: imageEndpoint ?? null,
    verify: tls?.verify === false ? false : (tls?.ca ?? true),
    certificate: certificate.length === 0 ? null : certificate,
  };
  if (auth.type !== 'keystone') {
    const { username, password } = auth.type === 'none' ? { username: null, password: null } : auth;
    return { ...common, endpoint: auth.endpoint, username, password };
  }
  return {
    ...common,
    baremetal: baremetalEndpoint ?? null,
    sign_in: await signInOf(auth),
    region: auth.region ?? null,
    interface: auth.baremetalInterface ?? auth.interface,
    image_interface: auth.imageInterface ?? auth.interface,
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

/** openstacksdk's result, with the same words for the same meaning. */
async function expected(name: string) {
  const { error, ...cloud } = theirs[name] ?? { error: 'it was not asked for' };
  if (error !== undefined) return { wrong: true };
  const told = cloud as Theirs;
  const files = told.certificate === null ? null : [told.certificate].flat();
  const read = (file: string) => readFile(file, 'utf8').catch(() => file);
  const address = (text: string | null) => (text === null ? null : withoutVersion(text));
  const common = {
    verify: typeof told.verify === 'string' ? await read(told.verify) : told.verify,
    certificate: files && (await Promise.all(files.map(read))),
  };
  if (told.plain !== null) {
    // openstacksdk would use this address for images as well, but it is Ironic's.
    return { ...common, ...told.plain, endpoint: address(told.baremetal ?? told.plain.endpoint), image: null };
  }
  return {
    ...common,
    baremetal: address(told.baremetal),
    image: address(told.image),
    sign_in: told.sign_in,
    region: told.region,
    // openstacksdk's catalog takes both forms.
    interface: told.interface.replace(/URL$/, ''),
    image_interface: told.image_interface.replace(/URL$/, ''),
  };
}

describe('a clouds.yaml resolves as openstacksdk resolves it', () => {
  test.each(names)('%s', async (name) => {
    const made = await ours(name).catch((error) => {
      if (error instanceof ConfigError) return { wrong: true };
      throw error;
    });
    const difference = differences[name];
    if (difference) {
      expect(await expected(name)).toMatchObject(difference[0]);
      expect(made).toMatchObject(difference[1]);
    } else {
      expect(made).toEqual(await expected(name));
    }
  });
});
