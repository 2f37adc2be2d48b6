import { createMcpHandler } from '@modelcontextprotocol/server';
import { readServerConfig } from '../config/config.js';
import { ConfigError } from '../config/errors.js';
import { settings } from '../config/settings.js';
import { currentTrace } from '../core/async/trace.js';
import { Failure } from '../core/failures.js';
import { allOperations } from '../core/operations.js';
import { createHttpApp, type Entry } from '../http/app.js';
import { largestBody } from '../http/body.js';
import { createBootListener } from '../http/boot-listener.js';
import { createInFlight } from '../http/in-flight.js';
import { createJsonLines } from '../http/json-lines.js';
import { createHttpServer, shortPatience } from '../http/server.js';
import { observed } from '../mcp/observed.js';
import { refusingWide } from '../mcp/wide-messages.js';
import { addProcess, createMetrics } from '../metrics/metrics.js';
import { version } from '../version.js';
import { readArguments } from './arguments.js';
import { type Command, exitCodes } from './io.js';
import { showNotices } from './notices.js';
import { openPort, portIn, stopped } from './port.js';
import { createServing } from './serving.js';
import { type Entrance, entranceForAll, entranceForCallers } from './sign-in/entrance.js';

/**
 * The limit of concurrent operations. Most of them wait for deployments; the queue in front of Ironic has a limit of its own.
 * If each caller signs in, one must not take the places of all.
 */
const mostRunning = { ofAll: 2_048, ofOneCaller: 512 };

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
  const read = await readServerConfig(io.env, flags);
  const { cloud, ...rules } = await read.config();
  const { token, hosts, behindTls, bootReports } = await read.http();
  if (!loopback.test(host)) checkBeyond(host, { cloud, token, behindTls });

  const log = createJsonLines((text) => io.stderr.write(text));
  const note = (entry: object) => log.line({ time: new Date().toISOString(), traceparent: currentTrace(), ...entry });
  const warn = (warning: string) => note({ warning });
  const onDefect = (error: unknown, requestId?: string) =>
    note({ request_id: requestId, error: error instanceof Error ? error.stack : String(error) });

  const metrics = createMetrics(version, allOperations);
  addProcess(metrics);
  const mostOfOne = cloud.kind === 'callers' ? mostRunning.ofOneCaller : undefined;
  const inFlight = createInFlight(allOperations, mostRunning.ofAll, mostOfOne);
  const operations = metrics.measured(inFlight.operations);
  const entrance =
    cloud.kind === 'callers'
      ? entranceForCallers({ cloud, ...rules }, { warn, inFlight, behindTls, observer: metrics })
      : entranceForAll({ cloud, ...rules }, token, { warn, observer: metrics });
  const served = { operations: async () => operations, onDefect };
  const serving = createServing({ cloud, policy: rules.policy }, served);
  const mcp = createMcpHandler(({ authInfo }) => observed(serving.mcpServer(entryIn(authInfo)), metrics.onMcpRequest), {
    maxRequestBodySize: largestBody,
  });
  const app = createHttpApp({
    operations,
    policy: rules.policy,
    signIn: entrance.signIn,
    board: serving.board,
    mcp: async (request, core) =>
      refusingWide((sent) => mcp.fetch(sent, { authInfo: authInfoOf(core) }), largestBody)(request),
    metrics,
    ready: shared(() => inSeconds(entrance)),
    hosts: ['localhost', host.toLowerCase(), ...hosts.map((name) => name.toLowerCase())],
    stopping: io.stop,
    onAccess(access, route) {
      log.line(access);
      metrics.onHttpRequest({ ...access, route });
    },
    onDefect,
  });

  /** Opens the listener of machines that have booted; null if that fails. */
  async function receiveBootReports(core: Entry, { seesMachines, ...address }: NonNullable<typeof bootReports>) {
    const reports = async () => (await core()).bootReports;
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
  const receiver = bootReports && entrance.core && (await receiveBootReports(entrance.core, bootReports));
  if (receiver === null) {
    server.close();
    return exitCodes.failure;
  }
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  showNotices(io, cloud);
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
  await entrance.settled(grace.settle);
  log.flush();
  return exitCodes.ok;
};

/** @throws ConfigError if what this command serves must not leave this machine */
function checkBeyond(
  host: string,
  { cloud, token, behindTls }: { cloud: { kind: string }; token: string | undefined; behindTls: boolean },
): void {
  if (cloud.kind === 'callers' && !behindTls) {
    throw new ConfigError(
      `Callers would send their secrets to ${host} in the clear. Listen on 127.0.0.1, or put a proxy with TLS in front and set IRONIC_MCP_HTTP_BEHIND_TLS=true.`,
    );
  }
  if (cloud.kind !== 'callers' && token === undefined) {
    throw new ConfigError(
      `Anybody who reaches ${host} could deploy servers. To listen there, set IRONIC_MCP_HTTP_TOKEN or --http-token-file.`,
    );
  }
}

/** The SDK hands these on to what makes a server for the request. */
function authInfoOf(core: Entry) {
  return { token: '', clientId: '', scopes: [], extra: { core } };
}

function entryIn(authInfo: { extra?: Record<string, unknown> } | undefined): Entry {
  return authInfo?.extra?.core as Entry;
}

/** Asks whether the cloud answers, for some seconds. */
async function inSeconds({ ready }: Entrance): Promise<void> {
  const signal = AbortSignal.timeout(5_000);
  await ready(signal).catch((error: unknown) => {
    throw signal.aborted ? new Failure('ironic_unavailable', { reason: 'no answer came within 5 seconds' }) : error;
  });
}

/** Simultaneous probes share one request, because anybody may send them without a token. */
function shared(ask: () => Promise<void>): () => Promise<void> {
  let asking: Promise<void> | undefined;
  return () =>
    (asking ??= ask().finally(() => {
      asking = undefined;
    }));
}
