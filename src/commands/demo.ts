import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { readArguments } from './arguments.js';
import { type Command, exitCodes, type Io } from './io.js';
import { createTerminal, type Terminal } from './terminal.js';

/** How much faster simulated time passes: the deployment takes about fifteen seconds. */
const speed = '4';

/** Columns of a line that goes to a file or a pipe. */
const usualWidth = 80;

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Status;
}

interface Status {
  readonly operation_id: string;
  readonly server_id: string;
  readonly status: string;
  readonly message: string;
  readonly progress_percent?: number | null;
}

/**
 * `ironic-mcp demo` starts this program once more as an MCP server on the simulator and acts as its client. It shows one
 * deployment from beginning to end and one call that is refused. The few lines of JSON-RPC are written here because a
 * client library would weigh more than the server.
 */
export const demo: Command = async (io, args) => {
  readArguments(args, {}, []);
  const [program, ...programArgs] = io.self;
  // The demo must not touch a real cloud, whatever is set.
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
  const terminal = createTerminal(io, usualWidth);
  const { paint, hanging } = terminal;
  const show = (line: string) => io.stdout.write(`${line}\n`);
  const ask = async (name: string, input: object) =>
    (await request('tools/call', { name, arguments: input })) as ToolResult;
  const showCall = (name: string, input: object) =>
    show(hanging(`${paint('dim', '>')} ${paint(['bold', 'cyan'], name)}`, jsonWords(input), 2));
  const showStatus = ({ status, message }: Status) => {
    const color = status === 'completed' ? 'green' : status === 'failed' ? 'red' : 'yellow';
    // The last lines of the demo say how to use a real Ironic.
    const words = message.replace(/ \(To use .*\)$/, '').split(' ');
    show(hanging(`${paint('dim', '<')} ${paint(['bold', color], `${status}:`)}`, words, 2));
  };
  const failed = ({ content }: ToolResult) => {
    show(`The demo did not go as it should: ${content[0]?.text}`);
    return exitCodes.failure;
  };

  await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'ironic-mcp-demo', version: '1' },
  });
  const wanted = {
    image_id: 'ubuntu-24.04',
    resource_class: 'baremetal.small',
    hostname: 'web-1',
    ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemo demo'],
  };
  show(paint('dim', 'An MCP client asks for a server. The cloud is simulated.'));
  showCall('provision_server', wanted);
  const started = await ask('provision_server', wanted);
  const operation = started.structuredContent;
  if (!operation) return failed(started);
  showStatus(operation);

  const { operation_id, server_id } = operation;
  show('');
  showCall('check_provision_status', { operation_id });
  const bar = createBar(io, terminal);
  // One bar shows all the answers, so the call is printed once.
  for (;;) {
    const checked = await ask('check_provision_status', { operation_id });
    const status = checked.structuredContent;
    if (!status) return failed(checked);
    bar.draw(status);
    if (status.status !== 'in_progress') {
      bar.end();
      showStatus(status);
      if (status.status === 'failed') return exitCodes.failure;
      break;
    }
    await delay(250, undefined, { signal: io.stop });
  }

  show('');
  show(paint('dim', 'It asks for the same server again. That server is taken now, so the call fails.'));
  const again = { image_id: 'debian-12', server_id };
  showCall('provision_server', again);
  const refused = await ask('provision_server', again);
  if (!refused.isError) return failed(refused);
  const [title = '', ...lines] = refused.content[0]?.text.split('\n') ?? [];
  show(`${paint('dim', '<')} ${paint(['bold', 'red'], title)}`);
  for (const line of lines) {
    const [label = '', ...words] = line.split(' ');
    show(hanging(`  ${paint('bold', label)}`, words, label.length + 3));
  }

  show('');
  show(paint('dim', 'To use it for real, check your cloud, then add the server to your MCP client:'));
  show(`  OS_CLOUD=mycloud ${paint('bold', 'npx ironic-mcp check')}`);
  show(`  ${paint('bold', 'claude mcp add')} ironic --env OS_CLOUD=mycloud -- node "$PWD/bin/ironic-mcp.js"`);
  return exitCodes.ok;
}

/** The parts of a JSON text between which a line may end. */
function jsonWords(value: object): readonly string[] {
  const lines = JSON.stringify(value, null, 1);
  return lines.replace(/(?<=[[{])\n *|\n *(?=[\]}])/g, '').split(/\n */);
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

/** A bar that is drawn in place on a terminal. Elsewhere each change is a line. */
function createBar({ stdout }: Io, { isTerminal, width, paint }: Terminal) {
  const length = Math.floor(width * 0.3);
  let last = '';
  return {
    draw({ progress_percent: percent, message }: Status) {
      const filled = Math.floor(((percent ?? 0) / 100) * length);
      const number = percent == null ? '    ' : `${String(percent).padStart(3)}%`;
      const phase = message
        .replace(/^.*? is (being deployed\. (?=.))?/, '')
        .replace(/( \(| and |; |\.$).*/s, '')
        .slice(0, width - length - 10);
      const line = `  ${paint('green', '━'.repeat(filled))}${paint('dim', '─'.repeat(length - filled))} ${number}  ${phase}`;
      if (line === last) return;
      last = line;
      stdout.write(isTerminal ? `\r\u001B[2K${line}` : `${line}\n`);
    },
    end() {
      if (isTerminal) stdout.write('\n');
    },
  };
}
