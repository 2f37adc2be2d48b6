import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { proxiesIn } from '../../src/config/proxies.js';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import type { Tls } from '../../src/openstack/credentials.js';
import { createHttp } from '../../src/openstack/http.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createPlainSession } from '../../src/openstack/session.js';
import { createTransport } from '../../src/openstack/transport.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { nowhere } from '../support/nowhere.js';

const file = (name: string) => readFileSync(new URL(`../support/certificates/${name}`, import.meta.url), 'utf8');
const ca = file('ca.pem');

// Nothing but the proxy can look up these names.
const plain = 'http://ironic.cloud.test:6385';
const secure = 'https://ironic.cloud.test:6385';
const login = 'ann:hunter2%40secret';

const requests: IncomingMessage[] = [];
const closing: (() => void)[] = [];
afterEach(() => {
  requests.length = 0;
  for (const close of closing.splice(0)) close();
});

async function portOf(server: Server & { closeAllConnections(): void }): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A service that only the proxy can reach, and the proxy. */
async function cloud({ tls = false, ...options }: { tls?: boolean; login?: string; silent?: boolean } = {}) {
  const answer = (request: IncomingMessage, response: { end(text: string): void }) => {
    requests.push(request);
    request.resume().on('end', () => response.end('{"well": true}'));
  };
  const server = tls
    ? createServer({ key: file('server.key'), cert: file('server.pem') }, answer)
    : createPlainServer(answer);
  const proxy = await startHttpProxy({ hosts: { 'ironic.cloud.test:6385': await portOf(server) }, ...options });
  closing.push(proxy.close);
  return proxy;
}

/** The whole path of a request, as it is composed for a cloud with these variables. */
function wayTo(endpoint: string, env: Record<string, string>, tls?: Tls, timeout = 20_000) {
  const proxyFor = proxiesIn(env);
  const fetch = createTransport({ tls, proxyFor, connections: 4 });
  const session = createPlainSession({ type: 'none', endpoint }, {});
  const queue = createRequestQueue(8);
  const at = (address: string) => createHttp({ service: 'Ironic', endpoint: address, timeout, queue, fetch });
  return createAuthenticatedHttp({ session, service: 'baremetal', at, timeout });
}

const forever = new AbortController().signal;
const get = { method: 'GET', path: 'v1/nodes', query: { limit: '1' } } as const;
const well = { status: 200, body: { well: true } };
const tls = { ca, verify: true };

/** The variables, and the endpoint, of a cloud with TLS or without. */
const kinds = [
  ['http', 'HTTP_PROXY', plain, undefined],
  ['https', 'HTTPS_PROXY', secure, tls],
] as const;

describe.each(kinds)('a proxy for %s', (kind, variable, endpoint, settings) => {
  const withCloud = (options = {}) => cloud({ tls: kind === 'https', ...options });

  it.each([variable, variable.toLowerCase()])('that %s names leads to a host that only it knows', async (name) => {
    const proxy = await withCloud();
    const http = wayTo(endpoint, { [name]: proxy.url }, settings);
    const json = { text: 'ä'.repeat(100_000) };
    expect(await http.ask(get, forever)).toMatchObject(well);
    expect(await http.ask({ method: 'PATCH', path: 'v1/nodes/n', json }, forever)).toMatchObject(well);
    const through = [`GET ${plain}/v1/nodes?limit=1`, `PATCH ${plain}/v1/nodes/n`];
    // A tunnel is used again. No other connection is, because some proxies close theirs without saying so.
    for (const { headers } of requests) expect(headers.connection).toBe(kind === 'http' ? 'close' : 'keep-alive');
    expect(proxy.asked).toEqual(kind === 'http' ? through : ['CONNECT ironic.cloud.test:6385']);
    expect(requests.map(({ method, url, headers }) => [method, url, headers.host])).toEqual([
      ['GET', '/v1/nodes?limit=1', 'ironic.cloud.test:6385'],
      ['PATCH', '/v1/nodes/n', 'ironic.cloud.test:6385'],
    ]);
  });

  it('gets its user and password, and the service does not', async () => {
    const proxy = await withCloud({ login });
    expect(await wayTo(endpoint, { [variable]: proxy.url }, settings).ask(get, forever)).toMatchObject(well);
    if (kind === 'https') expect(requests[0]?.headers).not.toHaveProperty('proxy-authorization');
  });

  it('that refuses the password is named without it, and nothing was sent', async () => {
    const proxy = await withCloud({ login });
    const { host } = new URL(proxy.url);
    const env = { [variable]: `http://ann:wrong@${host}` };
    await expect(wayTo(endpoint, env, settings).ask(get, forever)).rejects.toMatchObject({
      words: `The proxy http://${host} refused the request (HTTP status 407); check the user and password in ${variable}`,
      mayHaveTakenEffect: false,
    });
    expect(requests).toEqual([]);
  });

  it('that nobody listens at is named without its password', async () => {
    const failed = wayTo(endpoint, { [variable]: nowhere.replace('//', `//${login}@`) }, settings).ask(get, forever);
    await expect(failed).rejects.toMatchObject({
      words: `The proxy ${nowhere} cannot be reached (ECONNREFUSED); check ${variable}`,
      mayHaveTakenEffect: false,
    });
  });

  it('that does not answer is left when the caller leaves', async () => {
    const proxy = await withCloud({ silent: true });
    const leaving = new AbortController();
    const asked = wayTo(endpoint, { [variable]: proxy.url }, settings).ask(get, leaving.signal);
    asked.catch(() => undefined);
    await proxy.until(1);
    leaving.abort(new Error('the caller left'));
    await expect(asked).rejects.toThrow('the caller left');
    await proxy.until(0);
  });
});

describe('TLS through a proxy', () => {
  it('does not begin if the proxy does not reach the host', async () => {
    const proxy = await cloud({ tls: true });
    const failed = wayTo('https://nosuch.cloud.test', { HTTPS_PROXY: proxy.url }, tls).ask(get, forever);
    await expect(failed).rejects.toMatchObject({
      words: `The proxy ${proxy.url} refused the request (HTTP status 502); check NO_PROXY and HTTPS_PROXY`,
      mayHaveTakenEffect: false,
    });
    expect(proxy.asked).toContain('CONNECT nosuch.cloud.test:443');
  });

  it.each([
    ['from an unknown CA', secure, { verify: true }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE\); .* set OS_CACERT/],
    ['for another name', 'https://other.cloud.test:6385', tls, /ERR_TLS_CERT_ALTNAME_INVALID\); .*: check OS_ENDPOINT/],
  ])('refuses a certificate %s', async (_, endpoint, settings, words) => {
    const server = createServer({ key: file('server.key'), cert: file('server.pem') });
    const proxy = await startHttpProxy({ hosts: { [new URL(endpoint).host]: await portOf(server) } });
    closing.push(proxy.close);
    const failed = wayTo(endpoint, { HTTPS_PROXY: proxy.url }, settings).ask(get, forever);
    await expect(failed).rejects.toMatchObject({ words: expect.stringMatching(words), mayHaveTakenEffect: false });
  });
});

describe('no proxy', () => {
  it('stands between the program and its own machine', async () => {
    const own = await portOf(createPlainServer((_, response) => response.end('{"well": true}')));
    const http = wayTo(`http://127.0.0.1:${own}`, { HTTP_PROXY: nowhere });
    expect(await http.ask(get, forever)).toMatchObject(well);
  });
});
