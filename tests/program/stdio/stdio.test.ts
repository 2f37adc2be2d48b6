import { afterEach, describe, expect, it } from 'vitest';
import { stdio } from '../../../src/commands/stdio.js';
import { ConfigError, UsageError } from '../../../src/config/errors.js';
import { createFakeIo, type FakeIo } from '../../support/fake-io.js';
import { faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { localImages } from '../../support/local-images.js';
import { assertOnlyJsonRpc } from '../../support/mcp-session.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';

interface Reply {
  readonly id: unknown;
  readonly result: {
    readonly isError?: boolean;
    readonly content: readonly [{ readonly text: string }];
    readonly structuredContent?: Readonly<Record<string, unknown>>;
    readonly instructions?: string;
  };
}

let opened: FakeIo[] = [];

/** The command over streams, after the handshake. */
async function serve(env: FakeIo['io']['env'] = {}) {
  const fake = createFakeIo({ env });
  opened.push(fake);
  const code = stdio(fake.io, []);
  let count = 0;
  const request = async (method: string, params: object = {}) => {
    count += 1;
    const id = `r${count}`;
    fake.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    const stdout = await fake.until('stdout', new RegExp(`"id":"${id}".*\\n`));
    const line = stdout.split('\n').find((each) => each.includes(`"id":"${id}"`));
    return JSON.parse(line ?? '') as Reply;
  };
  const { result } = await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'tests', version: '1' },
  });
  const call = async (name: string, input: object) => (await request('tools/call', { name, arguments: input })).result;
  return { ...fake, code, request, call, instructions: result.instructions ?? '' };
}

afterEach(() => {
  for (const { stdout } of opened) assertOnlyJsonRpc(stdout());
  opened = [];
});

describe('the MCP server', () => {
  it('simulates a cloud when nothing is set, says so, and says first how to use a real one', async () => {
    const { call, instructions, stderr, stdin, code } = await serve({ IRONIC_MCP_SIM_SPEED: '2000' });
    expect(instructions).toContain('This is a SIMULATED cloud');
    expect(stderr()).toBe(
      'ironic-mcp: No OS_* variable is set, so the cloud is simulated. No real server is touched.\n',
    );
    const first = await call('provision_server', { image_id: 'rocky-9', server_id: 'rack1-small-01' });
    expect(first.structuredContent?.message).toMatch(
      /^Simulated: .*\(To use a real Ironic, set OS_AUTH_TYPE=none and OS_ENDPOINT, or your OpenStack settings\.\)$/,
    );
    const next = await call('check_provision_status', { operation_id: first.structuredContent?.operation_id });
    expect(next.structuredContent?.message).toMatch(/^Simulated: (?!.*To use a real Ironic)/);
    stdin.end();
    expect(await code).toBe(0);
  });

  it('says in a terminal that it waits for an MCP client', async () => {
    const { io, stdin, stderr } = createFakeIo();
    Object.assign(stdin, { isTTY: true });
    const code = stdio(io, []);
    stdin.end();
    expect(await code).toBe(0);
    expect(stderr()).toMatch(/^ironic-mcp: Waiting for an MCP client on stdin\..* ironic-mcp demo or --help\.$/m);
  });

  it('serves a real Ironic when one is set, with the images of a catalogue or by URL', async () => {
    const ironic = await startSimulatedIronic();
    const { call, instructions, stderr, stdin, code } = await serve({
      OS_AUTH_TYPE: 'none',
      OS_ENDPOINT: `${ironic.url}/v1/`,
      ...localImages,
    });
    expect(instructions).toContain(`Servers are REAL machines of the Ironic at ${ironic.url}.`);
    const accepted = await call('provision_server', {
      image_id: 'file:///images/debian.qcow2',
      server_id: 'rack1-small-01',
      hostname: 'web-1',
      config_drive: { packages: ['nginx'] },
    });
    expect(accepted.structuredContent?.message).toMatch(/^Deployment of image file:.* has started\./);
    const { instance_info: info } = await ironic.node('rack1-small-01');
    expect(info.image_source).toBe('file:///images/debian.qcow2');
    expect(ironic.configDrive('rack1-small-01')).toEqual({
      user_data: '#cloud-config\n{"packages":["nginx"]}\n',
      meta_data: { hostname: 'web-1' },
    });
    const refused = await call('provision_server', { image_id: 'debian-12' });
    expect(refused.isError).toBe(true);
    expect(refused.content[0].text).toMatch(/^Image debian-12 not found\n/);
    expect(stderr()).toBe('');
    stdin.end();
    expect(await code).toBe(0);
    await ironic.close();
  });

  it('reads lines however they are split', async () => {
    const { stdin, until, stdout, code } = await serve();
    const text = '{"jsonrpc":"2.0","id":"é","method":"ping"}\r\n{"jsonrpc":"2.0","id":"two","method":"ping"}\n';
    for (const byte of Buffer.from(text)) stdin.write(Buffer.from([byte]));
    await until('stdout', /"id":"two".*\n/);
    expect(stdout()).toContain('"id":"é"');
    stdin.end('{"jsonrpc":"2.0","id":"unfinished","method":"ping"}');
    expect(await code).toBe(0);
    expect(stdout()).not.toContain('unfinished');
  });

  it('answers a line that is not a message, reports it on stderr without quoting it, and goes on', async () => {
    const { stdin, until, request, code } = await serve();
    stdin.write('{"password":"hush-hush"\n[]\n\n{"id":5}\n');
    stdin.write(`${'x'.repeat(11e6)}\n`);
    expect(await request('ping')).toMatchObject({ result: {} });
    const stderr = await until('stderr', /10 MiB/);
    expect(stderr.split('\n').slice(1)).toEqual([
      'ironic-mcp: ignored a line on stdin: Parse error: not JSON in UTF-8',
      'ironic-mcp: ignored a line on stdin: Invalid Request: not a JSON-RPC 2.0 message',
      'ironic-mcp: ignored a line on stdin: Invalid Request: not a JSON-RPC 2.0 message',
      'ironic-mcp: ignored a line on stdin: Invalid Request: more than 10 MiB',
      '',
    ]);
    stdin.end();
    expect(await code).toBe(0);
  });

  it.each(['end', 'stop'] as const)('finishes a change before it ends after "%s"', async (way) => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const { stdin, stop, code, call } = await serve({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
    const held = proxy.on({ method: 'PUT' }, faults.holdBefore);
    void call('provision_server', { image_id: 'file:///images/debian.qcow2', server_id: 'rack1-small-01' });
    await held.reached;
    if (way === 'end') stdin.end();
    else stop();
    held.release();
    expect(await code).toBe(0);
    expect(await ironic.node('rack1-small-01')).toMatchObject({ provision_state: 'deploying' });
    await proxy.close();
    await ironic.close();
  });

  it('ends at once if it was stopped before it started', async () => {
    const { io, stop, stdout } = createFakeIo();
    stop();
    expect(await stdio(io, [])).toBe(0);
    expect(stdout()).toBe('');
  });

  it('refuses a wrong command line and wrong settings', async () => {
    const { io } = createFakeIo({ env: { OS_USERNAME: 'ada' } });
    await expect(stdio(io, [])).rejects.toBeInstanceOf(ConfigError);
    await expect(stdio(io, ['--explode'])).rejects.toBeInstanceOf(UsageError);
    await expect(stdio(io, ['--sim-speed', 'x'])).rejects.toBeInstanceOf(ConfigError);
  });
});
