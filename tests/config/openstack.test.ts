import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.js';
import { knownVariables } from '../../src/config/openstack-reader.js';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ironic-mcp-config-'));
});
afterAll(() => rm(home, { recursive: true }));

const secret = 'hunter2-secret';
const certificate = (name: string) => join('tests', 'support', 'certificates', name);

/** Writes a clouds.yaml (and a secure.yaml) into a new home and reads the settings there. */
async function withClouds(clouds: string, env: Record<string, string> = {}, secure?: string, flags = {}) {
  const folder = await mkdtemp(join(home, 'case-'));
  const config = join(folder, '.config', 'openstack');
  await mkdir(config, { recursive: true });
  await writeFile(join(config, 'clouds.yaml'), clouds);
  if (secure !== undefined) await writeFile(join(config, 'secure.yaml'), secure);
  return { folder, config, result: await cloudOf({ HOME: folder, ...env }, flags) };
}

async function cloudOf(env: Record<string, string>, flags = {}) {
  const { cloud } = await readConfig(env, flags);
  if (cloud.kind === 'simulator') throw new Error('it is the simulator');
  return cloud;
}

const wrong = (env: Record<string, string>, flags = {}) =>
  readConfig(env, flags).then(
    () => 'nothing is wrong',
    (error: Error) => `${error.name}: ${error.message}`,
  );

const openrc = {
  OS_AUTH_URL: 'http://keystone.example:5000/v3/',
  OS_USERNAME: 'ann',
  OS_PASSWORD: secret,
  OS_PROJECT_NAME: 'demo',
  OS_USER_DOMAIN_NAME: 'Users',
  OS_PROJECT_DOMAIN_ID: 'projects',
};
const ann = { name: 'ann', domain: { name: 'Users' } };

describe('OS_* variables without a clouds.yaml', () => {
  test('from an openrc file sign in with a password', async () => {
    const { settings, where, source } = await cloudOf({
      ...openrc,
      OS_REGION_NAME: 'North',
      OS_INTERFACE: 'internalURL',
    });
    expect(settings).toEqual({
      auth: {
        type: 'keystone',
        authUrl: 'http://keystone.example:5000',
        identity: { method: 'password', user: ann, password: secret },
        scope: { project: { name: 'demo', domain: { id: 'projects' } } },
        region: 'North',
        interface: 'internal',
      },
      baremetalEndpoint: undefined,
      imageEndpoint: undefined,
      tls: undefined,
    });
    expect(source).toBe('OS_* variables');
    expect(where).toBe('the OpenStack cloud at http://keystone.example:5000');
  });

  test.each([
    [{ OS_USER_ID: 'u1', OS_PROJECT_ID: 'p1' }, { id: 'u1' }, { project: { id: 'p1' } }],
    [
      { OS_DOMAIN_NAME: 'Both', OS_USER_DOMAIN_NAME: '', OS_PROJECT_DOMAIN_ID: '' },
      { name: 'ann', domain: { name: 'Both' } },
      { project: { name: 'demo', domain: { name: 'Both' } } },
    ],
    [
      { OS_USER_DOMAIN_NAME: '', OS_PROJECT_DOMAIN_ID: '' },
      { name: 'ann', domain: { id: 'default' } },
      { project: { name: 'demo', domain: { id: 'default' } } },
    ],
    [{ OS_PROJECT_NAME: '', OS_SYSTEM_SCOPE: 'all' }, ann, { system: 'all' }],
    [{ OS_PROJECT_NAME: '', OS_DOMAIN_ID: 'd1' }, ann, { domain: { id: 'd1' } }],
    [{ OS_PROJECT_NAME: '', OS_DOMAIN_NAME: 'D' }, ann, { domain: { name: 'D' } }],
    [{ OS_PROJECT_NAME: '', OS_TENANT_NAME: 'old' }, ann, { project: { name: 'old', domain: { id: 'projects' } } }],
  ])('%j give the user and the scope', async (more, user, scope) => {
    const { settings } = await cloudOf({ ...openrc, ...more });
    expect(settings.auth).toMatchObject({ identity: { user }, scope });
  });

  test('may give a token, or an application credential by id or by name', async () => {
    const base = { OS_AUTH_URL: openrc.OS_AUTH_URL };
    const identityOf = async (env: Record<string, string>) => (await cloudOf({ ...base, ...env })).settings.auth;
    expect(await identityOf({ OS_TOKEN: 't0k3n', OS_PROJECT_ID: 'p' })).toMatchObject({
      identity: { method: 'token', token: 't0k3n' },
      scope: { project: { id: 'p' } },
    });
    const credential = { OS_AUTH_TYPE: 'v3applicationcredential', OS_APPLICATION_CREDENTIAL_SECRET: secret };
    expect(await identityOf({ ...credential, OS_APPLICATION_CREDENTIAL_ID: 'c1' })).toMatchObject({
      identity: { method: 'application_credential', credential: { id: 'c1' }, secret },
      scope: 'own',
    });
    const byName = {
      ...credential,
      OS_APPLICATION_CREDENTIAL_NAME: 'mcp',
      OS_USERNAME: 'ann',
      OS_USER_DOMAIN_NAME: 'Users',
    };
    expect(await identityOf(byName)).toMatchObject({
      identity: { credential: { name: 'mcp', user: ann }, secret },
    });
  });

  test('may name an Ironic without Keystone', async () => {
    expect(
      (await cloudOf({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://ironic.example:6385/v1/' })).settings.auth,
    ).toEqual({
      type: 'none',
      endpoint: 'http://ironic.example:6385',
    });
    const basic = {
      OS_AUTH_TYPE: 'http_basic',
      OS_ENDPOINT: 'https://ironic.example',
      OS_USERNAME: 'admin',
      OS_PASSWORD: secret,
    };
    expect((await cloudOf(basic)).settings.auth).toEqual({
      type: 'http_basic',
      endpoint: 'https://ironic.example',
      username: 'admin',
      password: secret,
    });
    const overridden = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://a', OS_BAREMETAL_ENDPOINT_OVERRIDE: 'http://b' };
    expect((await cloudOf(overridden)).settings.auth).toMatchObject({ endpoint: 'http://b' });
  });

  test('may have blanks around a URL', async () => {
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ' http://ironic.example:6385/v1/ \n' };
    expect((await cloudOf(env)).settings.auth).toMatchObject({ endpoint: 'http://ironic.example:6385' });
  });

  test('lead to the simulator if none is set', async () => {
    expect((await readConfig({ HOME: home, OS_CLOUD: '' }, {})).cloud).toEqual({ kind: 'simulator' });
  });
});

describe('a clouds.yaml', () => {
  const clouds = `
clouds:
  prod:
    auth:
      auth_url: https://keystone.example/v3
      username: ann
      user_domain_name: Users
      project-name: demo
      project_domain_id: projects
    region_name: North
    interface: internal
    baremetal_endpoint_override: https://ironic.example/v1
    image_endpoint_override: https://glance.example/v2/
    verify: false
  standalone:
    auth_type: none
    endpoint: http://ironic.example:6385
  regions:
    auth: { auth_url: https://keystone.example, username: ann, password: x, project_id: p }
    regions:
      - name: East
        values: { auth: { project_id: east } }
      - West
`;

  test('is found in the home of the user, with its secrets from secure.yaml', async () => {
    const { config, result } = await withClouds(
      clouds,
      { OS_CLOUD: 'prod' },
      `clouds: { prod: { auth: { password: ${secret} } } }`,
    );
    expect(result.settings).toEqual({
      auth: {
        type: 'keystone',
        authUrl: 'https://keystone.example',
        identity: { method: 'password', user: ann, password: secret },
        scope: { project: { name: 'demo', domain: { id: 'projects' } } },
        region: 'North',
        interface: 'internal',
      },
      baremetalEndpoint: 'https://ironic.example',
      imageEndpoint: 'https://glance.example',
      tls: { ca: undefined, cert: undefined, key: undefined, verify: false },
    });
    expect(result.source).toBe(`the cloud "prod" in ${join(config, 'clouds.yaml')}`);
  });

  test('gives its first region by default', async () => {
    const { result } = await withClouds(clouds, { OS_CLOUD: 'regions' });
    expect(result.settings.auth).toMatchObject({ region: 'East', scope: { project: { id: 'east' } } });
  });

  test('gives the region that OS_REGION_NAME names, with its settings', async () => {
    const { result } = await withClouds(clouds, { OS_CLOUD: 'regions', OS_REGION_NAME: 'West' });
    expect(result.settings.auth).toMatchObject({ region: 'West', scope: { project: { id: 'p' } } });
    await expect(withClouds(clouds, { OS_CLOUD: 'regions', OS_REGION_NAME: 'Mars' })).rejects.toThrow(
      /^OS_REGION_NAME is not a region of the cloud "regions" in .*clouds\.yaml, which has: East, West\.$/,
    );
  });

  test('prefers its section auth to other settings, and newer names to older ones', async () => {
    const auth = '{ auth_url: https://k, username: ann, password: x, project_id: p, tenant_id: old }';
    const { result } = await withClouds(`clouds: { c: { auth: ${auth}, username: bob } }`, { OS_CLOUD: 'c' });
    expect(result.settings.auth).toMatchObject({
      identity: { user: { name: 'ann' } },
      scope: { project: { id: 'p' } },
    });
  });

  test('may set an interface for one service, and name files in the home of the user', async () => {
    await copyFile(certificate('ca.pem'), join(home, 'ca.pem'));
    const auth = '{ auth_url: https://k, username: ann, password: x, project_id: p }';
    const file = join(home, 'tilde.yaml');
    await writeFile(
      file,
      `clouds: { c: { auth: ${auth}, baremetal_interface: internalURL, image_interface: admin, cacert: ~/ca.pem } }`,
    );
    const { settings } = await cloudOf({ HOME: home, OS_CLIENT_CONFIG_FILE: file });
    expect(settings.auth).toMatchObject({
      interface: 'public',
      baremetalInterface: 'internal',
      imageInterface: 'admin',
    });
    expect(settings.tls).toMatchObject({ ca: await readFile(certificate('ca.pem'), 'utf8'), verify: true });
  });

  test('is found in ~/.config even if XDG_CONFIG_HOME names another folder', async () => {
    const { result } = await withClouds(clouds, { OS_CLOUD: 'standalone', XDG_CONFIG_HOME: '/no/such/folder' });
    expect(result.settings.auth).toMatchObject({ type: 'none' });
  });

  test('leads to a warning if it turns off the check of certificates', async () => {
    const secret = 'clouds: { prod: { auth: { password: x } } }';
    const { result } = await withClouds(clouds, { OS_CLOUD: 'prod' }, secret);
    expect(result.warnings).toEqual([
      expect.stringMatching(
        /^TLS certificates are not checked \(verify of the cloud "prod" in .*\), so anybody between/,
      ),
    ]);
    const insecure = await withClouds(clouds, { OS_CLOUD: 'prod', OS_INSECURE: 'yes' }, secret);
    expect(insecure.result.warnings).toEqual([expect.stringContaining('(OS_INSECURE)')]);
    expect((await cloudOf({ HOME: home, ...openrc })).warnings).toEqual([]);
  });

  test('is overridden by variables, as the openstack command does', async () => {
    const { result } = await withClouds(clouds, { OS_CLOUD: 'prod', OS_PASSWORD: secret, OS_REGION_NAME: 'South' });
    expect(result.settings.auth).toMatchObject({ region: 'South', identity: { password: secret } });
  });

  test('is searched for the cloud of --cloud rather than of OS_CLOUD', async () => {
    const { result } = await withClouds(clouds, { OS_CLOUD: 'prod' }, undefined, { cloud: 'standalone' });
    expect(result.settings.auth).toEqual({ type: 'none', endpoint: 'http://ironic.example:6385' });
  });

  describe('in the working directory, which may be a repository of somebody else,', () => {
    const stranger = 'clouds: { prod: { auth: { auth_url: https://evil, username: ann, project_id: p } } }';
    const secrets = `clouds: { prod: { auth: { password: ${secret} } } }`;
    const before = process.cwd();
    let repository: string;
    let env: Record<string, string>;
    beforeEach(async () => {
      repository = await mkdtemp(join(home, 'repository-'));
      await writeFile(join(repository, 'clouds.yaml'), stranger);
      const owner = await mkdtemp(join(home, 'owner-'));
      await mkdir(join(owner, '.config', 'openstack'), { recursive: true });
      await writeFile(join(owner, '.config', 'openstack', 'secure.yaml'), secrets);
      env = { HOME: owner, OS_CLOUD: 'prod' };
      process.chdir(repository);
    });
    afterEach(() => process.chdir(before));

    test('is read only if OS_CLIENT_CONFIG_FILE names it', async () => {
      expect(await wrong(env)).toBe(
        'ConfigError: No clouds.yaml that defines the cloud "prod" was found in ~/.config/openstack or /etc/openstack. If it is elsewhere, even in the working directory, set OS_CLIENT_CONFIG_FILE.',
      );
    });

    test.each(['clouds.yaml', './clouds.yaml'])('gets no secrets from other folders: %s', async (file) => {
      expect(await wrong({ ...env, OS_CLIENT_CONFIG_FILE: file })).toMatch(/^ConfigError: password .* is not set, but/);
    });

    test('gets the secrets of a secure.yaml beside it, and of one that OS_CLIENT_SECURE_FILE names', async () => {
      const named = { ...env, OS_CLIENT_CONFIG_FILE: 'clouds.yaml' };
      const own = join(env.HOME ?? '', '.config', 'openstack', 'secure.yaml');
      const both = await cloudOf({ ...named, OS_CLIENT_SECURE_FILE: own });
      expect(both.settings.auth).toMatchObject({ identity: { password: secret } });
      await writeFile(join(repository, 'secure.yaml'), 'clouds: { prod: { auth: { password: beside } } }');
      expect((await cloudOf(named)).settings.auth).toMatchObject({ identity: { password: 'beside' } });
    });
  });

  test('gets the same secrets whether or not OS_CLIENT_CONFIG_FILE names it', async () => {
    const { folder, config, result } = await withClouds(
      clouds,
      { OS_CLOUD: 'prod', XDG_CONFIG_HOME: '/no/such/folder' },
      `clouds: { prod: { auth: { password: ${secret} } } }`,
    );
    const xdg = join(folder, 'xdg');
    await mkdir(join(xdg, 'openstack'), { recursive: true });
    await copyFile(join(config, 'clouds.yaml'), join(xdg, 'openstack', 'clouds.yaml'));
    const env = { HOME: folder, XDG_CONFIG_HOME: xdg, OS_CLOUD: 'prod' };
    const named = await cloudOf({ ...env, OS_CLIENT_CONFIG_FILE: join(xdg, 'openstack', 'clouds.yaml') });
    expect(named.settings).toEqual(result.settings);
    expect((await cloudOf(env)).settings).toEqual(result.settings);
  });

  test('with one cloud needs only OS_CLIENT_CONFIG_FILE', async () => {
    const file = join(home, 'only.json');
    await writeFile(file, JSON.stringify({ clouds: { one: { auth_type: 'none', endpoint: 'http://one.example' } } }));
    expect(await cloudOf({ HOME: home, OS_CLIENT_CONFIG_FILE: file })).toMatchObject({
      settings: { auth: { endpoint: 'http://one.example' } },
      source: `the cloud "one" in ${file}`,
    });
  });

  test('may share settings by "<<", and keeps text that looks like a number', async () => {
    const shared = `
shared: &shared { auth_url: https://k, username: "1", user_domain_id: 0o7, password: 1e5 }
clouds: { c: { auth: { <<: *shared, project_id: 012345678901234567890123456789e1 } } }`;
    const { result } = await withClouds(shared, { OS_CLOUD: 'c' });
    expect(result.settings.auth).toMatchObject({
      authUrl: 'https://k',
      identity: { user: { name: '1', domain: { id: '0o7' } }, password: '1e5' },
      scope: { project: { id: '012345678901234567890123456789e1' } },
    });
  });

  test('that is wrong is refused with what to change', async () => {
    const unknown = withClouds(clouds, { OS_CLOUD: 'nope' });
    await expect(unknown).rejects.toThrow(
      /The cloud "nope" is not defined in .*clouds\.yaml, which has: prod, standalone, regions\./,
    );
    const secretless = withClouds(clouds, { OS_CLOUD: 'prod' });
    await expect(secretless).rejects.toThrow(
      /^password of the cloud "prod" in .*clouds\.yaml is not set, but auth_type password needs it\.$/,
    );
    const broken = withClouds(`clouds:\n  prod:\n    auth: {password: ${secret}\n  x: [\n`, { OS_CLOUD: 'prod' });
    await expect(broken).rejects.toThrow(/clouds\.yaml is not valid YAML: .+ at line 4, column \d+\.$/);
    await expect(broken).rejects.not.toThrow(secret);
    await expect(withClouds('clouds: 3', { OS_CLOUD: 'prod' })).rejects.toThrow(/defines no clouds\.$/);
    await expect(withClouds('clouds: { p: { profile: vexxhost } }', { OS_CLOUD: 'p' })).rejects.toThrow(
      /vendor profile/,
    );
    const several = withClouds(clouds, { OS_CLIENT_CONFIG_FILE: '', OS_CLOUD_NAME: 'x' });
    await expect(several).rejects.toThrow(
      /defines 3 clouds\. Choose one with OS_CLOUD or --cloud: prod, standalone, regions\.$/,
    );
  });
});

test('the env block of check knows every variable that is read', async () => {
  const sources = await Promise.all(
    ['openstack', 'tls-files'].map((name) => readFile(`src/config/${name}.ts`, 'utf8')),
  );
  const read = [...sources.join('').matchAll(/reader\.(?:text|need|flag|url)\(\s*'([a-z_]+)'/g)].map(
    ([, name]) => name,
  );
  expect(read.length).toBeGreaterThan(20);
  expect(read.filter((name) => !knownVariables.has(`OS_${name?.toUpperCase()}`))).toEqual([]);
  expect(Object.keys(openrc).filter((name) => !knownVariables.has(name))).toEqual([]);
});

describe('wrong settings', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    [
      'only a user name',
      { OS_USERNAME: 'ann' },
      /OS_AUTH_URL is not set\. Set it to the URL of Keystone, or set OS_AUTH_TYPE to "none"/,
    ],
    ['no password', { ...openrc, OS_PASSWORD: '' }, /OS_PASSWORD is not set, but auth_type password needs it\./],
    [
      'no user',
      { ...openrc, OS_USERNAME: '' },
      /OS_USERNAME is not set, but auth_type password needs it, or user_id\./,
    ],
    ['no project', { ...openrc, OS_PROJECT_NAME: '' }, /OS_PROJECT_NAME is not set\. A token must be for a project/],
    ['an unknown system scope', { ...openrc, OS_SYSTEM_SCOPE: 'some' }, /OS_SYSTEM_SCOPE must be "all"\./],
    [
      'both a project and the system',
      { ...openrc, OS_SYSTEM_SCOPE: 'all' },
      /^ConfigError: OS_SYSTEM_SCOPE and OS_PROJECT_NAME are both set\. A token is either for the system or for a project\.$/,
    ],
    [
      'an unknown way to sign in',
      { ...openrc, OS_AUTH_TYPE: 'v3oidcpassword' },
      /OS_AUTH_TYPE is "v3oidcpassword"\. It must be password, token/,
    ],
    ['no endpoint', { OS_AUTH_TYPE: 'none' }, /OS_ENDPOINT is not set\. Set it to the URL of Ironic/],
    [
      'an endpoint that is not a URL',
      { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'ironic:6385' },
      /OS_ENDPOINT must be an http or https URL\./,
    ],
    [
      'a password in an endpoint',
      { OS_AUTH_TYPE: 'none', OS_ENDPOINT: `http://a:${secret}@b` },
      /OS_ENDPOINT must not contain a user name/,
    ],
    [
      'a query in an endpoint',
      { OS_AUTH_TYPE: 'none', OS_ENDPOINT: `http://ironic:6385?key=${secret}` },
      /OS_ENDPOINT must not contain "\?" or "#"\.$/,
    ],
    [
      'a fragment in the URL of Keystone',
      { ...openrc, OS_AUTH_URL: 'http://keystone:5000/v3#' },
      /OS_AUTH_URL must not contain "\?" or "#"\.$/,
    ],
    [
      'a query in the URL of Glance',
      { ...openrc, OS_IMAGE_ENDPOINT_OVERRIDE: 'http://glance:9292/?' },
      /OS_IMAGE_ENDPOINT_OVERRIDE must not contain "\?" or "#"\.$/,
    ],
    [
      'no secret of an application credential',
      { OS_AUTH_TYPE: 'v3applicationcredential', OS_AUTH_URL: 'http://k', OS_APPLICATION_CREDENTIAL_ID: 'x' },
      /OS_APPLICATION_CREDENTIAL_SECRET is not set/,
    ],
    [
      'an application credential with a scope',
      {
        OS_AUTH_TYPE: 'v3applicationcredential',
        OS_AUTH_URL: 'http://k',
        OS_APPLICATION_CREDENTIAL_ID: 'x',
        OS_APPLICATION_CREDENTIAL_SECRET: secret,
        OS_PROJECT_NAME: 'demo',
      },
      /OS_PROJECT_NAME must not be set with an application credential/,
    ],
    [
      'a CA file that does not exist',
      { ...openrc, OS_CACERT: '/no/such/ca.pem' },
      /The file \/no\/such\/ca\.pem that OS_CACERT names cannot be read \(ENOENT\)\./,
    ],
    ['a word for true or false', { ...openrc, OS_INSECURE: 'maybe' }, /OS_INSECURE must be true or false\./],
    [
      'no clouds.yaml',
      { HOME: '/no/such/home', OS_CLOUD: 'prod' },
      /No clouds\.yaml that defines the cloud "prod" was found/,
    ],
    [
      'a clouds.yaml that does not exist',
      { HOME: '/no/such/home', OS_CLOUD: 'prod', OS_CLIENT_CONFIG_FILE: '/no/such.yaml' },
      /The file \/no\/such\.yaml that OS_CLIENT_CONFIG_FILE names does not exist\./,
    ],
    [
      'a folder instead of a clouds.yaml',
      { HOME: '/no/such/home', OS_CLOUD: 'prod', OS_CLIENT_CONFIG_FILE: '/' },
      /The file \/ cannot be read \(EISDIR\)\./,
    ],
  ])('(%s) are refused in one line that says what to change', async (_, env, sentence) => {
    const answer = await wrong({ HOME: '/no/such/home', ...env });
    expect(answer).toMatch(/^ConfigError: /);
    expect(answer).toMatch(sentence);
    expect(answer).not.toContain(secret);
    expect(answer.split('\n')).toHaveLength(1);
  });

  test('(files that TLS cannot use) are refused with the setting and the file', async () => {
    const file = async (name: string, text: string) => {
      await writeFile(join(home, name), text);
      return join(home, name);
    };
    const text = await file('text.pem', `${secret}\n`);
    const broken = await file('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: secret },
    });
    const locked = await file('locked.pem', privateKey);
    const [cert, key, other] = ['client.pem', 'client.key', 'server.key'].map(certificate) as [string, string, string];
    for (const [settings, sentence] of [
      [{ OS_CACERT: text }, `The file ${text} that OS_CACERT names holds no certificate.`],
      [{ OS_CACERT: key }, `The file ${key} that OS_CACERT names holds no certificate.`],
      [{ OS_CERT: text, OS_KEY: key }, `The file ${text} that OS_CERT names holds no certificate.`],
      [{ OS_CERT: cert, OS_KEY: text }, `The file ${text} that OS_KEY names holds no private key.`],
      [
        { OS_CERT: cert, OS_KEY: locked },
        `The file ${locked} that OS_KEY names holds an encrypted key, but there is no setting for a passphrase. Name a key without one.`,
      ],
      [
        { OS_CERT: cert, OS_KEY: other },
        'The files that OS_CERT and OS_KEY name do not belong together: the pair cannot be used (ERR_OSSL_X509_KEY_VALUES_MISMATCH).',
      ],
    ] as const) {
      expect(await wrong({ ...openrc, ...settings })).toBe(`ConfigError: ${sentence}`);
    }
    const unusable = await wrong({ ...openrc, OS_CERT: broken });
    expect(unusable).toMatch(
      /^ConfigError: The certificate in the file that OS_CERT names cannot be used \(ERR_\w+\)\.$/,
    );
    const right = { ...openrc, OS_CACERT: certificate('ca.pem'), OS_CERT: cert, OS_KEY: key };
    expect((await cloudOf(right)).settings.tls).toMatchObject({ verify: true });
  });

  test.each([
    [{ IRONIC_MCP_REQUEST_TIMEOUT: 'soon' }, {}, 'IRONIC_MCP_REQUEST_TIMEOUT must be seconds, 0.1 to 60.'],
    [{}, { 'sim-speed': '0' }, '--sim-speed must be a number, 0.01 to 10000.'],
  ])('of this program, %j %j, are refused by name', async (env, flags, sentence) => {
    expect(await wrong(env, flags)).toBe(`ConfigError: ${sentence}`);
  });
});
