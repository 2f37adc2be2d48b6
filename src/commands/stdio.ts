import { setTimeout as delay } from 'node:timers/promises';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { readArguments, readConfig } from '../config.js';
import type { Core } from '../core/operation.js';
import { instructionsFor } from '../mcp/instructions.js';
import { createMcpServer } from '../mcp/server.js';
import { tools } from '../mcp/tools.js';
import { version } from '../version.js';
import { type Command, exitCodes, type Io } from './io.js';
import { showNotices } from './notices.js';
import { createStdioTransport } from './stdio-transport.js';

/** How long a change may go on after its client has left: SDK 1.x clients kill four seconds after they close stdin. */
const grace = 3_500;

/** `ironic-mcp`: MCP on stdin and stdout until the client leaves or the process is asked to stop. */
export const stdio: Command = async (io, args) => {
  const config = await readConfig(io.env, readArguments(args, {}));
  showNotices(io, config);
  if (io.stdin.isTTY) {
    io.stderr.write('ironic-mcp: waiting for an MCP client to speak on stdin. For people there are demo and --help.\n');
  }

  const warn = (message: string) => io.stderr.write(`ironic-mcp: ${message}\n`);
  let core: Promise<Core> | undefined;
  const started = () => (core ??= import('../compose.js').then(({ composeCore }) => composeCore(config, { warn })));
  const log = (error: unknown) =>
    io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`);

  const handle = serveStdio(
    () =>
      createMcpServer({
        name: 'ironic-mcp',
        version,
        instructions: instructionsFor(config.cloud, config.policy.allows),
        tools: tools.filter(({ effect }) => config.policy.allows(effect)),
        operations: async () => (await import('../core/operations.js')).operations,
        core: started,
        openWorld: config.cloud.kind !== 'simulator',
        onDefect: log,
      }),
    {
      transport: createStdioTransport(io),
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
