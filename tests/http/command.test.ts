import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { http } from '../../src/commands/http.js';
import { readServerConfig } from '../../src/config/config.js';
import { ConfigError, UsageError } from '../../src/config/errors.js';
import { nowhere } from '../support/nowhere.js';

const readHttpConfig = async (env: Readonly<Record<string, string>>) => (await readServerConfig(env, {})).http();

/** Runs the command in this process. */
function command(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const stop = new AbortController();
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const io = { env, stdin, stdout, stderr, stop: stop.signal, self: ['ironic-mcp'] as const };
  const code = http(io, args);
  const url = new Promise<string>((resolve) => stdout.once('data', (chunk) => resolve(String(chunk).trim())));
  return { code, url, stop, output: () => String(stdout.read() ?? ''), errors: () => String(stderr.read() ?? '') };
}

describe('the command http', () => {
  it('serves REST and MCP until it is stopped', async () => {
    const { code, url, stop, errors } = command(['--port', '0']);
    const base = await url;
    expect(await (await fetch(`${base}/readyz`)).json()).toEqual({ status: 'ready' });
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const tools = await (await fetch(`${base}/mcp`, { method: 'POST', headers, body })).text();
    expect(tools).toContain('"provision_server"');
    stop.abort();
    expect(await code).toBe(0);
    expect(errors()).toMatch(/"path":"\/mcp"[\s\S]*Stopping/);
    await expect(fetch(base)).rejects.toThrow('fetch failed');
  });

  it('is not ready while Ironic cannot be reached, however many clients ask', async () => {
    const { url, stop, code } = command(['--port', '0'], { OS_AUTH_TYPE: 'none', OS_ENDPOINT: nowhere });
    const base = await url;
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetch(`${base}/readyz`)));
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
    // This route needs no token, so it does not reveal Ironic's address.
    const told = (await Promise.all(answers.map((answer) => answer.json()))) as { code: string; reason: unknown }[];
    expect(new Set(told.map(({ code, reason }) => `${code} ${reason}`))).toEqual(new Set(['ironic_unavailable null']));
    expect(JSON.stringify(told)).not.toContain(new URL(nowhere).host);
    stop.abort();
    expect(await code).toBe(0);
  });

  it('needs a token to listen beyond this machine, and checks it', async () => {
    await expect(command(['--host', '0.0.0.0']).code).rejects.toThrow(ConfigError);
    const { url, stop, code } = command(['--port', '0', '--host', '0.0.0.0'], {
      IRONIC_MCP_HTTP_TOKEN: 'the-right-token-1',
    });
    const { port } = new URL(await url);
    const statusWith = async (token: string) =>
      (await fetch(`http://127.0.0.1:${port}/mcp`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await statusWith('the-wrong-token-1')).toBe(401);
    expect(await statusWith('the-right-token-1')).toBe(405);
    stop.abort();
    expect(await code).toBe(0);
  });

  it('refuses a token that an attacker guesses within days', async () => {
    const words = 'IRONIC_MCP_HTTP_TOKEN must hold a token of at least 16 visible ASCII characters without spaces.';
    for (const token of ['x', 'fifteen-letters']) {
      await expect(readHttpConfig({ IRONIC_MCP_HTTP_TOKEN: token })).rejects.toThrow(words);
    }
    const enough = 'sixteen-letters!';
    expect(await readHttpConfig({ IRONIC_MCP_HTTP_TOKEN: enough })).toMatchObject({ token: enough });
  });

  it('refuses a token together with a token file, because it is unclear which counts', async () => {
    const both = command(['--http-token-file', '/no/such/file'], { IRONIC_MCP_HTTP_TOKEN: 'hush-hush' });
    await expect(both.code).rejects.toThrow(
      'IRONIC_MCP_HTTP_TOKEN and IRONIC_MCP_HTTP_TOKEN_FILE (or --http-token-file) are both set; set only one of them.',
    );
  });

  it.each(['metal:8080', 'a, metal.example.com:80', '127.0.0.1:80', '[::1]:80', 'beef:80', 'one:two:three'])(
    'refuses the port in "%s", because the host of no request would match it',
    async (hosts) => {
      const words = 'must be host names without ports, separated by commas.';
      await expect(command(['--http-hosts', hosts]).code).rejects.toThrow(`--http-hosts ${words}`);
      const env = { IRONIC_MCP_HTTP_HOSTS: hosts };
      await expect(command([], env).code).rejects.toThrow(`IRONIC_MCP_HTTP_HOSTS ${words}`);
    },
  );

  it.each(['metal', 'Metal_1.example.com, 192.0.2.1', '::1', '[2001:db8::a],::ffff:192.0.2.1'])(
    'accepts names and addresses as hosts (%s)',
    async (hosts) => {
      expect(await readHttpConfig({ IRONIC_MCP_HTTP_HOSTS: hosts })).toMatchObject({ hosts: hosts.split(/, */) });
    },
  );

  it('refuses an invalid port, and says in a sentence why it cannot listen on one', async () => {
    await expect(command(['--port', 'http']).code).rejects.toThrow(UsageError);
    const first = command(['--port', '0']);
    const { port } = new URL(await first.url);
    for (const [args, words] of [
      [['--port', port], `Port ${port} on 127.0.0.1 is in use`],
      [['--host', '127.0.0.300', '--port', '0'], '127.0.0.300 is not an address of this machine'],
    ] as const) {
      const { code, errors } = command(args);
      expect(await code).toBe(1);
      expect(errors()).toContain(words);
    }
    first.stop.abort();
    expect(await first.code).toBe(0);
  });
});
