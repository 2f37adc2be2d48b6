import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, startHttpServer } from '../../support/http-server.js';
import { run } from '../../support/program.js';

const nobody = '/provision/00000000-0000-0000-0000-000000000000';
const head = (line: string, ...headers: string[]) => [line, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');

describe('a server on a port', () => {
  let server: HttpServer;
  beforeAll(async () => {
    server = await startHttpServer();
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });
  const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

  it('prints its address and that the cloud is simulated, and nothing else but its log', () => {
    expect(server.program.stdout()).toBe(`${server.url}\n`);
    expect(server.program.stderr()).toMatch(/^(ironic-mcp: .*\n){2}$/);
    expect(server.program.stderr()).toContain('the cloud is simulated');
  });

  it('refuses a header of 64 KiB', async () => {
    const answer = await server.raw(head('GET /healthz HTTP/1.1', `X-Large: ${'x'.repeat(64 * 1024)}`));
    // The connection may close before the answer can be read.
    expect(['', '431']).toContain(answer === '' ? '' : String(statusOf(answer)));
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('refuses a body of 100 MiB by its announced length, without reading it', async () => {
    const headers = ['Content-Type: application/json', `Content-Length: ${100 * 1024 * 1024}`];
    const answer = await server.raw(`${head('POST /provision HTTP/1.1', ...headers)}{"image_id":"`);
    expect(statusOf(answer)).toBe(413);
    expect(answer).toContain('"code":"too_large"');
  });

  it('refuses a body of unknown length as soon as it is too long', async () => {
    const headers = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const answer = await server.raw(`${head('POST /provision HTTP/1.1', ...headers)}${chunk.repeat(17)}`);
    expect(statusOf(answer)).toBe(413);
  });

  it('goes on serving while 500 clients have sent half a request, and 500 nothing at all', async () => {
    const halves = ['', 'GET /healthz HTT', head('POST /provision HTTP/1.1', 'Content-Length: 9').slice(0, -2)];
    const sockets: Socket[] = [];
    for (let index = 0; index < 1_000; index += 1) {
      const socket = connect(server.port, '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(halves[index % halves.length] ?? '');
    }
    for (let index = 0; index < 50; index += 1) {
      expect((await fetch(`${server.url}${nobody}`)).status).toBe(404);
    }
    for (const socket of sockets) socket.destroy();
  });

  it.each([
    '/provision/..%2f',
    '/provision/%2e%2e/healthz',
    '/provision/../healthz',
    '/provision/a%2Fb',
    '/provision/a%00b',
    '/provision/a\\b',
    '//127.0.0.1/healthz',
    'http://127.0.0.1/healthz',
  ])('answers 400 to the path %s', async (path) => {
    expect(statusOf(await server.raw(head(`GET ${path} HTTP/1.1`, 'Connection: close')))).toBe(400);
  });

  it.each([
    ['a NUL in the path', 'GET /provision/a\0b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'],
  ])('answers 400 or 403 to %s', async (_, bytes) => {
    expect([400, 403]).toContain(statusOf(await server.raw(bytes)));
  });

  const smuggled = 'GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
  const json = 'Content-Type: application/json';
  it.each([
    ['a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 60'], `0\r\n\r\n${smuggled}`],
    ['two lengths', ['Content-Length: 0', 'Content-Length: 60'], smuggled],
    ['a list of lengths', ['Content-Length: 0, 60'], smuggled],
    ['a length with a sign', ['Content-Length: +2'], `{}${smuggled}`],
    ['an unknown coding', ['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled}`],
    ['a coding after chunked', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`],
    ['a space before the colon', ['Content-Length : 60'], smuggled],
    ['a folded header', ['Transfer-Encoding:', ' chunked'], `0\r\n\r\n${smuggled}`],
    ['a chunk size that is no number', ['Transfer-Encoding: chunked'], `0x0\r\n\r\n${smuggled}`],
  ])('does not answer a request that is smuggled in behind %s', async (_, headers, body) => {
    const answer = await server.raw(`${head('POST /provision HTTP/1.1', json, ...headers)}${body}`);
    expect(statusOf(answer)).toBe(400);
    expect(answer).not.toContain('<!doctype html>');
  });

  it('logs each request as one line of JSON, without its query and without secrets', async () => {
    const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM hunter2';
    const response = await fetch(`${server.url}/provision?password=hunter2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer hunter2', 'x-request-id': 'seen-1' },
      body: JSON.stringify({ image_id: 'debian-12', ssh_public_keys: [sshKey], config_drive: { password: 'hunter2' } }),
    });
    expect(response.headers.get('x-request-id')).toBe('seen-1');
    await server.program.until('stderr', /seen-1/);
    expect(server.log().find((line) => line.request_id === 'seen-1')).toMatchObject({
      method: 'POST',
      path: '/provision',
      status: 422,
      client: '127.0.0.1',
    });
    expect(server.program.stderr()).not.toContain('hunter2');
  });
});

describe('a port that cannot be opened', () => {
  it('because it is in use leads to a message and exit code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await run(['http', '--port', String(port)])).toEqual({
      code: 1,
      stdout: '',
      stderr: `ironic-mcp: Port ${port} on 127.0.0.1 is in use. Choose another port with --port.\n`,
    });
    other.close();
  });

  it.each(['192.0.2.1', 'no-such-host.invalid'])(
    'because %s is not an address of this machine leads to a message and exit code 1',
    async (host) => {
      expect(await run(['http', '--host', host], { IRONIC_MCP_HTTP_TOKEN: 'a-token-of-the-tests' })).toEqual({
        code: 1,
        stdout: '',
        stderr: `ironic-mcp: ${host} is not an address of this machine. Choose another with --host.\n`,
      });
    },
  );

  it.each(['', '70000', '1.5', 'http'])('because %j is not a port leads to a message and exit code 2', async (port) => {
    expect(await run(['http', '--port', port])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'ironic-mcp: --port must be a whole number from 0 to 65535. See ironic-mcp help http.\n',
    });
  });
});

describe('a server beyond this machine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const fileWith = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  it.each(['0.0.0.0', '::', '192.0.2.1', ''])('does not start on %j without a token', async (host) => {
    const { code, stdout, stderr } = await run(['http', '--host', host, '--port', '0']);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^ironic-mcp: [^\n]*IRONIC_MCP_HTTP_TOKEN[^\n]*\n$/);
  });

  it('serves only clients that send the token from the file', async () => {
    const file = await fileWith('token', 'hunter2-and-more-2\n');
    const server = await startHttpServer(['--host', '0.0.0.0', '--http-token-file', file]);
    const url = `http://127.0.0.1:${server.port}${nobody}`;
    const statusWith = async (token?: string) =>
      (await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await statusWith()).toBe(401);
    expect(await statusWith('hunter2-and-more-3')).toBe(401);
    expect(await statusWith('hunter2-and-more-2')).toBe(404);
    expect(await server.stop()).toBe(0);
    expect(server.program.stderr()).not.toContain('hunter');
  });

  it('answers to the host names that the operator lists', async () => {
    const env = { IRONIC_MCP_HTTP_TOKEN: 'hunter2-and-more-2', IRONIC_MCP_HTTP_HOSTS: 'Metal.example.com, metal' };
    const server = await startHttpServer(['--host', '0.0.0.0'], env);
    const statusOf = async (host: string) =>
      (await server.raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(9, 12);
    expect(await statusOf('metal.example.com')).toBe('200');
    expect(await statusOf('metal:80')).toBe('200');
    expect(await statusOf('evil.example')).toBe('403');
    expect(await server.stop()).toBe(0);
  });

  it.each([
    ['an empty file', '', /must hold a token/],
    ['a file with a sentence', 'not a token', /must hold a token/],
  ])('does not start with %s', async (name, text, words) => {
    const { code, stderr } = await run(['http', '--http-token-file', await fileWith(name, text)]);
    expect(code).toBe(78);
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('not a token');
  });

  it('does not start with a token file that does not exist', async () => {
    const { code, stderr } = await run(['http', '--http-token-file', join(folder, 'absent')]);
    expect(code).toBe(78);
    expect(stderr).toBe(`ironic-mcp: The token file ${join(folder, 'absent')} cannot be read (ENOENT).\n`);
  });
});
