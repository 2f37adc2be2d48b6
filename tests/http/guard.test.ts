import { beforeAll, describe, expect, it } from 'vitest';
import { createRestApp, type RestApp } from './rest-app.js';

const nobody = '/provision/00000000-0000-0000-0000-000000000000';

describe('the guard', () => {
  let app: RestApp;
  beforeAll(async () => {
    app = await createRestApp({ hosts: ['localhost', 'metal.example.com'] });
  });
  const statusWith = async (headers: Record<string, string>, method = 'GET', target = '/healthz') =>
    (await app.ask(method, target, undefined, headers)).status;

  it.each([
    '127.0.0.1:7385',
    '127.0.0.1',
    'localhost:7385',
    'LOCALHOST',
    '[::1]:7385',
    'metal.example.com:443',
    '192.0.2.7',
  ])('accepts the host %s', async (host) => {
    expect(await statusWith({ host })).toBe(200);
  });

  it.each([
    'evil.example',
    'evil.example:7385',
    'localhost.evil.example',
    'evil.example#localhost',
    'localhost@evil.example',
    '127.0.0.1.evil.example',
    'localhost:7385:1',
    '',
  ])('refuses the host %j, which a page may have rebound to this server', async (host) => {
    const answer = await app.ask('GET', nobody, undefined, { host });
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({ code: 'not_permitted', detail: "Not permitted by this server's policy" });
    expect(await statusWith({ host }, 'POST', '/mcp')).toBe(403);
  });

  it.each([
    ['127.0.0.1:7385', 'http://127.0.0.1:7385'],
    ['127.0.0.1:7385', 'http://localhost:7385'],
    ['192.0.2.7', 'http://192.0.2.7'],
    ['metal.example.com', 'https://metal.example.com'],
  ])('accepts its own page: host %s, origin %s', async (host, origin) => {
    expect(await statusWith({ host, origin })).toBe(200);
  });

  it.each([
    'https://evil.example',
    'http://192.0.2.8',
    'null',
    'file://',
    'https://localhost@evil.example',
    'localhost',
    '',
  ])('refuses a page of %j', async (origin) => {
    for (const [method, target] of [
      ['GET', '/healthz'],
      ['GET', nobody],
      ['POST', '/provision'],
      ['POST', '/mcp'],
    ] as const) {
      expect(await statusWith({ origin }, method, target), target).toBe(403);
    }
  });

  it.each([
    ['127.0.0.1:7385', 'http://127.0.0.1:3000'],
    ['127.0.0.1:7385', 'http://localhost'],
    ['localhost:7385', 'https://localhost:7386'],
    ['metal.example.com', 'https://metal.example.com:8443'],
  ])('refuses a page on another port of its host: host %s, origin %s', async (host, origin) => {
    expect(await statusWith({ host, origin }, 'POST', '/provision')).toBe(403);
    expect(await statusWith({ host, origin, 'sec-fetch-site': 'same-site' }, 'POST', '/provision')).toBe(403);
  });

  it('trusts a browser that says which site sent the request', async () => {
    const [host, behind] = ['127.0.0.1:7385', 'https://metal.example.com'];
    for (const site of ['cross-site', 'same-site']) {
      expect(await statusWith({ host, 'sec-fetch-site': site }), site).toBe(403);
      // A browser followed a link from a page, which cannot read the answer.
      expect(await statusWith({ host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })).toBe(200);
      const form = { host, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
      expect(await statusWith(form, 'POST', '/provision'), site).toBe(403);
    }
    expect(await statusWith({ host, 'sec-fetch-site': 'none' })).toBe(200);
    // A proxy in front may have changed the host and port in the header.
    expect(await statusWith({ host, origin: behind, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await statusWith({ host, origin: behind })).toBe(403);
    expect(await statusWith({ host, origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' })).toBe(403);
  });

  it.each([
    '/provision/../healthz',
    '/provision/%2e%2e/healthz',
    '/provision/%2E%2E/healthz',
    '/provision/..%2f',
    '/provision%2fx',
    '/provision/..%5c..%5chealthz',
    '/provision\\..\\healthz',
    '/provision/x%00',
    '/provision//x',
    '//healthz',
    '/./healthz',
    '/provision/..',
    'http://127.0.0.1:7385/healthz',
  ])('is not fooled by the path %s', async (target) => {
    expect(await app.ask('GET', target)).toMatchObject({ status: 400, json: { code: 'malformed' } });
  });
});

describe('a server with a token', () => {
  let app: RestApp;
  beforeAll(async () => {
    app = await createRestApp({ token: 'right' });
  });

  it.each([
    {},
    { authorization: 'Bearer wrong' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer right wrong' },
    { authorization: 'Basic right' },
    { authorization: 'right' },
  ])('refuses the headers %j', async (headers) => {
    for (const target of [nobody, '/mcp', '/provision', '/no/such/path']) {
      const answer = await app.ask('POST', target, '{}', headers);
      expect(answer.status, target).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.json).toMatchObject({ code: 'unauthorized', detail: 'Unauthorized' });
    }
  });

  it('accepts the right token', async () => {
    for (const authorization of ['Bearer right', 'bearer  right']) {
      expect((await app.ask('GET', nobody, undefined, { authorization })).json).toMatchObject({
        code: 'server_not_found',
      });
    }
  });

  it.each(['?token=right', '?wait_seconds=0&access_token=right', '?Access_Token=right'])(
    'refuses a token in the query, %s, even beside the right header',
    async (query) => {
      const authorization = 'Bearer right';
      const answer = await app.ask('GET', `${nobody}${query}`, undefined, { authorization });
      expect(answer).toMatchObject({ status: 400, json: { code: 'malformed' } });
      expect(answer.text).not.toContain('right');
    },
  );

  it('shows its health and its documents without a token, but nothing about servers', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/docs', '/openapi.json'])
      expect((await app.ask('GET', path)).status).toBe(200);
  });
});

describe('a server that is asked to stop', () => {
  it('refuses every request', async () => {
    const app = await createRestApp();
    app.stop.abort();
    for (const path of [nobody, '/healthz', '/mcp']) {
      expect(await app.ask('GET', path)).toMatchObject({ status: 503, json: { code: 'overloaded', retryable: true } });
    }
  });
});
