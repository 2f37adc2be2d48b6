import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { http } from '../../src/commands/http.js';
import { type CallersCloud, credential, type Person, startCallersCloud } from '../support/callers/callers-cloud.js';
import { connectOverHttp } from '../support/mcp-over-http.js';

const challenge = 'Basic realm="ironic-mcp", charset="UTF-8"';
const nobody = '00000000-0000-0000-0000-000000000000';
const auditLog = join(tmpdir(), `callers-${process.pid}.jsonl`);

/** The command on a port of its own. */
async function serve(env: Readonly<Record<string, string>>) {
  const stop = new AbortController();
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const io = { env, stdin, stdout, stderr, stop: stop.signal, self: ['ironic-mcp'] as const };
  const code = http(io, ['--port', '0']);
  const url = await new Promise<string>((resolve) => stdout.once('data', (chunk) => resolve(String(chunk).trim())));

  async function ask(path: string, authorization?: string, init: Init = {}) {
    const { method = 'GET', body, forwardedFor, signal = null } = init;
    const answer = await fetch(`${url}${path}`, {
      method,
      signal,
      ...(body ? { body: JSON.stringify(body) } : {}),
      headers: {
        'content-type': 'application/json',
        ...(authorization ? { authorization } : {}),
        ...(forwardedFor ? { 'x-forwarded-for': forwardedFor } : {}),
      },
    });
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Problem };
  }
  return {
    url,
    ask,
    errors: () => errors,
    stop: () => stop.abort(),
    async close() {
      stop.abort();
      expect(await code).toBe(0);
    },
  };
}

interface Init {
  readonly method?: string;
  readonly body?: object;
  readonly forwardedFor?: string;
  readonly signal?: AbortSignal;
}

interface Problem {
  readonly [member: string]: unknown;
  readonly servers?: readonly { readonly id: string; readonly state: string }[];
}

describe('the command http, where each caller signs in', () => {
  let cloud: CallersCloud;
  let server: Awaited<ReturnType<typeof serve>>;
  let ann: Person;
  let bob: Person;

  beforeAll(async () => {
    cloud = await startCallersCloud();
    server = await serve({ ...cloud.env, IRONIC_MCP_AUDIT_LOG: auditLog });
    ann = cloud.person('ann', 'red');
    bob = cloud.person('bob', 'blue');
  });
  afterEach(() => {
    cloud.instead = async () => undefined;
    cloud.onRequest = () => undefined;
  });
  afterAll(async () => {
    await server.close();
    await cloud.close();
    await rm(auditLog, { force: true });
  });

  const provision = (person: Person, body: object = {}) =>
    server.ask('/provision', person.header, { method: 'POST', body: { image_id: 'debian-12', ...body } });

  it('asks for a credential, and shows nobody why Keystone refuses one', async () => {
    const wrong = credential(ann.id, 'wrong').header;
    const unknown = credential('f'.repeat(32), 'x').header;
    for (const authorization of [undefined, 'Bearer token', 'Basic !', wrong, unknown]) {
      for (const path of ['/servers', '/mcp', `/provision/${nobody}`, '/no-such-path']) {
        const { status, headers, json } = await server.ask(path, authorization);
        expect([status, json.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', challenge]);
      }
    }
  });

  it('signs each credential in once', async () => {
    const before = cloud.signIns.length;
    const cid = cloud.person('cid', 'green');
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.ask('/servers', cid.header)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(cloud.signIns.slice(before)).toEqual([cid.id]);
  });

  it('refuses the id with a wrong secret while the right one is signed in', async () => {
    expect((await server.ask('/servers', ann.header)).status).toBe(200);
    expect((await server.ask('/servers', credential(ann.id, 'guess').header)).status).toBe(401);
    expect((await server.ask('/servers', ann.header)).status).toBe(200);
  });

  it('shows each caller the servers and deployments of its own project only', async () => {
    const key = { idempotency_key: 'one-and-the-same-key' };
    const { status, json } = await provision(ann, { server_id: 'rack1-small-01', ...key });
    expect(status).toBe(202);
    const stateFor = async (person: Person) =>
      (await server.ask('/servers?name_contains=rack1-small-01', person.header)).json.servers?.[0]?.state;
    expect([await stateFor(ann), await stateFor(bob)]).toEqual(['deploying', 'available']);
    const operation = `/provision/${json.operation_id}?deployment_id=${json.deployment_id}`;
    expect((await server.ask(operation, ann.header)).json.status).toBe('in_progress');
    expect((await server.ask(operation, bob.header)).json.code).toBe('operation_not_found');
    const again = await provision(bob, { server_id: 'rack1-small-01', ...key });
    expect([again.status, again.json.deployment_id === json.deployment_id]).toEqual([202, false]);
  });

  it('answers 200 interleaved lists each with the view of its caller', async () => {
    const people = [ann, bob, cloud.person('dan', 'red'), cloud.person('eve', 'yellow')];
    await provision(ann, { server_id: 'rack1-small-02' });
    const deploying = async (person: Person) => {
      const { servers = [] } = (await server.ask('/servers?name_contains=rack1-small-02', person.header)).json;
      return servers.map(({ state }) => state);
    };
    const callers = Array.from({ length: 200 }, (_, index) => people[index % people.length] ?? ann);
    const states = await Promise.all(callers.map(deploying));
    expect(states).toEqual(callers.map(({ project }) => [project === 'red' ? 'deploying' : 'available']));
  });

  it.each(['v1', 'v2'] as const)(
    'serves MCP to two clients with the SDK %s, each with its own rights',
    async (line) => {
      const clients = await Promise.all([ann, bob].map(({ header }) => connectOverHttp(line, server.url, header)));
      const seen = clients.map((client) =>
        client.callTool({ name: 'list_servers', arguments: { name_contains: 'rack1-small-02' } }),
      );
      const states = (await Promise.all(seen)).map(({ structuredContent }) => structuredContent as Problem);
      expect(states.map(({ servers }) => servers?.[0]?.state)).toEqual(['deploying', 'available']);
      const uri = `ironic://servers/rack1-small-02`;
      const resources = await Promise.all(clients.map((client) => client.readResource({ uri })));
      expect(resources.map((resource) => JSON.stringify(resource).includes('deploying'))).toEqual([true, false]);
      await Promise.all(clients.map((client) => client.close()));
      await expect(connectOverHttp(line, server.url, credential(ann.id, 'no').header)).rejects.toThrow(
        /401|unauthorized/i,
      );
    },
  );

  it('tells a caller that it lacks a right', async () => {
    const fay = cloud.person('fay', 'red', { reads: true });
    expect((await server.ask('/servers', fay.header)).status).toBe(200);
    const { status, json } = await provision(fay, { server_id: 'rack1-small-03' });
    expect([status, json.code]).toEqual([403, 'forbidden']);
    expect(json.reason).toContain('Access was denied');
    const client = await connectOverHttp('v2', server.url, fay.header);
    const call = { name: 'provision_server', arguments: { image_id: 'debian-12', server_id: 'rack1-small-03' } };
    expect(JSON.stringify(await client.callTool(call))).toContain('Code: forbidden');
    await client.close();
  });

  it('forgets a credential that was revoked', async () => {
    const gil = cloud.person('gil', 'red');
    expect((await server.ask('/servers', gil.header)).status).toBe(200);
    cloud.revoke(gil);
    const { status, json, headers } = await server.ask('/servers', gil.header);
    expect([status, json.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', challenge]);
    const before = cloud.signIns.length;
    expect((await server.ask('/servers', gil.header)).status).toBe(401);
    expect(cloud.signIns).toHaveLength(before);
  });

  it('says what is left if a credential is revoked in the middle of a deployment', async () => {
    const ivy = cloud.person('ivy', 'orange');
    cloud.onRequest = (method, path) => {
      if (method === 'PUT' && path.endsWith('/states/provision')) cloud.revoke(ivy);
    };
    const { status, json } = await provision(ivy, { server_id: 'rack1-small-01' });
    expect([status, json.code]).toEqual([401, 'unauthorized']);
    expect(json.reason).toMatch(/^Keystone refuses the application credential.* Server rack1-small-01 .*reserved/);
    expect(json.hint).toContain('The operator can release this one');
    const jon = cloud.person('jon', 'orange');
    const { servers = [] } = (await server.ask('/servers?name_contains=rack1-small-01', jon.header)).json;
    const now = await server.ask(`/provision/${servers[0]?.id}`, jon.header);
    expect(now.json.provision_state).toBe('available');
  });

  it('takes a Keystone that is down for no refusal, and does not tell where it is', async () => {
    const hal = cloud.person('hal', 'red');
    cloud.instead = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
    const { status, json } = await server.ask('/servers', hal.header);
    expect([status, json.code]).toEqual([502, 'ironic_unavailable']);
    expect(JSON.stringify(json)).not.toContain(new URL(cloud.url).host);
    const warning = 'Nobody new can sign in: Keystone refused the sign-in (HTTP status 502';
    await vi.waitUntil(() => server.errors().includes(warning), { timeout: 50_000 });
    cloud.instead = async () => undefined;
    expect((await server.ask('/servers', hal.header)).status).toBe(200);
  });

  it('tells the operator why Keystone refuses one caller, and that nobody else is concerned', async () => {
    const ken = cloud.person('ken', 'red');
    cloud.instead = async () => Response.json({ error: { code: 403, message: 'Locked.' } }, { status: 403 });
    const before = cloud.signIns.length;
    for (let tries = 0; tries < 3; tries += 1) {
      const { status, json } = await server.ask('/servers', ken.header);
      expect([status, json.code, json.retryable]).toEqual([502, 'ironic_unavailable', false]);
      expect(json.reason).not.toContain('Locked');
    }
    expect(cloud.signIns).toHaveLength(before + 1);
    const warning =
      'A caller from 127.0.0.1 cannot sign in: Keystone refused the sign-in (HTTP status 403: \\"Locked.\\").';
    await vi.waitUntil(() => server.errors().includes(warning), { timeout: 50_000 });
  });

  it('lets one caller take 512 places at most, so that the others have some', async () => {
    const mia = cloud.person('mia', 'violet');
    const { json } = await provision(mia);
    const wait = `/provision/${json.operation_id}?wait_seconds=50`;
    const leaving = new AbortController();
    const waits = Array.from({ length: 513 }, () => server.ask(wait, mia.header, { signal: leaving.signal }));
    const refused = await Promise.race(waits);
    expect([refused.status, refused.json.reason]).toEqual([503, '512 requests with this credential are in progress']);
    expect((await server.ask('/servers', bob.header)).status).toBe(200);
    leaving.abort();
    await Promise.allSettled(waits);
  });

  it('tells an address with too many wrong secrets to come back in a minute', async () => {
    // Here the address is the one of all tests, so this is a server of its own.
    const limited = await serve(cloud.env);
    for (let guess = 0; guess < 20; guess += 1) await limited.ask('/servers', credential(ann.id, `${guess}`).header);
    const { status, json, headers } = await limited.ask('/servers', bob.header);
    expect([status, json.code, json.hint]).toEqual([503, 'overloaded', 'Try again in a minute.']);
    expect(headers.get('retry-after')).toBe('60');
    await limited.close();
  });

  it('takes callers through a proxy only if that names them, and logs the address of each', async () => {
    const behind = await serve({ ...cloud.env, IRONIC_MCP_HTTP_BEHIND_TLS: 'true' });
    expect((await behind.ask('/servers', ann.header)).status).toBe(403);
    const forwardedFor = '10.0.0.1, 198.51.100.7';
    expect((await behind.ask('/servers', ann.header, { forwardedFor })).status).toBe(200);
    expect((await behind.ask('/servers', credential(ann.id, 'guess').header, { forwardedFor })).status).toBe(401);
    await behind.close();
    const clients = () => behind.errors().match(/"client":"[^"]*".*"status":\d+/g) ?? [];
    await vi.waitUntil(() => clients().length === 3, { timeout: 50_000 });
    expect(clients().map((line) => line.replace(/,.*,/, ' '))).toEqual([
      '"client":"127.0.0.1" "status":403',
      '"client":"198.51.100.7" "status":200',
      '"client":"198.51.100.7" "status":401',
    ]);
  });

  it('begins no deployment for a caller who waits for the first sign-in when the server stops', async () => {
    const stopping = await serve(cloud.env);
    const lea = cloud.person('lea', 'red');
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      cloud.instead = () => {
        resolve();
        return new Promise((end) => {
          answer = () => end(undefined);
        });
      };
    });
    const requests: string[] = [];
    cloud.onRequest = (method, path) => requests.push(`${method} ${path}`);
    const waiting = stopping.ask('/provision', lea.header, { method: 'POST', body: { image_id: 'debian-12' } });
    await asked;
    stopping.stop();
    const { status, json } = await waiting;
    expect([status, json.code, json.reason]).toEqual([503, 'overloaded', 'this MCP server is stopping']);
    answer();
    await stopping.close();
    expect(requests).toEqual([]);
  });

  it('is ready when Keystone answers, and needs no sign-in for that', async () => {
    const before = cloud.signIns.length;
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/']) {
      expect((await server.ask(path)).status).toBe(200);
    }
    expect(cloud.signIns).toHaveLength(before);
  });

  it('tells metrics without a sign-in, but not through a proxy, and they name no caller', async () => {
    const ask = (headers: Record<string, string>) => fetch(`${server.url}/metrics`, { headers });
    expect((await ask({ 'x-forwarded-for': '10.0.0.5', authorization: ann.header })).status).toBe(403);
    const answer = await ask({});
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(text).toContain('service="keystone",method="POST",route="/v3/auth/tokens",outcome="2xx"');
    expect(text).not.toMatch(/\bann\b|\bbob\b|laptop|-secret|token-\d|project-|user-/);
    for (const { id } of [ann, bob]) expect(text).not.toContain(id);
  });

  it('names user, project and credential in the audit log, and no secret anywhere', async () => {
    const lines = (await readFile(auditLog, 'utf8')).trim().split('\n');
    const records = lines.map((line) => JSON.parse(line));
    const refused = records.filter(({ user, phase }) => user.name === 'fay' && phase === 'end');
    expect(refused.map(({ outcome }) => outcome)).toEqual(['forbidden', 'forbidden']);
    const named = records.filter(({ user }) => user.name === 'bob');
    expect(named.length).toBeGreaterThan(0);
    for (const { user, project, credential } of named) {
      expect({ user, project, credential }).toEqual({
        user: { id: 'user-bob', name: 'bob' },
        project: { id: 'project-blue', name: 'blue' },
        credential: { id: bob.id, name: "bob's laptop" },
      });
    }
    const written = `${lines.join()}${server.errors()}`;
    expect(written).not.toMatch(/-secret|token-\d/);
    expect(written).not.toContain(ann.header.slice('Basic '.length));
  });
});
