import { type Command, exitCodes, type Io } from './commands/io.js';
import { ConfigError, UsageError } from './config/errors.js';

/** Each command is loaded when it is called, so the MCP server starts without the others' weight. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./commands/check/check.js')).check,
  demo: async () => (await import('./commands/demo.js')).demo,
  http: async () => (await import('./commands/http.js')).http,
  help: async () => (await import('./commands/help.js')).help,
  simulator: async () => (await import('./commands/simulator.js')).simulator,
};

async function main(io: Io, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  try {
    if (args.includes('--help') || args.includes('-h')) return (await import('./commands/help.js')).help(io, args);
    if (name === '--version') return (await import('./commands/help.js')).showVersion(io, rest);
    if (name === undefined || name.startsWith('-')) return await (await import('./commands/stdio.js')).stdio(io, args);
    if (!command) throw new UsageError(`There is no command ${JSON.stringify(name.slice(0, 80))}.`);
    return await (await command())(io, rest);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`ironic-mcp: ${error.message} See ironic-mcp ${command ? `help ${name}` : '--help'}.\n`);
      return exitCodes.usage;
    }
    if (error instanceof ConfigError) {
      io.stderr.write(`ironic-mcp: ${error.message}\n`);
      return exitCodes.config;
    }
    // After a request to stop, an aborted call is no error.
    if (!io.stop.aborted) io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCodes.failure;
  }
}

/** Milliseconds to write the last bytes. With the grace of a change it must end before SDK 1.x clients kill us. */
const flushing = 300;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
const { env, stdin, stdout, stderr } = process;
// A reader that leaves early must not crash us. The code that writes notices it.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

// The delays and deadlines of a command do not keep the process alive, so this timer does.
setInterval(() => undefined, 2 ** 30);
const [node, script, ...args] = process.argv as [string, string, ...string[]];
const code = await main({ env, stdin, stdout, stderr, stop: stop.signal, self: [node, script] }, args);
// Idle connections would keep the process for seconds, so exit as soon as all output is written.
const end = () => process.exit(code);
stdout.write('', end);
// A client that has left, or that asked us to stop, may never read the output.
if (stop.signal.aborted || stdin.readableEnded || stdin.destroyed) setTimeout(end, flushing);
