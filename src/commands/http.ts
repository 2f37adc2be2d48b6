import { createHash, timingSafeEqual } from 'node:crypto';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { readConfig } from '../config/config.js';
import { ConfigError } from '../config/errors.js';
import { settings } from '../config/settings.js';
import { currentTrace } from '../core/async/trace.js';
import { Failure } from '../core/failures.js';
import type { Core } from '../core/operation.js';
import { allOperations } from '../core/operations.js';
import { createHttpApp } from '../http/app.js';
import { largestBody } from '../http/body.js';
import { createBootListener } from '../http/boot-listener.js';
import { createInFlight } from '../http/in-flight.js';
import { createJsonLines } from '../http/json-lines.js';
import { createHttpServer, shortPatience } from '../http/server.js';
import { refusingWide } from '../mcp/wide-messages.js';
import { readArguments } from './arguments.js';
import { type Command, exitCodes } from './io.js';
import { showNotices } from './notices.js';
import { openPort, portIn, stopped } from './port.js';
import { createServing } from './serving.js';

/** The limit of concurrent operations. More would only wait for Ironic. */
const mostRunning = 256;

/**
 * Milliseconds after a request to stop: for calls to finish, for the rest to be told, and for changes that have begun.
 * Many supervisors kill a process after ten seconds, so the sum is well below.
 */
const grace = { finish: 7_000, tell: 500, settle: 1_000 };

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** `ironic-mcp http` serves REST, and MCP at `/mcp`, on a port until it is stopped. */
export const http: Command = async (io, args) => {
  const flags = readArguments(args, { host: { type: 'string' }, port: { type: 'string' } });
  const host = String(flags.host ?? '127.0.0.1');
  const port = portIn(flags.port, 7385);
  const config = await readConfig(io.env, flags);
  const { token, hosts, bootReports } = await config.http();
  if (token === undefined && !loopback.test(host)) {
    throw new ConfigError(
      `Anybody who reaches ${host} could deploy servers. To listen there, set IRONIC_MCP_HTTP_TOKEN or --http-token-file.`,
    );
  }

  const log = createJsonLines((text) => io.stderr.write(text));
  const note = (entry: object) => log.line({ time: new Date().toISOString(), traceparent: currentTrace(), ...entry });
  const warn = (warning: string) => note({ warning });
  const onDefect = (error: unknown, requestId?: string) =>
    note({ request_id: requestId, error: error instanceof Error ? error.stack : String(error) });

  const inFlight = createInFlight(allOperations, mostRunning);
  const serving = createServing(config, { operations: async () => inFlight.operations, warn, onDefect });
  const mcp = createMcpHandler(serving.mcpServer, { maxRequestBodySize: largestBody });
  const app = createHttpApp({
    operations: inFlight.operations,
    policy: config.policy,
    core: serving.core,
    board: serving.board,
    mcp: refusingWide(mcp.fetch, largestBody),
    ready: shared(async () => ironicAnswers(await serving.core())),
    hosts: ['localhost', host.toLowerCase(), ...hosts.map((name) => name.toLowerCase())],
    isToken: token === undefined ? undefined : equalTo(token),
    stopping: io.stop,
    onAccess: log.line,
    onDefect,
  });

  /** Opens the listener of machines that have booted; null if that fails. */
  async function receiveBootReports({ seesMachines, ...address }: NonNullable<typeof bootReports>) {
    const reports = async () => (await serving.core()).bootReports;
    const listener = createHttpServer(createBootListener({ reports, seesMachines, onDefect }), shortPatience);
    const setting = settings.boot_report_listen.variable;
    const bound = await openPort(io, listener, address, { host: setting, port: setting });
    if (bound === undefined) return null;
    io.stderr.write(`ironic-mcp: Receiving boot reports on port ${bound} of ${address.host}.\n`);
    return {
      async stop() {
        listener.close();
        (await reports()).stop();
      },
    };
  }

  const server = createHttpServer(app);
  const bound = await openPort(io, server, { host, port });
  if (bound === undefined) return exitCodes.failure;
  const receiver = bootReports && (await receiveBootReports(bootReports));
  if (receiver === null) {
    server.close();
    return exitCodes.failure;
  }
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  showNotices(io, config);
  io.stderr.write(`ironic-mcp: Serving the board, REST (see /docs) and MCP (at /mcp) on this address:\n`);
  io.stdout.write(`${url}\n`);

  await stopped(io);
  log.flush();
  await receiver?.stop();
  io.stderr.write('ironic-mcp: Stopping after the calls in progress are answered.\n');
  await server.drain(grace.finish);
  inFlight.endReads(new Failure('overloaded', { reason: 'this MCP server is stopping' }));
  await server.drain(grace.tell);
  // Clients that remain get no answer and start nothing. A change that has begun goes on.
  server.close();
  await mcp.close();
  await serving.settled(grace.settle);
  log.flush();
  return exitCodes.ok;
};

/** Compares in constant time. Hashes have one length, and do not show how much of a token was right. */
function equalTo(token: string): (sent: string) => boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const right = hash(token);
  return (sent) => timingSafeEqual(hash(sent), right);
}

/** Resolves if Ironic answers at all. No server has this id. */
async function ironicAnswers({ status }: Core): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  try {
    await status.status({ operation_id: '00000000-0000-0000-0000-000000000000', wait_seconds: 0 }, signal);
  } catch (error) {
    if (signal.aborted) throw new Failure('ironic_unavailable', { reason: 'Ironic did not answer within 5 seconds' });
    if (!(error instanceof Failure) || error.code !== 'server_not_found') throw error;
  }
}

/** Simultaneous probes share one request, because anybody may send them without a token. */
function shared(ask: () => Promise<void>): () => Promise<void> {
  let asking: Promise<void> | undefined;
  return () =>
    (asking ??= ask().finally(() => {
      asking = undefined;
    }));
}
