import { type Command, exitCodes, type Io } from './commands/io.js';
import { ConfigError, UsageError } from './config/errors.js';

/** Commands are loaded when they are called: the MCP server starts without the others' weight. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./commands/check/check.js')).check,
  demo: async () => (await import('./commands/demo.js')).demo,
  http: async () => (await import('./commands/http.js')).http,
  simulator: async () => (await import('./commands/simulator.js')).simulator,
};

async function main(io: Io, args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (args.includes('--help') || args.includes('-h')) return (await import('./commands/help.js')).help(io, args);
    if (name === '--version') return (await import('./commands/help.js')).showVersion(io, rest);
    if (name === undefined || name.startsWith('-')) return await (await import('./commands/stdio.js')).stdio(io, args);
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command) throw new UsageError(`There is no command ${JSON.stringify(name.slice(0, 80))}.`);
    return await (await command())(io, rest);
  } catch (error) {
    if (error instanceof UsageError) {
      io.stderr.write(`ironic-mcp: ${error.message} See ironic-mcp --help.\n`);
      return exitCodes.usage;
    }
    if (error instanceof ConfigError) {
      io.stderr.write(`ironic-mcp: ${error.message}\n`);
      return exitCodes.config;
    }
    // Whatever was broken off, it was to end.
    if (!io.stop.aborted) io.stderr.write(`ironic-mcp: ${error instanceof Error ? error.stack : String(error)}\n`);
    return exitCodes.failure;
  }
}

/** Milliseconds for the last bytes; with those that a change under way has it must be over before SDK 1.x clients kill. */
const flushing = 300;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
const { env, stdin, stdout, stderr } = process;
// A reader that leaves early is no reason to crash; whoever writes notices the end by itself.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

// The pauses and deadlines of a command do not keep the process alive by themselves: while a command runs, this does.
setInterval(() => undefined, 2 ** 30);
const [node, script, ...args] = process.argv as [string, string, ...string[]];
const code = await main({ env, stdin, stdout, stderr, stop: stop.signal, self: [node, script] }, args);
// Idle connections would keep the process for seconds; what was written must not be lost, though.
const end = () => process.exit(code);
stdout.write('', end);
// Unless those who should read it have left, or want an end: they may never read it.
if (stop.signal.aborted || stdin.readableEnded || stdin.destroyed) setTimeout(end, flushing);
