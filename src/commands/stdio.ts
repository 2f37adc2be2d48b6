import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { readConfig } from '../config/config.js';
import { readArguments } from './arguments.js';
import { type Command, exitCodes, type Io } from './io.js';
import { showNotices } from './notices.js';
import { createServing } from './serving.js';
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

  const serving = createServing(config, {
    operations: async () => (await import('../core/operations.js')).allOperations,
    warn: (message) => io.stderr.write(`ironic-mcp: ${message}\n`),
    onDefect: (error) => io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`),
  });
  const handle = serveStdio(serving.mcpServer, {
    transport: createStdioTransport(io),
    onerror: (error) => io.stderr.write(`ironic-mcp: ${error.message}\n`),
  });
  await over(io);
  // Ends the reads and waits under way; a change that has begun goes on.
  await handle.close();
  await serving.settled(grace);
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
