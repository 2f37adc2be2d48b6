import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { readConfig } from '../config/config.js';
import { readArguments } from './arguments.js';
import { type Command, exitCodes, type Io } from './io.js';
import { showNotices } from './notices.js';
import { composedLater, createServing } from './serving.js';
import { createStdioTransport } from './stdio-transport.js';

/** Milliseconds for a change after its client has left. SDK 1.x clients kill four seconds after they close stdin. */
const grace = 3_500;

/** `ironic-mcp` serves MCP on stdin and stdout until the client leaves or the process is asked to stop. */
export const stdio: Command = async (io, args) => {
  const config = await readConfig(io.env, readArguments(args, {}));
  showNotices(io, config.cloud);
  if (io.stdin.isTTY) {
    io.stderr.write(
      'ironic-mcp: Waiting for an MCP client on stdin. To try the program yourself, run ironic-mcp demo or --help.\n',
    );
  }

  const serving = createServing(config, {
    operations: async () => (await import('../core/operations.js')).allOperations,
    onDefect: (error) => io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`),
  });
  const warn = (message: string) => io.stderr.write(`ironic-mcp: ${message}\n`);
  const { composed: core, settled } = composedLater(async () => {
    const { composeCore } = await import('../compose.js');
    return composeCore(config, { warn });
  });
  const handle = serveStdio(() => serving.mcpServer(core), {
    transport: createStdioTransport(io),
    onerror: (error) => io.stderr.write(`ironic-mcp: ${error.message}\n`),
  });
  await over(io);
  // Ends reads and waits. A change that has begun goes on.
  await handle.close();
  await settled(grace);
  return exitCodes.ok;
};

/** Resolves when the client has left or the process is asked to stop. */
function over({ stdin, stdout, stop }: Io): Promise<void> {
  return new Promise((resolve) => {
    const done = () => resolve();
    if (stop.aborted) return done();
    stop.addEventListener('abort', done, { once: true });
    stdin.once('end', done).once('close', done).once('error', done);
    stdout.once('close', done).once('error', done);
  });
}
