import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { boardPage } from '../../src/board-page.js';
import { expectDocumented, expectSchema } from './documented.js';
import { createRestApp, type RestApp } from './rest-app.js';

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada';

describe('a deployment by REST', () => {
  let app: RestApp;
  beforeAll(async () => {
    app = await createRestApp();
  });

  it('is accepted, says where to follow it, and is followed there', async () => {
    const accepted = await app.ask('POST', '/provision', {
      image_id: 'ubuntu-24.04',
      server_id: 'rack1-small-01',
      ssh_public_keys: [sshKey],
    });
    expectDocumented(accepted);
    expect(accepted.status).toBe(202);
    expect(accepted.json).toMatchObject({ status: 'accepted', server_name: 'rack1-small-01' });
    const location = accepted.headers.get('location') ?? '';
    expect(location).toBe(`/provision/${String(accepted.json.operation_id)}`);

    const follow = `${location}?wait_seconds=0&deployment_id=${accepted.json.deployment_id}`;
    let status = await app.ask('GET', follow);
    while (status.json.status === 'in_progress') status = await app.ask('GET', follow);
    expectDocumented(status);
    expect(status.status).toBe(200);
    expect(status.json).toMatchObject({ status: 'completed', deployment_id: accepted.json.deployment_id });
    expect(status.headers.get('retry-after')).toBeNull();
  });

  it('has the members of the MCP tool in its answer', async () => {
    const input = { image_id: 'debian-12', ssh_public_keys: [sshKey] };
    const byRest = await app.ask('POST', '/provision', { ...input, server_id: 'rack1-small-02' });
    const byMcp = await app.callTool('provision_server', { ...input, server_id: 'rack1-small-03' });
    expect(byMcp.isError).toBeFalsy();
    expect(Object.keys(byMcp.structuredContent ?? {})).toEqual(Object.keys(byRest.json));

    const { operation_id } = byRest.json;
    let statusByRest = await app.ask('GET', `/provision/${String(operation_id)}`);
    while (statusByRest.json.status === 'in_progress') {
      statusByRest = await app.ask('GET', `/provision/${String(operation_id)}`);
    }
    const statusByMcp = await app.callTool('check_provision_status', { operation_id });
    expect(statusByMcp.structuredContent).toEqual(statusByRest.json);
  });

  it('says when to look again while it is under way', async () => {
    const slow = await createRestApp({ env: {} });
    const { headers } = await slow.ask('POST', '/provision', { image_id: 'debian-12', server_id: 'rack1-small-01' });
    const status = await slow.ask('GET', headers.get('location') ?? '');
    expect(status.json).toMatchObject({ status: 'in_progress' });
    expect(status.headers.get('retry-after')).toBe(String(status.json.poll_after_seconds));
  });

  it('is the same for the same Idempotency-Key, with or without quotation marks, or as an argument', async () => {
    const key = randomUUID();
    const input = { image_id: 'debian-12', server_id: 'rack2-large-01' };
    const first = await app.ask('POST', '/provision', input, { 'idempotency-key': key });
    expect(first.status).toBe(202);
    const { deployment_id: deploymentId } = first.json;
    for (const again of [
      await app.ask('POST', '/provision', input, { 'idempotency-key': `"${key}"` }),
      await app.ask('POST', '/provision', { ...input, idempotency_key: key }),
      await app.ask('POST', '/provision', { ...input, idempotency_key: key }, { 'idempotency-key': key }),
    ]) {
      expect(again.json).toMatchObject({ deployment_id: deploymentId });
    }
  });
});

describe('null for an optional argument by REST', () => {
  it('counts as absent, beside a header as well, and the schema allows it', async () => {
    const app = await createRestApp();
    const input = { image_id: 'debian-12', server_id: 'rack2-large-01', hostname: null, idempotency_key: null };
    expectSchema({ $ref: '#/components/schemas/ProvisionServerInput' }, input);
    const first = await app.ask('POST', '/provision', input, { 'idempotency-key': 'a key' });
    expect(first.status, first.text).toBe(202);
    const again = await app.ask('POST', '/provision', {
      image_id: 'debian-12',
      server_id: 'rack2-large-01',
      idempotency_key: 'a key',
    });
    expect(again.json).toMatchObject({ deployment_id: first.json.deployment_id });
  });
});

describe('a request by REST', () => {
  let app: RestApp;
  beforeAll(async () => {
    app = await createRestApp();
  });
  const nobody = '/provision/00000000-0000-0000-0000-000000000000';

  it.each([
    ['?wait_seconds=0', 404],
    ['?wait_seconds=0.0', 404],
    ['?wait_seconds=51', 422],
    ['?wait_seconds=1.5', 422],
    ['?wait_seconds=', 422],
    ['?wait_seconds=%201', 422],
    ['?wait_seconds=1e1', 422],
    ['?wait_seconds=0x1', 422],
    ['?wait_seconds=null', 422],
    ['?wait_seconds=0&wait_seconds=0', 422],
    ['?wait_second=0', 422],
    ['?wait_second=0&wait_second=0', 422],
    ['?wait_seconds=-1', 422],
    ['?wait_seconds=999999999999999999999', 422],
    ['?wait_seconds=5%00', 422],
    ['?__proto__=0', 422],
    ['?operation_id=00000000-0000-0000-0000-000000000000', 422],
  ])('with the query %s is answered %i', async (query, status) => {
    const answer = await app.ask('GET', `${nobody}${query}`);
    expect(answer.status).toBe(status);
    expectDocumented(answer);
  });

  it.each([
    ['broken JSON', 400, '{"image_id":'],
    ['JSON that is not UTF-8', 400, Uint8Array.of(0x22, 0xff, 0x22)],
    ['a text', 422, '"image_id"'],
    ['a list', 422, '[]'],
    ['null', 422, 'null'],
    ['nothing', 422, ''],
    ['an object deeper than any stack', 422, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['an argument that does not exist', 422, '{"image_id":"debian-12","server":"rack1-small-01"}'],
    ['a member called __proto__', 422, '{"image_id":"debian-12","__proto__":{"server_id":"x"}}'],
    ['more than 1 MiB', 413, `{"image_id":"${'x'.repeat(1024 * 1024)}"}`],
  ])('with %s as body is answered %i', async (_, status, body) => {
    const answer = await app.ask('POST', '/provision', body);
    expect(answer.status, answer.text).toBe(status);
    expectDocumented(answer);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'with a body of the type %j is refused',
    async (type) => {
      const answer = await app.ask('POST', '/provision', '{"image_id":"debian-12"}', { 'content-type': type });
      expect(answer.status).toBe(415);
      expectDocumented(answer);
    },
  );

  it('may name the character set of its JSON', async () => {
    const { status } = await app.ask('POST', '/provision', '{}', { 'content-type': 'Application/JSON; charset=utf-8' });
    expect(status).toBe(422);
  });

  it('never loses an argument that is in the wrong place', async () => {
    const inQuery = await app.ask('POST', '/provision?server_id=rack1-small-01', { image_id: 'debian-12' });
    expect(inQuery.json).toMatchObject({ code: 'invalid_request', reason: 'arguments belong in the body' });
    for (const headers of [{ 'content-length': '20' }, { 'transfer-encoding': 'chunked' }]) {
      const inBody = await app.ask('GET', nobody, undefined, headers);
      expect(inBody.json).toMatchObject({ code: 'invalid_request', reason: 'arguments belong in the query' });
      expectDocumented(inBody);
    }
    expect((await app.ask('GET', nobody, undefined, { 'content-length': '0' })).status).toBe(404);
    const input = { image_id: 'debian-12', idempotency_key: 'one' };
    const twoKeys = await app.ask('POST', '/provision', input, { 'idempotency-key': 'two' });
    expect(twoKeys.json).toMatchObject({
      code: 'invalid_request',
      errors: [{ field: 'idempotency_key', message: 'differs from the header Idempotency-Key' }],
    });
  });

  it('never loses one of two values: an argument counts only once', async () => {
    const twice = await app.ask('GET', `${nobody}?wait_seconds=1&wait_seconds=0`);
    expect(twice.json.errors).toEqual([{ field: 'wait_seconds', message: 'is given more than once' }]);
    // Two headers of one name arrive like this.
    for (const key of ['one, two', '"one", "two"']) {
      const keys = await app.ask('POST', '/provision', { image_id: 'debian-12' }, { 'idempotency-key': key });
      expect(keys.json.errors).toEqual([
        {
          field: 'idempotency_key',
          message: 'must be in the header once, in quotation marks if it has a comma',
        },
      ]);
      expectDocumented(keys);
    }
    const quoted = await app.ask('POST', '/provision', {}, { 'idempotency-key': '"one, two"' });
    expect(quoted.json.errors).toEqual([{ field: 'image_id', message: 'is missing' }]);
  });

  it('with several mistakes gets a list of them, without their values', async () => {
    const { json, text } = await app.ask('POST', '/provision', { hostname: '!secret', colour: 'secret' });
    expect(json.errors).toEqual([
      { field: 'image_id', message: expect.any(String) },
      { field: 'hostname', message: 'must be a DNS host name' },
      { field: '', message: 'unknown argument "colour"' },
    ]);
    expect(text).not.toContain('secret');
  });

  it.each([
    ['PUT', '/provision', 'POST'],
    ['GET', '/provision', 'POST'],
    ['OPTIONS', '/provision', 'POST'],
    ['PUT', nobody, 'HEAD, GET, DELETE'],
    ['POST', '/healthz', 'HEAD, GET'],
  ])('%s %s gets 405 with the allowed methods %s', async (method, path, allowed) => {
    const answer = await app.ask(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allowed);
    expect(answer.json).toMatchObject({ code: 'method_not_allowed', detail: 'Method not allowed' });
  });

  it.each(['/provision/', '/Provision', '/provision/a/b', '/v1/nodes', '/docs/', '/%70rovision%2'])(
    'to %s gets 404',
    async (path) => {
      expect(await app.ask('GET', path)).toMatchObject({ status: 404, json: { code: 'not_found' } });
    },
  );

  it('gets no CORS headers, so that no page of another site can read the answer', async () => {
    const preflight = { 'access-control-request-method': 'POST', origin: 'http://localhost:3000' };
    for (const { headers } of [
      await app.ask('OPTIONS', '/provision', undefined, preflight),
      await app.ask('GET', nobody, undefined, preflight),
    ]) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  it('has its own id or a new one in answer and log; the log has its trace and no other header', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const headers = { 'x-request-id': 'mine-1', traceparent, authorization: 'Bearer secret' };
    const named = await app.ask('GET', `${nobody}?deployment_id=secret`, undefined, headers);
    expect(named.headers.get('x-request-id')).toBe('mine-1');
    const access = app.accesses.at(-1);
    expect(access).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      request_id: 'mine-1',
      traceparent,
      method: 'GET',
      path: nobody,
      status: 422,
      duration_ms: expect.any(Number),
    });

    // No line ends and no control characters of a terminal.
    await app.ask('GET', '/a%0Ab%C2%9B31m%E2%80%AEc');
    expect(app.accesses.at(-1)).toMatchObject({ path: '/a b 31m c' });

    const forged = { 'x-request-id': 'a b', traceparent: `ff${traceparent.slice(2)}` };
    const other = await app.ask('GET', nobody, undefined, forged);
    expect(other.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
    expect(app.accesses.at(-1)).not.toHaveProperty('traceparent');
  });

  it('can be HEAD on every route for GET', async () => {
    expect(await app.ask('HEAD', '/healthz')).toMatchObject({ status: 200, text: '' });
  });
});

describe('health', () => {
  it('has a route for the process and one for the cloud', async () => {
    const app = await createRestApp();
    for (const path of ['/healthz', '/readyz']) {
      const answer = await app.ask('GET', path);
      expect(answer.status).toBe(200);
      expectDocumented(answer);
    }
  });
});

describe('the root', () => {
  it('shows a browser the board, and tells a program where everything is', async () => {
    const app = await createRestApp();
    const page = await app.ask('GET', '/', undefined, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toBe(boardPage.policy);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(page.text).toBe(boardPage.html);
    const entrances = await app.ask('GET', '/', undefined, { accept: '*/*' });
    expect(entrances).toMatchObject({ status: 200, json: { docs: '/docs', openapi: '/openapi.json', mcp: '/mcp' } });
  });

  it('tells an MCP client the path that it needs', async () => {
    const app = await createRestApp();
    const answer = await app.ask('POST', '/', { jsonrpc: '2.0', id: 1, method: 'ping' });
    expect(answer).toMatchObject({ status: 404, json: { code: 'not_found', hint: expect.stringContaining('/mcp') } });
  });
});

describe('the reference page', () => {
  it.each([
    [{ host: 'localhost:8080' }, 'http://localhost:8080'],
    [{ host: '[::1]:7385' }, 'http://[::1]:7385'],
    [{ host: '192.0.2.7', 'x-forwarded-proto': 'https' }, 'https://192.0.2.7'],
    [{ host: '192.0.2.7', 'x-forwarded-proto': 'javascript' }, 'http://192.0.2.7'],
  ])('has examples for the address that was asked: %j', async (headers, base) => {
    const app = await createRestApp();
    const { text } = await app.ask('GET', '/docs', undefined, headers);
    const bases = [...text.matchAll(/<code>curl (?:-X \w+ )?'(\w+:\/\/[^/]+)\//g)].map(([, each]) => each);
    expect(new Set(bases)).toEqual(new Set([base]));
  });
});
