import { createMcpHandler } from '@modelcontextprotocol/server';
import { boardPage } from '../../src/board-page.js';
import { createTokenSignIn } from '../../src/commands/sign-in/token.js';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import { currentTrace } from '../../src/core/async/trace.js';
import type { Core } from '../../src/core/operation.js';
import { allOperations } from '../../src/core/operations.js';
import type { Access } from '../../src/http/access.js';
import { createHttpApp } from '../../src/http/app.js';
import type { GuardOptions } from '../../src/http/guard.js';
import { createInFlight, type InFlight } from '../../src/http/in-flight.js';
import { observed } from '../../src/mcp/observed.js';
import { createMcpServer } from '../../src/mcp/server.js';
import { tools } from '../../src/mcp/tools.js';
import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import { createRestClient, type RestClient } from './rest-client.js';

export interface RestAppOptions extends Partial<GuardOptions> {
  readonly token?: string;
  readonly core?: Core;
  /** Settings, if there is no core. */
  readonly env?: Readonly<Record<string, string>>;
  readonly mostRunning?: number;
}

export interface RestApp extends RestClient {
  readonly accesses: readonly Access[];
  readonly defects: readonly unknown[];
  /** The trace in which each defect was noted. */
  readonly traces: readonly (string | undefined)[];
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  readonly stop: AbortController;
}

/** The HTTP face in this process, on its own simulated cloud, where a deployment takes no time. */
export async function createRestApp(options: RestAppOptions = {}): Promise<RestApp> {
  const env = options.env ?? { IRONIC_MCP_SIM_SPEED: '10000' };
  const metrics = createMetrics('0', allOperations);
  const core = options.core ?? (await composeCore(await readConfig(env, {}), { observer: metrics }));
  const inFlight = createInFlight(allOperations, options.mostRunning ?? 256);
  const operations = metrics.measured(inFlight.operations);
  const accesses: Access[] = [];
  const defects: unknown[] = [];
  const traces: (string | undefined)[] = [];
  const stop = new AbortController();
  const onDefect = (error: unknown) => {
    defects.push(error);
    traces.push(currentTrace());
  };
  const { policy } = core;
  const offered = tools.filter(({ effect }) => policy.allows(effect));
  const served = { operations, core: async () => core, onDefect };
  const names = { name: 'ironic-mcp', version: '0', instructions: '', openWorld: false };
  const mcp = createMcpHandler(() =>
    observed(
      createMcpServer({
        ...served,
        ...names,
        tools: offered,
        board: async () => boardPage.html,
        operations: async () => operations,
      }),
      metrics.onMcpRequest,
    ),
  );
  const app = createHttpApp({
    ...served,
    policy,
    board: async () => boardPage,
    mcp: (request) => mcp.fetch(request),
    metrics,
    ready: async () => undefined,
    hosts: options.hosts ?? ['localhost'],
    signIn: createTokenSignIn(options.token, async () => core),
    stopping: stop.signal,
    onAccess(access, route) {
      accesses.push(access);
      metrics.onHttpRequest({ ...access, route });
    },
  });

  return {
    ...createRestClient('http://127.0.0.1:7385', (request, target) => app(request, { target })),
    accesses,
    defects,
    traces,
    inFlight,
    metrics,
    stop,
  };
}
