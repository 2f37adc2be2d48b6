import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { simulator } from '../../../src/commands/simulator.js';
import { ConfigError, UsageError } from '../../../src/config/errors.js';
import { createFakeIo } from '../../support/fake-io.js';
import { run, start } from '../../support/program.js';

const url = /^http:\/\/127\.0\.0\.1:\d+\n$/;

async function nodesAt(stdout: string): Promise<readonly { provision_state: string }[]> {
  const headers = { 'X-OpenStack-Ironic-API-Version': '1.82' };
  const response = await fetch(`${stdout.trim()}/v1/nodes?limit=1000`, { headers });
  return ((await response.json()) as { nodes: { provision_state: string }[] }).nodes;
}

/** A port that somebody else has. */
async function takenPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

describe('the simulator', () => {
  it('serves a dozen servers on the port that it names, until it is stopped', async () => {
    const { io, stop, until, stderr } = createFakeIo();
    const code = simulator(io, ['--port', '0']);
    const stdout = await until('stdout', url);
    expect(await nodesAt(stdout)).toHaveLength(12);
    expect(stderr()).toBe(
      `ironic-mcp: Simulating Ironic. Use it with OS_AUTH_TYPE=none OS_ENDPOINT=${stdout.trim()} OS_IMAGE_ENDPOINT_OVERRIDE=${stdout.trim()}/v2\n`,
    );
    stop();
    expect(await code).toBe(0);
    await expect(fetch(stdout.trim())).rejects.toThrow();
  });

  it('listens on the address that --host names', async () => {
    const { io, stop, until } = createFakeIo();
    const code = simulator(io, ['--host', '0.0.0.0', '--port', '0']);
    const { port } = new URL(await until('stdout', /^http:\/\/0\.0\.0\.0:\d+\n$/));
    expect(await nodesAt(`http://127.0.0.1:${port}`)).toHaveLength(12);
    stop();
    expect(await code).toBe(0);
  });

  it('has as many servers as --nodes says', async () => {
    const { io, stop, until } = createFakeIo();
    const code = simulator(io, ['--port=0', '--nodes', '345', '--sim-speed', '10']);
    expect(await nodesAt(await until('stdout', url))).toHaveLength(345);
    stop();
    expect(await code).toBe(0);
  });

  it('needs no settings of a cloud', async () => {
    const { io, stop } = createFakeIo({ env: { OS_CLOUD: 'nowhere', OS_AUTH_TYPE: 'palmistry' } });
    stop();
    expect(await simulator(io, ['--port', '0'])).toBe(0);
  });

  it('ends at once if it was stopped before it started', async () => {
    const { io, stop } = createFakeIo();
    stop();
    expect(await simulator(io, ['--port', '0'])).toBe(0);
  });

  it('says that its port is in use', async () => {
    const { server, port } = await takenPort();
    const { io, stdout, stderr } = createFakeIo();
    expect(await simulator(io, ['--port', String(port)])).toBe(1);
    expect(stderr()).toBe(`ironic-mcp: Port ${port} on 127.0.0.1 is in use. Choose another port with --port.\n`);
    expect(stdout()).toBe('');
    server.close();
  });

  it('refuses a wrong command line and wrong settings', async () => {
    const { io } = createFakeIo();
    await expect(simulator(io, ['--port', 'x'])).rejects.toBeInstanceOf(UsageError);
    await expect(simulator(io, ['--nodes', '0'])).rejects.toBeInstanceOf(UsageError);
    await expect(simulator(io, ['elsewhere'])).rejects.toBeInstanceOf(UsageError);
    await expect(simulator(io, ['--sim-speed', '0'])).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('ironic-mcp simulator', { concurrent: true }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends with code 0 at %s, even during a request', async (signal) => {
    const running = start(['simulator', '--port', '0', '--nodes', '2000']);
    const stdout = await running.until('stdout', url);
    expect((await nodesAt(stdout)).length).toBe(1000);
    const late = fetch(`${stdout.trim()}/v1/nodes/detail?limit=1000`).then(
      (response) => response.text(),
      () => 'cut off',
    );
    process.kill(running.pid, signal);
    expect(await running.exited).toEqual({ code: 0, signal: null });
    expect(await late).toMatch(/^(cut off|\{"nodes":)/);
    expect(running.stdout()).toMatch(url);
  });

  it('ends with code 1 and a message when its port is in use', async () => {
    const { server, port } = await takenPort();
    expect(await run(['simulator', '--port', String(port)])).toEqual({
      code: 1,
      stdout: '',
      stderr: `ironic-mcp: Port ${port} on 127.0.0.1 is in use. Choose another port with --port.\n`,
    });
    server.close();
  });
});
