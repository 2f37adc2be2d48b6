import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { NoAnswer } from '../../src/core/ports.js';
import type { Ask, EndedCloudRequest, HttpOptions } from '../../src/openstack/http.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { whileCollectingGarbage } from '../support/garbage.js';
import { nowhere } from '../support/nowhere.js';
import { forever, httpTo } from './lab.js';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server on a free port, with sockets that can really break. */
async function serve(listener: RequestListener) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  closing.push(close);
  return { endpoint: `http://127.0.0.1:${port}`, requests, close };
}

function answer(response: ServerResponse, status: number, body = '', headers: Record<string, string> = {}) {
  response.writeHead(status, headers);
  response.end(body);
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

async function failureOf(promise: Promise<unknown>): Promise<NoAnswer> {
  const error = await promise.then(
    () => new Error('There was an answer.'),
    (reason: unknown) => reason,
  );
  if (error instanceof NoAnswer) return error;
  throw error;
}

const get: Ask = { method: 'GET', path: 'v1/nodes' };
const put: Ask = { method: 'PUT', path: 'v1/nodes/bm-1/states/provision', json: { target: 'active' } };

describe('an answer', () => {
  it('comes with its status, headers and parsed body', async () => {
    const { endpoint } = await serve((_, response) => answer(response, 200, '{"a":1}', { 'x-one': 'two' }));
    const { status, headers, body } = await httpTo(endpoint).ask(get, forever);
    expect(status).toBe(200);
    expect(headers.get('x-one')).toBe('two');
    expect(body).toEqual({ a: 1 });
  });

  it.each([
    ['empty', ''],
    ['no JSON', '<html>'],
    ['half a JSON', '{"nodes": ['],
  ])('has no body when it is %s', async (_, text) => {
    const { endpoint } = await serve((_request, response) => answer(response, 200, text));
    await expect(httpTo(endpoint).ask(get, forever)).resolves.toMatchObject({ status: 200, body: undefined });
  });

  it.each([204, 304, 400, 404, 409, 413, 429, 500, 502, 503])('of HTTP status %i is an answer', async (status) => {
    const { endpoint, requests } = await serve((_, response) => answer(response, status, '', { 'retry-after': '0' }));
    await expect(httpTo(endpoint).ask(put, forever)).resolves.toMatchObject({ status, body: undefined });
    expect(requests).toHaveLength(1);
  });

  it.each([301, 302, 307, 308])('of HTTP status %i is not followed', async (status) => {
    const { endpoint, requests } = await serve((_, response) =>
      answer(response, status, '', { location: '/elsewhere' }),
    );
    await expect(httpTo(endpoint).ask(put, forever)).resolves.toMatchObject({ status });
    expect(requests).toEqual(['PUT /v1/nodes/bm-1/states/provision']);
  });

  it('may hold characters that two packets share', async () => {
    const bytes = new TextEncoder().encode('"東京"');
    const packets = [bytes.subarray(0, 2), bytes.subarray(2)];
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const packet = packets.shift();
        if (packet) controller.enqueue(packet);
        else controller.close();
      },
    });
    const http = httpTo('http://ironic.test', { fetch: async () => new Response(body) });
    await expect(http.ask(get, forever)).resolves.toMatchObject({ body: '東京' });
  });
});

describe('a request', () => {
  it('declares the type that it accepts and the type that it sends', async () => {
    let seen: unknown;
    const { endpoint, requests } = await serve(async (request, response) => {
      seen = { accept: request.headers.accept, type: request.headers['content-type'], body: await textOf(request) };
      answer(response, 202);
    });
    const ask = { ...put, query: { a: 'b c&d', é: '/' }, headers: { 'x-one': 'two' } };
    await httpTo(`${endpoint}/baremetal`).ask(ask, forever);
    expect(requests).toEqual(['PUT /baremetal/v1/nodes/bm-1/states/provision?a=b+c%26d&%C3%A9=%2F']);
    expect(seen).toEqual({ accept: 'application/json', type: 'application/json', body: '{"target":"active"}' });
  });

  it('is sent once, whatever the answer says about a retry', async () => {
    const { endpoint, requests } = await serve((_, response) => answer(response, 503, '', { 'retry-after': '0' }));
    const http = httpTo(endpoint);
    await http.ask(get, forever);
    await http.ask(put, forever);
    expect(requests).toHaveLength(2);
  });

  it('uses the given fetch', async () => {
    const http = httpTo('http://nowhere.test', {
      fetch: async (request) => Response.json({ method: request.method, url: request.url }),
    });
    await expect(http.ask(get, forever)).resolves.toMatchObject({
      body: { method: 'GET', url: 'http://nowhere.test/v1/nodes' },
    });
  });
});

describe('at most 8 requests', () => {
  it('are open at the same time', async () => {
    let open = 0;
    let most = 0;
    let arrived = 0;
    let all: () => void = () => undefined;
    const eight = new Promise<void>((resolve) => {
      all = resolve;
    });
    const { endpoint, requests } = await serve(async (_, response) => {
      open += 1;
      arrived += 1;
      most = Math.max(most, open);
      if (arrived === 8) all();
      await eight;
      open -= 1;
      answer(response, 200, '{}');
    });
    const http = httpTo(endpoint, { queue: createRequestQueue(8) });
    await Promise.all(Array.from({ length: 40 }, () => http.ask(get, forever)));
    expect(requests).toHaveLength(40);
    expect(most).toBe(8);
  });
});

describe('no answer', () => {
  it('and no effect if nobody listens there', async () => {
    const failure = await failureOf(httpTo(nowhere).ask(put, forever));
    expect(failure.words).toBe(`Ironic at ${nowhere} cannot be reached (ECONNREFUSED)`);
    expect(failure.mayHaveTakenEffect).toBe(false);
  });

  /** A fetch that fails like the global one, with the reason in the cause. */
  const failing = (details: object, cause: Error = new Error('deep down')) =>
    httpTo('http://ironic.test', {
      fetch: () => Promise.reject(new TypeError('fetch failed', { cause: Object.assign(cause, details) })),
    });

  it.each([
    ['connect', 'ECONNREFUSED'],
    ['connect', 'EHOSTUNREACH'],
    ['connect', 'ENETUNREACH'],
    ['connect', 'ETIMEDOUT'],
    ['getaddrinfo', 'ENOTFOUND'],
    ['getaddrinfo', 'EAI_AGAIN'],
    [undefined, 'UND_ERR_CONNECT_TIMEOUT'],
  ])('and no effect if it failed to %s (%s)', async (syscall, code) => {
    expect(await failureOf(failing({ code, syscall }).ask(put, forever))).toMatchObject({
      words: `Ironic at http://ironic.test cannot be reached (${code})`,
      mayHaveTakenEffect: false,
    });
  });

  it('and no effect if it can connect to none of several addresses', async () => {
    const errors = ['ETIMEDOUT', 'ENETUNREACH'].map((code) =>
      Object.assign(new Error(code), { code, syscall: 'connect' }),
    );
    const failure = await failureOf(failing({ code: 'ETIMEDOUT' }, new AggregateError(errors)).ask(put, forever));
    expect(failure).toMatchObject({ words: expect.stringContaining('(ETIMEDOUT)'), mayHaveTakenEffect: false });
  });

  it.each([
    ['read', 'ECONNRESET'],
    ['write', 'EPIPE'],
    ['read', 'EHOSTUNREACH'],
    ['write', 'EHOSTUNREACH'],
    ['read', 'ENETUNREACH'],
    ['read', 'ETIMEDOUT'],
    [undefined, 'UND_ERR_SOCKET'],
    [undefined, 'UND_ERR_HEADERS_TIMEOUT'],
    [undefined, undefined],
  ])('but perhaps an effect if a connection failed to %s (%s)', async (syscall, code) => {
    const failure = await failureOf(failing({ code, syscall }).ask(put, forever));
    expect(failure.mayHaveTakenEffect).toBe(true);
    expect(failure.words).toContain(`(${code ?? 'connection failed'})`);
  });

  it('if a fetch throws at once', async () => {
    const fetch = () => {
      throw new Error('no');
    };
    expect((await failureOf(httpTo('http://ironic.test', { fetch }).ask(put, forever))).mayHaveTakenEffect).toBe(true);
  });

  it('but perhaps an effect if the connection breaks before the answer', async () => {
    const { endpoint } = await serve((request) => request.socket.destroy());
    const failure = await failureOf(httpTo(endpoint).ask(put, forever));
    expect(failure.mayHaveTakenEffect).toBe(true);
  });

  it('but perhaps an effect if the connection breaks in the middle of the answer', async () => {
    const { endpoint } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"uuid": ', () => request.socket.destroy());
    });
    const failure = await failureOf(httpTo(endpoint).ask(put, forever));
    expect(failure.mayHaveTakenEffect).toBe(true);
  });

  it('within the time-out if the server says nothing', async () => {
    const { endpoint } = await serve(() => undefined);
    const failure = await failureOf(httpTo(endpoint, { timeout: 30 }).ask(put, forever));
    expect(failure).toMatchObject({ words: 'Ironic did not answer within 0.03 s', mayHaveTakenEffect: true });
  });

  it('within the time-out if the fetch ignores the signal', async () => {
    const http = httpTo('http://ironic.test', { timeout: 30, fetch: () => new Promise(() => undefined) });
    expect((await failureOf(http.ask(put, forever))).mayHaveTakenEffect).toBe(true);
  });

  it.each([
    ['the global fetch', undefined],
    ['a fetch of its own', (request: Request) => fetch(request)],
  ])('within the time-out by %s, whatever the garbage collector takes, and it hangs up', async (_, own) => {
    const closed: Promise<unknown>[] = [];
    const { endpoint } = await serve((_, response) => void closed.push(once(response, 'close')));
    const http = httpTo(endpoint, { timeout: 100, ...(own ? { fetch: own } : {}) });
    const failure = await whileCollectingGarbage(failureOf(http.ask(put, forever)));
    expect(failure.words).toBe('Ironic did not answer within 0.1 s');
    // On a busy machine the time-out may come before the request arrives. Then there is nothing to close.
    await Promise.all(closed);
  });

  it('within the time-out if the body stalls', async () => {
    const { endpoint } = await serve((_, response) => {
      response.writeHead(200);
      response.write('{"uuid": ');
    });
    const failure = await failureOf(httpTo(endpoint, { timeout: 60 }).ask(put, forever));
    expect(failure).toMatchObject({ words: 'Ironic did not answer within 0.06 s', mayHaveTakenEffect: true });
  });

  it('within the deadline that the caller shares among requests', async () => {
    const { endpoint } = await serve(() => undefined);
    const failure = await failureOf(httpTo(endpoint).ask(get, forever, AbortSignal.timeout(20)));
    expect(failure.words).toBe('Ironic did not answer within 5 s');
  });

  it('if the body has no end', async () => {
    let gone: () => void = () => undefined;
    const left = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const { endpoint } = await serve((_, response) => {
      response.on('close', gone);
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const write = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    const failure = await failureOf(httpTo(endpoint).ask(get, forever));
    expect(failure).toMatchObject({ words: 'Ironic answered with more than 16 MiB', mayHaveTakenEffect: true });
    // It also hangs up.
    await expect(left).resolves.toBeUndefined();
  });
});

describe('the end of a request', () => {
  /** What is told about a request to a server that does this. */
  async function told(listener: RequestListener, signal = forever, options: Partial<HttpOptions> = {}) {
    const ends: EndedCloudRequest[] = [];
    const { endpoint } = await serve(listener);
    const http = httpTo(endpoint, { onEnded: (ended) => ends.push(ended), ...options });
    await http.ask(get, signal).catch(() => undefined);
    return ends.map(({ method, path, outcome }) => `${method} ${path} ${outcome}`);
  }

  it('is told with the status of the answer, or with the reason why there is none', async () => {
    const silent = () => undefined;
    expect(await told((_, response) => answer(response, 404))).toEqual(['GET v1/nodes 404']);
    expect(await told(silent, forever, { timeout: 20 })).toEqual(['GET v1/nodes timeout']);
    expect(await told(silent, AbortSignal.timeout(20))).toEqual(['GET v1/nodes cancelled']);
    expect(await told((request) => request.destroy())).toEqual(['GET v1/nodes unreachable']);
    const endless = async () => new Response(' '.repeat(17 * 1024 * 1024));
    expect(await told(silent, forever, { fetch: endless })).toEqual(['GET v1/nodes unreadable']);
  });

  it('is told of each request, also of one that comes before another', async () => {
    const ends: string[] = [];
    const { endpoint } = await serve((_, response) => answer(response, 200));
    const http = httpTo(endpoint, { onEnded: ({ method, outcome }) => ends.push(`${method} ${outcome}`) });
    const before: Ask['before'] = async (_, send) => {
      await send(get);
      return null;
    };
    await http.ask({ ...put, before }, forever);
    expect(ends).toEqual(['GET 200', 'PUT 200']);
  });
});

describe('a caller who leaves', () => {
  const reason = new Error('the caller left');

  it('before the request gets the reason back, and nothing is sent', async () => {
    const { endpoint, requests } = await serve(() => undefined);
    await expect(httpTo(endpoint).ask(get, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  it('before the answer gets the reason back', async () => {
    const controller = new AbortController();
    const { endpoint } = await serve(() => controller.abort(reason));
    await expect(httpTo(endpoint).ask(get, controller.signal)).rejects.toBe(reason);
  });

  it('in the middle of the answer gets the reason back', async () => {
    const controller = new AbortController();
    const { endpoint } = await serve((_, response) => {
      response.writeHead(200);
      response.write('{"uuid": ', () => setImmediate(() => controller.abort(reason)));
    });
    await expect(httpTo(endpoint).ask(get, controller.signal)).rejects.toBe(reason);
  });

  it('does not keep a place', async () => {
    const controller = new AbortController();
    const queue = createRequestQueue(1);
    const silent = await serve(() => controller.abort(reason));
    const lively = await serve((_, response) => answer(response, 200, '{}'));
    await expect(httpTo(silent.endpoint, { queue }).ask(get, controller.signal)).rejects.toBe(reason);
    await expect(httpTo(lively.endpoint, { queue }).ask(get, forever)).resolves.toMatchObject({ status: 200 });
  });
});
