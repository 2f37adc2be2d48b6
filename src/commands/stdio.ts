import { PassThrough, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isJSONRPCNotification, isJSONRPCRequest, isJSONRPCResponse } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { readArguments, readConfig } from '../config.js';
import { type Core, operations } from '../core/operations.js';
import { instructionsFor } from '../mcp/instructions.js';
import { createMcpServer } from '../mcp/server.js';
import { version } from '../version.js';
import { type Command, exitCodes, type Io } from './io.js';

/** How long a change may go on after its client has left: SDK 1.x clients kill four seconds after they close stdin. */
const grace = 3_500;

/** Bytes of one message; the SDK's own limit. */
const longestMessage = 10 * 1024 * 1024;

/** `ironic-mcp`: MCP on stdin and stdout until the client leaves or the process is asked to stop. */
export const stdio: Command = async (io, args) => {
  const config = await readConfig(io.env, readArguments(args, {}));
  const simulated = config.cloud.kind === 'simulator';
  if (simulated) {
    io.stderr.write('ironic-mcp: simulating a cloud, for no OS_* variable is set. No real server will be touched.\n');
  }

  let core: Promise<Core> | undefined;
  const started = () => (core ??= import('../compose.js').then(({ composeCore }) => composeCore(config)));
  const log = (error: unknown) =>
    io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`);

  const handle = serveStdio(
    () =>
      createMcpServer({
        name: 'ironic-mcp',
        version,
        instructions: instructionsFor(config.cloud),
        operations,
        core: started,
        openWorld: !simulated,
        onDefect: log,
      }),
    {
      transport: new StdioServerTransport(messagesIn(io), io.stdout, { maxBufferSize: 2 * longestMessage }),
      onerror: (error) => io.stderr.write(`ironic-mcp: ${error.message}\n`),
    },
  );
  await over(io);
  // Ends the reads and waits under way; a change that has begun goes on.
  await handle.close();
  const settled = core?.then(({ changes }) => changes.settled());
  if (settled) await atMost(grace, settled);
  return exitCodes.ok;
};

/**
 * Stdin without the lines that are no JSON-RPC message. Those are answered here: the SDK drops them without a word, and
 * stops reading for good at one that is too long.
 */
function messagesIn({ stdin, stdout, stderr }: Io): Readable {
  const messages = new PassThrough();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line: Buffer[] = [];
  let length = 0;

  const refuse = (code: number, message: string, id: string | number | null = null) => {
    stderr.write(`ironic-mcp: ignored a line on stdin: ${message}\n`);
    stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`);
  };
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= longestMessage) line.push(part);
    else line = [];
  };
  const finish = () => {
    const [bytes, size] = [Buffer.concat(line), length];
    [line, length] = [[], 0];
    if (size > longestMessage) {
      return refuse(-32600, `Invalid Request: more than ${longestMessage / 1024 / 1024} MiB`);
    }
    let message: unknown;
    try {
      const text = decoder.decode(bytes);
      if (text.trim() === '') return;
      message = JSON.parse(text);
    } catch {
      // The parser's own words would quote the line, which may hold secrets.
      return refuse(-32700, 'Parse error: not JSON in UTF-8');
    }
    if (isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message)) {
      messages.write(Buffer.concat([bytes, newline]));
    } else refuse(-32600, 'Invalid Request: not a JSON-RPC 2.0 message', idOf(message));
  };

  stdin.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      add(chunk.subarray(from, to));
      finish();
      from = to + 1;
    }
    add(chunk.subarray(from));
  });
  for (const event of ['end', 'close', 'error']) stdin.once(event, () => messages.end());
  return messages;
}

const newline = Buffer.from('\n');

function idOf(message: unknown): string | number | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

/** Resolves when there is nobody left to serve. */
function over({ stdin, stdout, stop }: Io): Promise<void> {
  return new Promise((resolve) => {
    const done = () => resolve();
    if (stop.aborted) return done();
    stop.addEventListener('abort', done, { once: true });
    stdin.once('end', done).once('close', done).once('error', done);
    stdout.once('close', done).once('error', done);
  });
}

/** Waits for it, but no longer. The timer keeps the process alive meanwhile, for the pauses of a change do not. */
async function atMost(milliseconds: number, promise: Promise<void>): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([promise, delay(milliseconds, undefined, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
