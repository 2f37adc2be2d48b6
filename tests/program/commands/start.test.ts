import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import { program, record } from '../../support/program.js';

/** Runs before the program, and says on stderr which part of the web API is used: each loads much of Node's fetch. */
const spy = `data:text/javascript,${encodeURIComponent(`
  for (const name of ['fetch', 'Request', 'Response', 'Headers', 'FormData', 'WebSocket', 'EventSource']) {
    const property = Object.getOwnPropertyDescriptor(globalThis, name);
    if (!property) continue;
    const use = () => {
      process.stderr.write('used: ' + name + '\\n');
      Object.defineProperty(globalThis, name, property);
      return globalThis[name];
    };
    Object.defineProperty(globalThis, name, { configurable: true, get: use });
  }`)}`;

const servers: ReturnType<typeof spawn>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.kill();
});

/** Sends requests one after the other, and answers which parts of the web API had been used by then. */
async function used(...requests: readonly (readonly [method: string, params: object])[]): Promise<readonly string[]> {
  const server = spawn(process.execPath, ['--import', spy, program], { stdio: 'pipe' });
  servers.push(server);
  let stderr = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const answers = createInterface({ input: server.stdout });
  for (const [index, [method, params]] of requests.entries()) {
    const answered = once(answers, 'line');
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: index, method, params })}\n`);
    await answered;
  }
  server.stdin.end();
  await once(server, 'close');
  return [...stderr.matchAll(/^used: (\w+)$/gm)].map(([, name = '']) => name);
}

const initialize = [
  'initialize',
  { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'tests', version: '1' } },
] as const;
const list = ['tools/list', {}] as const;

describe('starting', () => {
  it('does not load the web API, which would take as long as all the rest', async () => {
    expect(await used(initialize, list)).toEqual([]);
  });

  it('loads the web API at the first tool call', async () => {
    expect(await used(initialize, list, ['tools/call', { name: 'list_images', arguments: {} }])).toContain('Request');
  });

  it('does not use the compile cache of Node, because any user of the machine can fill its default folder', async () => {
    const preload = `data:text/javascript,${encodeURIComponent(`
      import module from 'node:module';
      module.enableCompileCache = () => process.stderr.write('asked for a compile cache\\n');`)}`;
    const version = record(spawn(process.execPath, ['--import', preload, program, '--version']));
    expect(await version.exited).toEqual({ code: 0, signal: null });
    expect(version.stderr()).toBe('');
  });

  it('ends with one line that says how to build if the checkout is not built', async () => {
    const checkout = await mkdtemp(join(tmpdir(), 'ironic-mcp-'));
    await cp(dirname(program), join(checkout, 'bin'), { recursive: true });
    await cp('package.json', join(checkout, 'package.json'));
    const unbuilt = record(spawn(process.execPath, [join(checkout, 'bin', 'ironic-mcp.js')]));
    expect(await unbuilt.exited).toEqual({ code: 1, signal: null });
    expect(unbuilt.stdout()).toBe('');
    expect(unbuilt.stderr()).toBe('ironic-mcp: this checkout has not been built; run `npm run build` first.\n');
    await rm(checkout, { recursive: true });
  });
});
