import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments } from './arguments.js';
import { type Command, exitCodes, type Io } from './io.js';

/** Simulated time passes so much faster that the deployment takes some fifteen seconds. */
const speed = '4';

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/**
 * `ironic-mcp demo`: starts this program once more as an MCP server on the simulator, and plays the client: one
 * deployment from beginning to end, and one request that is refused. A client library would weigh more than all of
 * the server, so the few lines of JSON-RPC are written here.
 */
export const demo: Command = async (io, args) => {
  readArguments(args, {}, []);
  const [program, ...programArgs] = io.self;
  // No setting of a real cloud may reach it.
  const env = Object.fromEntries(Object.entries(io.env).filter(([name]) => !/^(OS|IRONIC_MCP)_/.test(name)));
  const server = spawn(program, programArgs, {
    env: { ...env, IRONIC_MCP_SIM_SPEED: speed },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const stop = () => server.kill();
  io.stop.addEventListener('abort', stop, { once: true });
  try {
    return await play(io, clientOf(server));
  } catch (error) {
    if (io.stop.aborted) return exitCodes.ok;
    throw error;
  } finally {
    io.stop.removeEventListener('abort', stop);
    server.stdin.end();
  }
};

type Request = (method: string, params: object) => Promise<unknown>;

async function play(io: Io, request: Request): Promise<number> {
  const show = (line: string) => io.stdout.write(`${line}\n`);
  const call = async (name: string, input: object) => {
    show(`> ${name} ${JSON.stringify(input)}`);
    return (await request('tools/call', { name, arguments: input })) as ToolResult;
  };

  await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'ironic-mcp-demo', version: '1' },
  });
  const started = await call('provision_server', {
    image_id: 'ubuntu-24.04',
    resource_class: 'baremetal.small',
    hostname: 'web-1',
    ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo demo'],
  });
  const operation = started.structuredContent;
  if (!operation) return failed(show, started);
  show(`< ${String(operation.status)}: ${String(operation.message)}`);
  show('');
  show(`> check_provision_status ${JSON.stringify({ operation_id: operation.operation_id })}`);
  const bar = createBar(io);
  for (;;) {
    // Asked without a line of its own each time: the bar shows the answers.
    const params = { name: 'check_provision_status', arguments: { operation_id: operation.operation_id } };
    const checked = (await request('tools/call', params)) as ToolResult;
    const status = checked.structuredContent;
    if (!status) return failed(show, checked);
    bar.draw(status);
    if (status.status !== 'in_progress') {
      bar.end();
      show(`< ${String(status.status)}: ${String(status.message)}`);
      if (status.status === 'failed') return exitCodes.failure;
      break;
    }
    await delay(250, undefined, { signal: io.stop });
  }
  show('');
  show('The same server again, which now has a system on it:');
  const refused = await call('provision_server', { image_id: 'debian-12', server_id: operation.server_id });
  if (!refused.isError) return failed(show, refused);
  for (const line of refused.content[0]?.text.split('\n') ?? []) show(`< ${line}`);
  return exitCodes.ok;
}

function failed(show: (line: string) => void, { content }: ToolResult): number {
  show(`The demo did not go as it should: ${content[0]?.text}`);
  return exitCodes.failure;
}

/** A client of the server's process: one request at a time. */
function clientOf({ stdin, stdout }: ChildProcess): Request {
  if (!stdin || !stdout) throw new Error('the server was started without pipes');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  // A server that has died shows as the end of its output.
  stdin.on('error', () => undefined);
  let id = 0;
  return async (method, params) => {
    id += 1;
    stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    for (let line = await lines.next(); !line.done; line = await lines.next()) {
      const message = JSON.parse(line.value) as { id?: number; result?: unknown; error?: { message: string } };
      if (message.id !== id) continue;
      if (message.error) throw new Error(message.error.message);
      return message.result;
    }
    throw new Error('the server ended before it answered');
  };
}

/** A line that is drawn again and again on a terminal; elsewhere a line for each change. */
function createBar({ stdout }: Io) {
  const width = 24;
  let last = '';
  return {
    draw(status: Readonly<Record<string, unknown>>) {
      const percent = typeof status.progress_percent === 'number' ? status.progress_percent : undefined;
      const filled = Math.round(((percent ?? 0) / 100) * width);
      const number = percent === undefined ? '  … ' : `${String(percent).padStart(3)}%`;
      const phase = String(status.message)
        .replace(/^Simulated: Server \S+ is /, '')
        .replace(/ \(To use .*$/, '');
      const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${number} ${phase}`;
      if (line === last) return;
      last = line;
      stdout.write(stdout.isTTY ? `\r\u001B[2K${line.slice(0, (stdout.columns ?? 80) - 1)}` : `${line}\n`);
    },
    end() {
      if (stdout.isTTY) stdout.write('\n');
    },
  };
}
