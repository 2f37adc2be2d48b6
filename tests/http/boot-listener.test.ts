import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ArrivedReport } from '../../src/core/boot/boot-reports.js';
import { createBootListener } from '../../src/http/boot-listener.js';
import { createHttpServer, shortPatience } from '../../src/http/server.js';

const server = '1a049bf3-8234-4c54-abc6-eeccc75cd2f7';
const token = 'A'.repeat(43);
const url = `http://10.0.0.1:7386/${server}/${token}`;

function listener({ admits = true, seesMachines = true, broken = false } = {}) {
  const taken: ArrivedReport[] = [];
  const defects: unknown[] = [];
  const peers: string[] = [];
  const app = createBootListener({
    seesMachines,
    onDefect: (error) => defects.push(error),
    reports: async () => {
      if (broken) throw new Error('broken');
      return {
        admits: (peer) => {
          peers.push(peer);
          return admits;
        },
        take: (report) => void taken.push(report),
        stop: () => undefined,
      };
    },
  });
  const post = (body: RequestInit['body'], client = '10.0.0.7') =>
    app(new Request(url, { method: 'POST', body, duplex: 'half' } as RequestInit), { client });
  return { app, post, taken, defects, peers };
}

describe('the listener for boot reports', () => {
  it("takes cloud-init's form, and answers 204 without a body", async () => {
    const { post, taken } = listener();
    const form = { pub_key_ed25519: 'ssh-ed25519 AAAA root@web-1\n', pub_key_rsa: 'N/A', hostname: 'web-1' };
    const response = await post(new URLSearchParams(form));
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(taken).toEqual([
      { serverId: server, token, peer: '10.0.0.7', from: '10.0.0.7', keys: ['N/A', 'ssh-ed25519 AAAA root@web-1\n'] },
    ]);
  });

  it.each([null, 'not=a&form', '%%%', new Uint8Array([0xff, 0xfe])])('answers the same to %s', async (body) => {
    const { post, taken } = listener();
    expect((await post(body)).status).toBe(204);
    expect(taken).toMatchObject([{ keys: [] }]);
  });

  it.each([
    ['::ffff:10.0.0.7', true, '10.0.0.7'],
    ['2001:db8::7', true, '2001:db8::7'],
    ['127.0.0.1', true, null],
    ['fe80::7%eth0', true, null],
    ['10.0.0.7', false, null],
  ])('takes the peer %s for the machine only if that can be', async (client, seesMachines, from) => {
    const { post, taken } = listener({ seesMachines });
    await post(null, client);
    expect(taken).toMatchObject([{ from }]);
  });

  it.each([
    ['GET', url],
    ['PUT', url],
    ['POST', 'http://10.0.0.1:7386/'],
    ['POST', 'http://10.0.0.1:7386/provision'],
    ['POST', `${url}/`],
    ['GET', 'http://10.0.0.1:7386/docs'],
  ])('serves nothing else: %s %s', async (method, address) => {
    const { app, taken } = listener();
    const response = await app(new Request(address, { method }));
    expect([response.status, await response.text(), taken]).toEqual([404, '', []]);
  });

  it('answers 429 to a peer that sends too much, without reading what it sends', async () => {
    const { post, taken, peers } = listener({ admits: false });
    let pulled = 0;
    const pull = () => {
      pulled += 1;
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const response = await post(body, '::ffff:10.6.6.6');
    expect([response.status, taken, pulled, peers]).toEqual([429, [], 0, ['10.6.6.6']]);
  });

  it.each([
    ['with its length', 'x'.repeat(1024 * 1024)],
    ['in chunks', new Blob(['x'.repeat(1024 * 1024)]).stream()],
  ])('answers 413 to a body of a mebibyte %s', async (_, body) => {
    const { post, taken } = listener();
    expect((await post(body)).status).toBe(413);
    expect(taken).toEqual([]);
  });

  it('answers 500, never 503, if it is broken', async () => {
    const { post, defects } = listener({ broken: true });
    expect((await post(null)).status).toBe(500);
    expect(defects).toEqual([new Error('broken')]);
  });

  it('closes the connection of a peer that sends its body slowly', async () => {
    const { app, taken } = listener();
    const limits = { headersTimeout: 300, requestTimeout: 300, connectionsCheckingInterval: 20 };
    const http = createHttpServer(app, { ...shortPatience, ...limits });
    const socket = connect(await http.listen('127.0.0.1', 0), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.write(`POST /${server}/${token} HTTP/1.1\r\nHost: machine\r\nContent-Length: 99\r\n\r\npub_key`);
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(taken).toEqual([]);
    http.close();
  });
});
