import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createHttpServer } from '../../src/http/server.js';

const head = 'POST /provision HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n';

describe('a client that is too slow', () => {
  // Node never allows more time for the headers than for the whole request.
  it.each([
    ['sends nothing', '', { headersTimeout: 100 }],
    ['does not come to the end of its headers', head, { headersTimeout: 100 }],
    ['does not come to the end of its body', `${head}\r\n{`, { headersTimeout: 300, requestTimeout: 300 }],
  ])('loses its connection if it %s', async (_, bytes, limits) => {
    const server = createHttpServer(async (request) => new Response(await request.text()), {
      ...limits,
      connectionsCheckingInterval: 20,
    });
    const socket = connect(await server.listen('127.0.0.1', 0), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.write(bytes);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/);
    server.close();
  });

  it('loses its connection if it does not read', async () => {
    const cut = new AbortController();
    const endless = () =>
      new ReadableStream({
        pull: (stream) => stream.enqueue(new Uint8Array(64 * 1024)),
        cancel: () => cut.abort(),
      });
    // Long enough that the request comes first, even on a machine that stalls.
    const server = createHttpServer(async () => new Response(endless()), { silence: 1_000 });
    const socket = connect(await server.listen('127.0.0.1', 0), '127.0.0.1');
    const noticed = once(cut.signal, 'abort');
    socket.on('error', () => undefined).pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await noticed;
    socket.destroy();
    server.close();
  });

  it('gets only a few answers prepared at a time', async () => {
    let asked = 0;
    const server = createHttpServer(async () => {
      asked += 1;
      return new Response('x');
    });
    const socket = connect(await server.listen('127.0.0.1', 0), '127.0.0.1');
    socket.on('error', () => undefined).resume();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(500));
    await once(socket, 'close');
    expect(asked).toBeLessThanOrEqual(100);
    server.close();
  });
});
