import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify, stripVTControlCharacters } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { afterEach, describe, expect, test } from 'vitest';
import { check } from '../../src/commands/check/check.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { createFakeIo } from '../support/fake-io.js';
import { nowhere } from '../support/nowhere.js';

const secret = 'hunter2-secret';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves a simulated Ironic on a port. The test may change its answers. */
async function ironic(
  change: (request: Request, answer: Response) => Response | Promise<Response> = (_, answer) => answer,
) {
  const simulator = createSimulator();
  const server = createAdaptorServer({
    fetch: async (request: Request) => change(request, await simulator.fetch(request)),
  }) as Server;
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const admin = (path: string, patch: object[]) =>
    simulator.fetch(
      new Request(`http://sim/v1/nodes/${path}`, {
        method: 'PATCH',
        headers: { 'x-openstack-ironic-api-version': '1.78' },
        body: JSON.stringify(patch),
      }),
    );
  return { admin, env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, OS_PASSWORD: secret } };
}

async function run(env: Record<string, string>, ...args: string[]) {
  const stdout = new PassThrough();
  const io = {
    env,
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    stop: new AbortController().signal,
    self: ['node'] as [string],
  };
  const code = await check(io, args);
  const text = String(stdout.read() ?? '');
  return { code, text };
}

async function steps(env: Record<string, string>) {
  const { code, text } = await run(env, '--json');
  const report = JSON.parse(text) as {
    ready: boolean;
    steps: { step: string; outcome: string; detail: string; next?: string; command?: string }[];
    env: object;
  };
  return { code, ...report, named: (name: string) => report.steps.filter(({ step }) => step === name) };
}

describe('the check', () => {
  test('shows step by step that a deployment can be made, and the env block of an MCP client without secrets', async () => {
    const { env } = await ironic();
    const { code, text } = await run(env);
    expect(code).toBe(0);
    expect(text).toMatch(/^Ready: a deployment can be made\. Warnings: images\.\n\nok /);
    expect(text).toMatch(/^ok +settings +OS_\* variables$/m);
    // This cloud needs no sign-in.
    expect(text).toMatch(/^ok +endpoint .*the bare-metal service is at http:\/\/127/m);
    expect(text).toMatch(/^ok +Ironic .*answers with API 1\.78$/m);
    expect(text).toMatch(
      /^ok +servers +12: 8 available \(1 leased to somebody else: choose another\), 2 in_use \(2 deployed\), 2 unusable \(1 in maintenance, 1 not offered for deployment\); available by class: baremetal\.gpu 2, /m,
    );
    expect(text).toMatch(/^ok +rights .*this account may reserve servers$/m);
    expect(text).toContain(`"OS_ENDPOINT": "${env.OS_ENDPOINT}"`);
    expect(text).toContain('"OS_PASSWORD": "(put the secret here)"');
    expect(text).not.toContain(secret);
  });

  test('says whether the audit log can be written, and writes nothing to it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const file = join(folder, 'audit.jsonl');
    const able = await steps({ ...env, IRONIC_MCP_AUDIT_LOG: file });
    expect(able.named('audit log')).toMatchObject([{ outcome: 'ok', detail: `${file} can be written` }]);
    expect(await readFile(file, 'utf8')).toBe('');
    await rm(folder, { recursive: true });
  });

  test('says why the audit log cannot be written, and what to do about it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    await writeFile(join(folder, 'file'), '');
    const [link, exposed] = [join(folder, 'link'), join(folder, 'exposed')];
    await symlink(join(folder, 'file'), link);
    await writeFile(exposed, '');
    await chmod(exposed, 0o666);
    for (const [log, errno, next] of [
      [folder, 'EISDIR', /^It is a folder\. Name a file in IRONIC_MCP_AUDIT_LOG\.$/],
      [
        join(folder, 'no', 'audit.jsonl'),
        'ENOENT',
        /^Its folder does not exist\. Make the folder, or name another file/,
      ],
      [join(folder, 'file', 'audit.jsonl'), 'ENOTDIR', /^Its path leads through a file\. /],
      [link, 'ELOOP', /^It is a symbolic link, which somebody else may have made\. /],
      [exposed, 'WORLD_WRITABLE', /^Every user of this machine can change or replace it\. /],
      [pipe, 'ESPIPE', /^It is a named pipe, which keeps nothing\. /],
      // Not even root can make a file here.
      [
        '/sys/audit.jsonl',
        'EACCES|EPERM|EROFS',
        /^Make the file that IRONIC_MCP_AUDIT_LOG names writable for this user\.$/,
      ],
    ] as const) {
      const { code, named } = await steps({ ...env, IRONIC_MCP_AUDIT_LOG: log });
      expect(named('audit log')).toMatchObject([
        {
          outcome: 'failed',
          detail: expect.stringMatching(`\\((${errno})\\), so every change is refused$`),
          next: expect.stringMatching(next),
          command: `ls -ld "${log}"`,
        },
      ]);
      expect(code).toBe(1);
    }
    await rm(folder, { recursive: true });
  });

  test('shows the rules in force, and what they allow', async () => {
    const free = await steps({});
    expect(free.named('rules')).toMatchObject([
      {
        outcome: 'ok',
        detail:
          'any image may be deployed, except by a local URL; on servers of any class; any number at once; no Neutron port may be attached; nothing may be rebooted; nothing may be undeployed',
      },
    ]);
    const leashed = await steps({
      IRONIC_MCP_IMAGES: 'debian-*',
      IRONIC_MCP_RESOURCE_CLASSES: 'baremetal.gpu',
      IRONIC_MCP_MAX_DEPLOYING: '2',
      IRONIC_MCP_ALLOW_REBOOT: 'true',
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
      IRONIC_MCP_ALLOW_VIFS: 'true',
    });
    expect(leashed.code).toBe(0);
    expect(leashed.named('rules')[0]?.detail).toBe(
      'only images debian-* may be deployed (IRONIC_MCP_IMAGES); ' +
        'only on servers of class baremetal.gpu (IRONIC_MCP_RESOURCE_CLASSES); ' +
        'at most 2 at once (IRONIC_MCP_MAX_DEPLOYING); ' +
        'Neutron ports may be attached (IRONIC_MCP_ALLOW_VIFS); ' +
        'only deployments made through ironic-mcp may be rebooted (IRONIC_MCP_ALLOW_REBOOT); ' +
        'only deployments made through ironic-mcp may be undeployed (IRONIC_MCP_ALLOW_DEPROVISION)',
    );
    expect(leashed.named('servers')[0]?.detail).toMatch(/^12: 2 available, /);
    expect(leashed.named('images')[0]?.detail).toBe(
      '1 of 5 can be deployed: debian-12; not broken-image (not in IRONIC_MCP_IMAGES), fedora-41 (its status is queued), rocky-9 (not in IRONIC_MCP_IMAGES), ubuntu-24.04 (not in IRONIC_MCP_IMAGES)',
    );
  });

  test('puts a setting that is given as a flag into the env block', async () => {
    const { text } = await run({ IRONIC_MCP_IMAGES: 'rocky-*' }, '--images', 'debian-*', '--read-only', '--json');
    expect((JSON.parse(text) as { env: object }).env).toEqual({
      IRONIC_MCP_IMAGES: 'debian-*',
      IRONIC_MCP_READ_ONLY: 'true',
    });
  });

  test('shows only variables that the program reads in the env block, and no login in a URL', async () => {
    const { env } = await ironic();
    const strange = {
      OS_VAULT_KEYPHRASE: secret,
      OS_AUTH_PRIVATE: secret,
      OS_PASS: secret,
      OS_AUTH_URL: `https://ann:${secret}@keystone.example`,
      OS_PROJECT_NAME: 'demo',
      HTTPS_PROXY: `http://ann:${secret}@proxy.example:3128`,
      http_proxy: `ann:${secret}@proxy.example:3128`,
    };
    const { text } = await run({ ...env, ...strange }, '--json');
    expect(text).not.toContain(secret);
    expect((JSON.parse(text) as { env: object }).env).toMatchObject({
      OS_PROJECT_NAME: 'demo',
      OS_ENDPOINT: env.OS_ENDPOINT,
      HTTPS_PROXY: 'http://***@proxy.example:3128',
      http_proxy: '***@proxy.example:3128',
    });
    const wrong = await run({ IRONIC_MCP_HTTP_PASSPHRASE: secret }, '--json');
    expect(wrong.text).not.toContain(secret);
  });

  test('shows absolute paths in the env block', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const catalogue = join(folder, 'images.json');
    await writeFile(catalogue, '{}');
    await mkdir(join(folder, 'openstack'));
    const clouds = join(folder, 'openstack', 'clouds.yaml');
    await writeFile(clouds, JSON.stringify({ clouds: { here: { auth_type: 'none', endpoint: env.OS_ENDPOINT } } }));
    const { env: shown } = JSON.parse(
      (await run({ OS_CLOUD: 'here', XDG_CONFIG_HOME: folder }, '--image-catalog', relative('.', catalogue), '--json'))
        .text,
    ) as { env: object };
    expect(shown).toEqual({
      OS_CLOUD: 'here',
      OS_CLIENT_CONFIG_FILE: clouds,
      IRONIC_MCP_IMAGE_CATALOG: catalogue,
    });
    await rm(folder, { recursive: true });
  });

  test('shows no env block for wrong settings', async () => {
    expect((await run({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'nowhere' })).text).not.toContain('"env"');
  });

  test('says when the rules leave nothing to deploy', async () => {
    const { code, named } = await steps({ IRONIC_MCP_IMAGES: 'none', IRONIC_MCP_RESOURCE_CLASSES: 'none' });
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/^12: 2 in_use/),
      next: 'Make a server of a class that IRONIC_MCP_RESOURCE_CLASSES allows available.',
      command: 'openstack baremetal node provide NAME',
    });
    expect(named('images')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/^0 of 5 can be deployed: not /),
    });
  });

  test('is not ready when the rules allow none of the images', async () => {
    const { code, named } = await steps({ IRONIC_MCP_IMAGES: 'none' });
    expect(code).toBe(1);
    expect(named('images')[0]).toMatchObject({
      outcome: 'failed',
      next: expect.stringContaining('IRONIC_MCP_IMAGES'),
    });
    expect((await steps({ IRONIC_MCP_IMAGES: 'none', IRONIC_MCP_READ_ONLY: 'true' })).code).toBe(0);
  });

  test('claims no deployment if only reading is allowed, and does not try the right to reserve', async () => {
    const asked: string[] = [];
    const { env } = await ironic((request, answer) => {
      asked.push(request.method);
      return answer;
    });
    const { code, text } = await run({ ...env, IRONIC_MCP_READ_ONLY: 'true' });
    expect(code).toBe(0);
    expect(text).toMatch(/^ok +rules .*nothing may be changed \(IRONIC_MCP_READ_ONLY\)$/m);
    expect(text).toMatch(/^Ready: everything works\. The rules allow no deployment\./);
    expect(new Set(asked)).toEqual(new Set(['GET']));
  });

  test('wraps the report to the width of a terminal, in colour, and shows the running step in between', async () => {
    const { env } = await ironic();
    const { io, stdout } = createFakeIo({ env, columns: 80 });
    expect(await check(io, [])).toBe(0);
    const drawn = stdout().split('\r\u001B[2K');
    expect(drawn).toContain('Checking Ironic …');
    const report = drawn.at(-1) ?? '';
    expect(report).toContain('\u001B[32mok     ');
    const plain = stripVTControlCharacters(report);
    expect(plain).toMatch(/^ok {7}servers +12: .*\n {19}\S/m);
    for (const line of plain.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    const { io: plainIo, stdout: colourless } = createFakeIo({ env: { ...env, NO_COLOR: '1' }, columns: 80 });
    await check(plainIo, []);
    expect(colourless()).not.toContain('\u001B[32m');
  });

  test('changes nothing', async () => {
    const changed: string[] = [];
    const { env } = await ironic(async (request, answer) => {
      if (request.method !== 'GET' && answer.status < 400) changed.push(request.method);
      return answer;
    });
    await run(env);
    expect(changed).toEqual([]);
  });

  test('counts the images of a catalogue without a checksum, and warns if no image has one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const file = join(folder, 'images.json');
    const bare = { source: 'http://images.example/bare.qcow2' };
    const whole = { source: 'http://images.example/whole.qcow2', checksum: '0'.repeat(32) };
    const imagesOf = async (catalogue: object) => {
      await writeFile(file, JSON.stringify(catalogue));
      return (await steps({ ...env, IRONIC_MCP_IMAGE_CATALOG: file })).named('images');
    };
    expect(await imagesOf({ whole })).toMatchObject([{ outcome: 'ok', detail: '1 of 1 can be deployed: whole' }]);
    expect(await imagesOf({ bare, whole })).toMatchObject([
      { outcome: 'ok', detail: '2 of 2 can be deployed, 1 of them only on servers that need no checksum: bare, whole' },
    ]);
    expect(await imagesOf({ bare })).toMatchObject([
      {
        outcome: 'warning',
        detail: '1 of 1 can be deployed, 1 of them only on servers that need no checksum: bare',
        next: expect.stringContaining('IRONIC_MCP_IMAGE_CATALOG'),
      },
    ]);
    await rm(folder, { recursive: true });
  });

  test('says that the simulator is one, and which image cannot be deployed', async () => {
    const { code, named } = await steps({});
    expect(code).toBe(0);
    expect(named('settings')[0]?.detail).toBe('no OS_* variable is set: a simulated cloud');
    expect(named('images')[0]?.detail).toBe(
      '4 of 5 can be deployed: broken-image, debian-12, rocky-9, ubuntu-24.04; not fedora-41 (its status is queued)',
    );
  });

  test('names a wrong setting and ends with code 78 as other commands do', async () => {
    const { code, ready, named } = await steps({ OS_USERNAME: 'ann' });
    expect({ code, ready }).toEqual({ code: 78, ready: false });
    expect(named('settings')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('OS_AUTH_URL'),
      command: 'ironic-mcp help',
    });
  });

  test('names faults of http beside other faults, and each fault once', async () => {
    const env = { OS_AUTH_TYPE: 'bogus', OS_AUTH_URL: 'http://127.0.0.1', IRONIC_MCP_HTTP_TOKEN: 'short' };
    const faults = async (more: Record<string, string>) =>
      (await steps({ ...env, ...more })).steps.map(({ step }) => step);
    expect(await faults({})).toEqual(['settings', 'http']);
    expect(await faults({ IRONIC_MCP_HTTP_TOKEN: '', IRONIC_MCP_HTTP_SIGN_IN: 'server' })).toEqual(['settings']);
  });

  test('reads the settings of the command http, and ends with code 78 if they are wrong', async () => {
    expect((await steps({})).named('http')).toEqual([]);
    const right = await steps({
      IRONIC_MCP_HTTP_TOKEN: `${secret}-and-more`,
      IRONIC_MCP_HTTP_HOSTS: 'metal.example.com',
    });
    expect(right.code).toBe(0);
    expect(right.named('http')).toMatchObject([
      { outcome: 'ok', detail: 'clients must send the token; also answers to the names metal.example.com' },
    ]);
    const { code, ready, named } = await steps({ IRONIC_MCP_HTTP_TOKEN_FILE: '/no/such/file' });
    expect({ code, ready }).toEqual({ code: 78, ready: false });
    expect(named('http')).toMatchObject([
      {
        outcome: 'failed',
        detail: 'The token file /no/such/file cannot be read (ENOENT).',
        command: 'ironic-mcp help http',
      },
    ]);
  });

  test('says when Ironic does not answer, and names the setting and a command to try', async () => {
    const { code, named } = await steps({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: nowhere });
    expect(code).toBe(1);
    expect(named('Ironic')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('cannot be reached (ECONNREFUSED)'),
      next: 'Check OS_ENDPOINT.',
      command: `curl -i ${nowhere}/v1`,
    });
  });

  test('names the setting of an address that continues after the address of Ironic', async () => {
    const { env } = await ironic();
    const { code, named } = await steps({ ...env, OS_ENDPOINT: `${env.OS_ENDPOINT}/v1/nodes` });
    expect(code).toBe(1);
    expect(named('Ironic')[0]).toMatchObject({
      outcome: 'failed',
      detail: 'Node v1 could not be found.',
      next: 'Check that OS_ENDPOINT is the address of an Ironic.',
    });
  });

  test.each([
    [403, 'Check the roles of this account (OS_AUTH_TYPE).'],
    [400, 'Check OS_ENDPOINT.'],
  ])('suspects the roles of the account only if Ironic refuses access (%i)', async (status, next) => {
    const fault = { error_message: JSON.stringify({ faultstring: 'Thus it is not.' }) };
    const { env } = await ironic(() => Response.json(fault, { status }));
    const { named } = await steps(env);
    expect(named('Ironic')).toMatchObject([{ outcome: 'failed', detail: 'Thus it is not.', next }]);
  });

  test('says when it sees no server, and that another account may see some', async () => {
    const { env } = await ironic((request, answer) =>
      request.method === 'GET' ? Response.json({ nodes: [] }) : answer,
    );
    const { code, named } = await steps(env);
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({
      outcome: 'failed',
      next: expect.stringContaining('another account (OS_AUTH_TYPE)'),
    });
  });

  test('says when no server is available', async () => {
    const { env } = await ironic(async (request, answer) => {
      if (!new URL(request.url).pathname.endsWith('/nodes')) return answer;
      const { nodes } = (await answer.json()) as { nodes: object[] };
      return Response.json({ nodes: nodes.map((node) => ({ ...node, maintenance: true })) });
    });
    const { code, named } = await steps(env);
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.not.stringContaining('12: 8 available'),
    });
  });

  test('says when this account may not reserve servers', async () => {
    const { env } = await ironic((request, answer) =>
      request.method === 'PATCH'
        ? Response.json(
            {
              error_message: JSON.stringify({
                faultstring: 'baremetal:node:update:instance_uuid is disallowed by policy',
              }),
            },
            { status: 403 },
          )
        : answer,
    );
    const { code, named } = await steps(env);
    expect(code).toBe(1);
    expect(named('rights')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('disallowed by policy'),
    });
  });

  test('finds our reservations that were never deployed, and the servers of Metal3', async () => {
    const { admin, env } = await ironic();
    const id = 'aaaaaaaa-0000-4000-8000-000000000001';
    const entry = { started_at: '2020-01-01T00:00:00Z', image: 'debian-12', digest: 'd' };
    await admin('rack1-small-01', [
      { op: 'add', path: '/instance_uuid', value: id },
      { op: 'add', path: '/instance_info', value: { ironic_mcp: { [id]: entry } } },
    ]);
    await admin('rack1-small-02', [{ op: 'replace', path: '/name', value: 'metal3~host-1' }]);
    const { code, named } = await steps(env);
    expect(code).toBe(0);
    expect(named('reservations')).toEqual([
      expect.objectContaining({
        outcome: 'warning',
        detail: 'rack1-small-01 has been reserved since 2020-01-01T00:00:00Z and was never deployed',
        command: expect.stringMatching(/^openstack baremetal node unset [-0-9a-f]{36} --instance-uuid$/),
      }),
    ]);
    expect(named('Metal3')[0]).toMatchObject({ outcome: 'warning', detail: expect.stringContaining('metal3~host-1') });
  });

  test('detaches the ports of such a server first, because they would connect its next user', async () => {
    const { admin, env } = await ironic();
    const id = 'aaaaaaaa-0000-4000-8000-000000000001';
    const port = await neutronPort(String(env.OS_ENDPOINT));
    const entry = { started_at: '2020-01-01T00:00:00Z', image: 'debian-12', digest: 'd' };
    await admin('rack1-small-01', [
      { op: 'replace', path: '/network_interface', value: 'flat' },
      { op: 'add', path: '/instance_uuid', value: id },
      { op: 'add', path: '/instance_info', value: { ironic_mcp: { [id]: entry } } },
    ]);
    await fetch(`${env.OS_ENDPOINT}/v1/nodes/rack1-small-01/vifs`, {
      method: 'POST',
      headers: { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' },
      body: JSON.stringify({ id: port }),
    });
    const { named } = await steps(env);
    expect(named('reservations')[0]).toMatchObject({
      command: expect.stringMatching(
        new RegExp(
          `^openstack baremetal node vif detach ([-0-9a-f]{36}) ${port} && openstack baremetal node unset \\1 --instance-uuid$`,
        ),
      ),
    });
  });
});

describe('the check of boot reports', () => {
  const step = async (url: string) => {
    const { env } = await ironic();
    const { code, named } = await steps({ ...env, IRONIC_MCP_BOOT_REPORT_URL: url });
    expect(code).toBe(0);
    return named('boot reports');
  };

  test('says that reports are received if the answer is 204', async () => {
    const asked: string[] = [];
    const fetch = async ({ method, url }: Request) => {
      asked.push(`${method} ${new URL(url).pathname}`);
      return new Response(null, { status: 204 });
    };
    const server = createAdaptorServer({ fetch }) as Server;
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/boot`;
    expect(await step(`${url}/`)).toMatchObject([
      { outcome: 'ok', detail: `received at ${url}; only a deployment shows whether machines reach it` },
    ]);
    expect(asked).toEqual([`POST /boot/00000000-0000-0000-0000-000000000000/${'A'.repeat(43)}`]);
  });

  test('warns if nobody is there, or somebody else', async () => {
    expect(await step(nowhere)).toMatchObject([
      {
        outcome: 'warning',
        detail: `nobody receives them at ${nowhere}: it cannot be reached (ECONNREFUSED). Deployments work, but boot stays waiting`,
        next: expect.stringContaining('IRONIC_MCP_BOOT_REPORT_LISTEN'),
      },
    ]);
    const other = await ironic();
    expect(await step(other.env.OS_ENDPOINT)).toMatchObject([
      { outcome: 'warning', detail: expect.stringContaining('it answers with HTTP status 404') },
    ]);
  });

  test('is left out without the setting', async () => {
    const { env } = await ironic();
    expect((await steps(env)).named('boot reports')).toEqual([]);
  });
});

/** A port that somebody has made in the simulated Neutron. */
async function neutronPort(endpoint: string): Promise<string> {
  const { networks } = (await (await fetch(`${endpoint}/v2.0/networks?name=tenant-a`)).json()) as Listed<'networks'>;
  const body = JSON.stringify({ port: { network_id: networks[0]?.id } });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${endpoint}/v2.0/ports`, { method: 'POST', headers, body });
  return ((await response.json()) as { port: { id: string } }).port.id;
}

type Listed<Name extends string> = Readonly<Record<Name, readonly { readonly id: string }[]>>;
