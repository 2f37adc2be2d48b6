import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { afterEach, describe, expect, test } from 'vitest';
import { check } from '../../../src/commands/check/check.js';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { nowhere } from '../../support/nowhere.js';
import { start } from '../../support/program.js';

const secret = 'hunter2-secret';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves a simulated Ironic on a port, changed by the test. */
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
    steps: { step: string; outcome: string; detail: string; next?: string }[];
    env: object;
  };
  return { code, ...report, named: (name: string) => report.steps.filter(({ step }) => step === name) };
}

describe('the check', () => {
  test('shows step by step that a deployment can be made, and the env block of an MCP client without secrets', async () => {
    const { env } = await ironic();
    const { code, text } = await run(env);
    expect(code).toBe(0);
    expect(text).toMatch(/^ok +settings +0\.00 s {2}OS_\* variables$/m);
    // Nobody signs in here.
    expect(text).toMatch(/^ok +endpoint .*bare metal is at http:\/\/127/m);
    expect(text).toMatch(/^ok +Ironic .*answers, API 1\.78 is spoken$/m);
    expect(text).toMatch(
      /^ok +servers .*12, of which 8 can be deployed \(by Ironic's states: baremetal\.small: 3 available, 1 active;/m,
    );
    expect(text).toMatch(/^ok +rights .*this user may reserve servers$/m);
    expect(text).toContain('A deployment can be made.');
    expect(text).toContain(`"OS_ENDPOINT": "${env.OS_ENDPOINT}"`);
    expect(text).toContain('"OS_PASSWORD": "(put the secret here)"');
    expect(text).not.toContain(secret);
  });

  test('tells whether the audit log can be written, and writes nothing to it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const file = join(folder, 'audit.jsonl');
    const able = await steps({ ...env, IRONIC_MCP_AUDIT_LOG: file });
    expect(able.named('audit log')).toMatchObject([{ outcome: 'ok', detail: `${file} can be written` }]);
    expect(await readFile(file, 'utf8')).toBe('');
    await rm(folder, { recursive: true });
  });

  test('says of an audit log that cannot be written what is to be done about that very reason', async () => {
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
      [folder, 'EISDIR', /^It is a folder; name a file in IRONIC_MCP_AUDIT_LOG: without/],
      [join(folder, 'no', 'audit.jsonl'), 'ENOENT', /^Make the folder that it is to be in, or name another file/],
      [join(folder, 'file', 'audit.jsonl'), 'ENOTDIR', /^It is to be in something that is no folder; /],
      [link, 'ELOOP', /^It is a symbolic link, which somebody else may have put there; /],
      [exposed, 'WORLD_WRITABLE', /^Every user of this machine can change it, or replace it; /],
      [pipe, 'ESPIPE', /^It is a named pipe, which keeps nothing; /],
      // Where nobody may make a file, not even who may do everything.
      [
        '/sys/audit.jsonl',
        'EACCES|EPERM|EROFS',
        /^Make it writable for this user: without it every change is refused\.$/,
      ],
    ] as const) {
      const { code, named } = await steps({ ...env, IRONIC_MCP_AUDIT_LOG: log });
      expect(named('audit log')).toMatchObject([
        { outcome: 'failed', detail: expect.stringMatching(`\\((${errno})\\)$`), next: expect.stringMatching(next) },
      ]);
      expect(code).toBe(1);
    }
    await rm(folder, { recursive: true });
  });

  test('shows the rules in force, and what may be deployed by them', async () => {
    const free = await steps({});
    expect(free.named('rules')).toMatchObject([
      {
        outcome: 'ok',
        detail:
          'any image may be deployed, except by a local URL; on servers of any class; any number at once; no Neutron port may be attached; nothing may be undeployed',
      },
    ]);
    const leashed = await steps({
      IRONIC_MCP_IMAGES: 'debian-*',
      IRONIC_MCP_RESOURCE_CLASSES: 'baremetal.gpu',
      IRONIC_MCP_MAX_DEPLOYING: '2',
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
      IRONIC_MCP_ALLOW_VIFS: 'true',
    });
    expect(leashed.code).toBe(0);
    expect(leashed.named('rules')[0]?.detail).toBe(
      'only images debian-* may be deployed (IRONIC_MCP_IMAGES); ' +
        'only on servers of class baremetal.gpu (IRONIC_MCP_RESOURCE_CLASSES); ' +
        'at most 2 at once (IRONIC_MCP_MAX_DEPLOYING); ' +
        'Neutron ports may be attached (IRONIC_MCP_ALLOW_VIFS); ' +
        'only deployments made here may be undeployed (IRONIC_MCP_ALLOW_DEPROVISION)',
    );
    expect(leashed.named('servers')[0]?.detail).toMatch(/^12, of which 2 can be deployed/);
    expect(leashed.named('images')[0]?.detail).toBe('1 can be deployed: debian-12');
  });

  test('puts what was set by a flag into the env block too, or the rule would be lost there', async () => {
    const { text } = await run({ IRONIC_MCP_IMAGES: 'rocky-*' }, '--images', 'debian-*', '--read-only', '--json');
    expect((JSON.parse(text) as { env: object }).env).toEqual({
      IRONIC_MCP_IMAGES: 'debian-*',
      IRONIC_MCP_READ_ONLY: 'true',
    });
  });

  test('shows in the env block only variables that the program knows, and no login in a URL', async () => {
    const { env } = await ironic();
    const strange = {
      OS_VAULT_KEYPHRASE: secret,
      OS_AUTH_PRIVATE: secret,
      OS_PASS: secret,
      OS_AUTH_URL: `https://ann:${secret}@keystone.example`,
      OS_PROJECT_NAME: 'demo',
    };
    const { text } = await run({ ...env, ...strange }, '--json');
    expect(text).not.toContain(secret);
    expect((JSON.parse(text) as { env: object }).env).toMatchObject({
      OS_PROJECT_NAME: 'demo',
      OS_ENDPOINT: env.OS_ENDPOINT,
    });
    const wrong = await run({ IRONIC_MCP_HTTP_PASSPHRASE: secret }, '--json');
    expect(wrong.text).not.toContain(secret);
  });

  test('names the files in the env block by paths that hold wherever the program is started', async () => {
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

  test('shows no env block of settings that are wrong', async () => {
    expect((await run({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'nowhere' })).text).not.toContain('"env"');
  });

  test('says when the rules leave nothing to deploy', async () => {
    const { code, named } = await steps({ IRONIC_MCP_IMAGES: 'none', IRONIC_MCP_RESOURCE_CLASSES: 'none' });
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringMatching(/^12, of which 0 can be deployed/),
      next: expect.stringContaining('of a class that the rules allow'),
    });
    expect(named('images')[0]).toMatchObject({ outcome: 'failed', detail: 'none of 5 can be deployed' });
  });

  test('promises no deployment where images have names and none may be deployed', async () => {
    const { code, named } = await steps({ IRONIC_MCP_IMAGES: 'none' });
    expect(code).toBe(1);
    expect(named('images')[0]).toMatchObject({
      outcome: 'failed',
      next: expect.stringContaining('IRONIC_MCP_IMAGES'),
    });
    expect((await steps({ IRONIC_MCP_IMAGES: 'none', IRONIC_MCP_READ_ONLY: 'true' })).code).toBe(0);
  });

  test('where nothing may be changed claims no deployment, and does not try the right to make one', async () => {
    const asked: string[] = [];
    const { env } = await ironic((request, answer) => {
      asked.push(request.method);
      return answer;
    });
    const { code, text } = await run({ ...env, IRONIC_MCP_READ_ONLY: 'true' });
    expect(code).toBe(0);
    expect(text).toMatch(/^ok +rules .*nothing may be changed \(IRONIC_MCP_READ_ONLY\)$/m);
    expect(text).toContain('It works; by its rules it deploys nothing.');
    expect(text).not.toContain('A deployment can be made.');
    expect(new Set(asked)).toEqual(new Set(['GET']));
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

  test('counts the images of a catalogue that only some servers take, and warns if that is all of them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    const { env } = await ironic();
    const file = join(folder, 'images.json');
    const bare = { source: 'http://images.example/bare.qcow2' };
    const whole = { source: 'http://images.example/whole.qcow2', checksum: '0'.repeat(32) };
    const imagesOf = async (catalogue: object) => {
      await writeFile(file, JSON.stringify(catalogue));
      return (await steps({ ...env, IRONIC_MCP_IMAGE_CATALOG: file })).named('images');
    };
    expect(await imagesOf({ whole })).toMatchObject([{ outcome: 'ok', detail: '1 can be deployed: whole' }]);
    expect(await imagesOf({ bare, whole })).toMatchObject([
      { outcome: 'ok', detail: '2 can be deployed, 1 of them only on servers that want no checksum: bare, whole' },
    ]);
    expect(await imagesOf({ bare })).toMatchObject([
      {
        outcome: 'warning',
        detail: '1 can be deployed, 1 of them only on servers that want no checksum: bare',
        next: expect.stringContaining('IRONIC_MCP_IMAGE_CATALOG'),
      },
    ]);
    await rm(folder, { recursive: true });
  });

  test('of the simulator says that it is one', async () => {
    const { code, named } = await steps({});
    expect(code).toBe(0);
    expect(named('settings')[0]?.detail).toBe('no OS_* variable is set: a simulated cloud');
    expect(named('images')[0]?.detail).toMatch(/^\d+ can be deployed: .*ubuntu-24\.04/);
  });

  test('names a wrong setting and ends as other commands do', async () => {
    const { code, ready, named } = await steps({ OS_USERNAME: 'ann' });
    expect({ code, ready }).toEqual({ code: 78, ready: false });
    expect(named('settings')[0]).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('OS_AUTH_URL') });
  });

  test('reads the settings of the command http, where there are any, and ends as that one does', async () => {
    expect((await steps({})).named('http')).toEqual([]);
    const right = await steps({
      IRONIC_MCP_HTTP_TOKEN: `${secret}-and-more`,
      IRONIC_MCP_HTTP_HOSTS: 'metal.example.com',
    });
    expect(right.code).toBe(0);
    expect(right.named('http')).toMatchObject([
      { outcome: 'ok', detail: 'clients must send the token; by the names metal.example.com too' },
    ]);
    const { code, ready, named } = await steps({ IRONIC_MCP_HTTP_TOKEN_FILE: '/no/such/file' });
    expect({ code, ready }).toEqual({ code: 78, ready: false });
    expect(named('http')).toMatchObject([
      { outcome: 'failed', detail: 'The token file /no/such/file cannot be read (ENOENT).' },
    ]);
  });

  test('says when nobody answers', async () => {
    const { code, named } = await steps({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: nowhere });
    expect(code).toBe(1);
    expect(named('Ironic')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('cannot be reached (ECONNREFUSED)'),
    });
  });

  test('of an address that goes on behind that of Ironic asks whether there is an Ironic, and names its setting', async () => {
    const { env } = await ironic();
    const { code, named } = await steps({ ...env, OS_ENDPOINT: `${env.OS_ENDPOINT}/v1/nodes` });
    expect(code).toBe(1);
    expect(named('Ironic')[0]).toMatchObject({
      outcome: 'failed',
      detail: 'Node v1 could not be found.',
      next: expect.stringMatching(/^Is there an Ironic at that address\? Look at OS_ENDPOINT\.$/),
    });
  });

  test.each([
    [403, 'Look at the rights of this user.'],
    [400, expect.stringMatching(/^Correct the setting/)],
  ])('suspects the rights of the user only where Ironic says that they do not suffice (%i)', async (status, next) => {
    const fault = { error_message: JSON.stringify({ faultstring: 'Thus it is not.' }) };
    const { env } = await ironic(() => Response.json(fault, { status }));
    const { named } = await steps(env);
    expect(named('Ironic')).toMatchObject([{ outcome: 'failed', detail: 'Thus it is not.', next }]);
  });

  test('that is broken off ends without a word of what it was at', async () => {
    const silent = createServer();
    servers.push(silent);
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const asked = once(silent, 'request');
    const running = start(['check'], { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint });
    await asked;
    process.kill(running.pid, 'SIGINT');
    expect(await running.exited).toEqual({ code: 1, signal: null });
    expect(running.stderr()).toBe('');
  });

  test('says when no server can be seen, which may be for want of rights', async () => {
    const { env } = await ironic((request, answer) =>
      request.method === 'GET' ? Response.json({ nodes: [] }) : answer,
    );
    const { code, named } = await steps(env);
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({ outcome: 'failed', next: expect.stringContaining('no rights') });
  });

  test('says when no server is free', async () => {
    const { env } = await ironic(async (request, answer) => {
      if (!new URL(request.url).pathname.endsWith('/nodes')) return answer;
      const { nodes } = (await answer.json()) as { nodes: object[] };
      return Response.json({ nodes: nodes.map((node) => ({ ...node, maintenance: true })) });
    });
    const { code, named } = await steps(env);
    expect(code).toBe(1);
    expect(named('servers')[0]).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('of which 0 can be deployed'),
    });
  });

  test('says when this user may not reserve', async () => {
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

  test('finds reservations of ours that were never deployed, and the servers of Metal3', async () => {
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
        detail: 'rack1-small-01 is reserved since 2020-01-01T00:00:00Z, never deployed',
        next: expect.stringMatching(/release it: openstack baremetal node unset [-0-9a-f]{36} --instance-uuid$/),
      }),
    ]);
    expect(named('Metal3')[0]).toMatchObject({ outcome: 'warning', detail: expect.stringContaining('metal3~host-1') });
  });

  test('names the ports that such a server still has, for they would connect whoever gets it next', async () => {
    const { admin, env } = await ironic();
    const id = 'aaaaaaaa-0000-4000-8000-000000000001';
    const port = 'bbbbbbbb-0000-4000-8000-000000000001';
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
      next: expect.stringMatching(
        new RegExp(
          `release it: openstack baremetal node vif detach ([-0-9a-f]{36}) ${port} && openstack baremetal node unset \\1 --instance-uuid$`,
        ),
      ),
    });
  });
});
