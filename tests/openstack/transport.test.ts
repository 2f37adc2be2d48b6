import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthenticatedHttp } from '../../src/openstack/authenticated-http.js';
import type { Tls } from '../../src/openstack/credentials.js';
import { createHttp } from '../../src/openstack/http.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createPlainSession } from '../../src/openstack/session.js';
import { createTransport } from '../../src/openstack/transport.js';

const file = (name: string) => readFileSync(new URL(`../support/certificates/${name}`, import.meta.url), 'utf8');
const own = { key: file('server.key'), cert: file('server.pem') };
const ca = file('ca.pem');

let respond: RequestListener;
let connections = 0;
const requests: IncomingMessage[] = [];

/** Services behind TLS: one that accepts everybody, and one that requires a client certificate. */
async function listening(options: object) {
  const server = createServer({ ...own, ...options }, (request, response) => {
    requests.push(request);
    respond(request, response);
  });
  server.on('secureConnection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
const open = await listening({});
const guarded = await listening({ requestCert: true, rejectUnauthorized: true, ca });

beforeEach(() => {
  respond = (_, response) => response.end('{"well": true}');
  connections = 0;
  requests.length = 0;
});
afterAll(() => {
  for (const { server } of [open, guarded]) {
    server.close();
    server.closeAllConnections();
  }
});

/** The whole path of a request, composed for a cloud with these settings. */
function wayTo(endpoint: string, tls: Partial<Tls> | undefined, timeout = 20_000) {
  const fetch = tls && createTransport({ tls: { verify: true, ...tls }, connections: 4 });
  const session = createPlainSession({ type: 'none', endpoint }, {});
  const queue = createRequestQueue(8);
  const at = (address: string) => createHttp({ service: 'Ironic', endpoint: address, timeout, queue, fetch });
  return createAuthenticatedHttp({ session, service: 'baremetal', at, timeout });
}

const forever = new AbortController().signal;
const get = { method: 'GET', path: 'v1/nodes' } as const;

describe('a connection with TLS settings', () => {
  test('reaches a service with a certificate of the CA', async () => {
    respond = (request, response) => {
      response.writeHead(202, { 'content-type': 'application/json', 'x-one': ['a', 'b'] });
      request.pipe(response);
    };
    const json = { text: 'ä'.repeat(100_000) };
    const headers = { 'x-two': 'c' };
    const ask = { method: 'PATCH', path: 'v1/nodes/n', query: { fields: 'a,b' }, json, headers } as const;
    const answer = await wayTo(open.url, { ca }).ask(ask, forever);
    expect(answer).toMatchObject({ status: 202, body: json });
    expect(answer.headers.get('x-one')).toBe('a, b');
    const [request] = requests;
    expect(request).toMatchObject({ method: 'PATCH', url: '/v1/nodes/n?fields=a%2Cb' });
    expect(request?.headers).toMatchObject({
      'x-two': 'c',
      'content-length': String(Buffer.byteLength(JSON.stringify(json))),
    });
  });

  test.each([204, 304])('accepts an answer without a body (%i)', async (status) => {
    respond = (_, response) => response.writeHead(status).end();
    expect(await wayTo(open.url, { ca }).ask(get, forever)).toMatchObject({ status, body: undefined });
  });

  test('shows its certificate to a service that requires one', async () => {
    const tls = { ca, cert: file('client.pem'), key: file('client.key') };
    expect(await wayTo(guarded.url, tls).ask(get, forever)).toMatchObject({ status: 200, body: { well: true } });
    const socket = requests[0]?.socket as TLSSocket;
    expect(socket.getPeerCertificate().subject.CN).toBe('ironic-mcp tests, client');
  });

  test('checks no certificate if the settings say so', async () => {
    expect(await wayTo(open.url, { verify: false }).ask(get, forever)).toMatchObject({ body: { well: true } });
  });

  test('reaches a service without TLS as well', async () => {
    const plain = createPlainServer((_, response) => response.end('{"plain": true}')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const url = `http://127.0.0.1:${(plain.address() as AddressInfo).port}`;
    expect(await wayTo(url, { ca }).ask(get, forever)).toMatchObject({ body: { plain: true } });
    plain.close();
    plain.closeAllConnections();
  });

  test('is used again for the next request, and their number is limited', async () => {
    const http = wayTo(open.url, { ca });
    for (let count = 0; count < 5; count += 1) await http.ask(get, forever);
    expect(connections).toBe(1);
    await Promise.all(Array.from({ length: 30 }, () => http.ask(get, forever)));
    expect(requests).toHaveLength(35);
    expect(connections).toBeLessThanOrEqual(4);
  });
});

describe('a bad certificate', () => {
  const unknownCa = 'its certificate comes from an unknown CA: set OS_CACERT to the file of that CA';
  const localhost = open.url.replace('127.0.0.1', 'localhost');

  test.each<[string, string, Partial<Tls> | undefined, string]>([
    ['no settings at all', open.url, undefined, `(UNABLE_TO_VERIFY_LEAF_SIGNATURE); ${unknownCa}`],
    ['another CA', open.url, { ca: file('other-ca.pem') }, `(UNABLE_TO_VERIFY_LEAF_SIGNATURE); ${unknownCa}`],
    [
      'another name of the host',
      localhost,
      { ca },
      '(ERR_TLS_CERT_ALTNAME_INVALID); its certificate is for another host name: check OS_ENDPOINT',
    ],
    [
      'no certificate of its own',
      guarded.url,
      { ca },
      '(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED); it requires a client certificate: set OS_CERT and OS_KEY to the files of a certificate and its key',
    ],
  ])('ends a request with %s, in a sentence that names the setting', async (_, url, tls, sentence) => {
    const failed = wayTo(url, tls).ask(get, forever);
    await expect(failed).rejects.toThrow(`Ironic at ${url} cannot be reached ${sentence}`);
    await expect(failed).rejects.toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: false });
    expect(requests).toHaveLength(0);
  });
});

describe('a URL with the wrong scheme', () => {
  const plainServer = async () => {
    const server = createPlainServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { server, url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
  };

  test.each([
    ['without', undefined],
    ['with', { ca }],
  ])('is reported if the service does not speak TLS, %s TLS settings', async (_, tls) => {
    const { server, url } = await plainServer();
    await expect(wayTo(url, tls).ask(get, forever)).rejects.toMatchObject({
      words: `Ironic at ${url} cannot be reached (ERR_SSL_WRONG_VERSION_NUMBER); it does not speak TLS, so its URL must begin with http://: check OS_ENDPOINT`,
      mayHaveTakenEffect: false,
    });
    server.close();
    server.closeAllConnections();
  });

  test('is a guess if the service speaks TLS', async () => {
    const url = open.url.replace('https:', 'http:');
    await expect(wayTo(url, undefined).ask(get, forever)).rejects.toThrow(
      `Ironic at ${url} cannot be reached (UND_ERR_SOCKET); if it speaks TLS, its URL must begin with https://: check OS_ENDPOINT`,
    );
  });
});

describe('an answer that does not come', () => {
  const begun: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"half": ');
  };

  test.each<[string, RequestListener]>([
    ['before it begins', () => undefined],
    ['in the middle of it', begun],
  ])('is abandoned when the caller leaves %s', async (_, listener) => {
    const leaving = new AbortController();
    const closed = new Promise((resolve) => {
      respond = (request, response) => {
        response.on('close', resolve);
        listener(request, response);
        setImmediate(() => leaving.abort(new Error('the caller left')));
      };
    });
    await expect(wayTo(open.url, { ca }).ask(get, leaving.signal)).rejects.toThrow('the caller left');
    await closed;
  });

  test('in time is abandoned', async () => {
    respond = begun;
    const failed = wayTo(open.url, { ca }, 300).ask(get, forever);
    await expect(failed).rejects.toMatchObject({
      words: 'Ironic did not answer within 0.3 s',
      mayHaveTakenEffect: true,
    });
  });

  test('to its end is no answer', async () => {
    respond = (request, response) => {
      begun(request, response);
      response.write(' 1', () => request.socket.destroy());
    };
    const failed = wayTo(open.url, { ca }).ask(get, forever);
    await expect(failed).rejects.toMatchObject({ name: 'NoAnswer', mayHaveTakenEffect: true });
  });
});
