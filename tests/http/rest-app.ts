import { createMcpHandler } from '@modelcontextprotocol/server';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config.js';
import type { Core } from '../../src/core/operation.js';
import { operations } from '../../src/core/operations.js';
import type { Access } from '../../src/http/access.js';
import { createHttpApp } from '../../src/http/app.js';
import type { GuardOptions } from '../../src/http/guard.js';
import { createInFlight, type InFlight } from '../../src/http/in-flight.js';
import { createMcpServer } from '../../src/mcp/server.js';
import { tools } from '../../src/mcp/tools.js';

export interface RestAppOptions extends Partial<GuardOptions> {
  readonly core?: Core;
  /** Settings, when there is no core. */
  readonly env?: Readonly<Record<string, string>>;
  readonly mostRunning?: number;
}

export interface RestApp {
  /** Sends a request; a body that is no text goes as JSON. */
  ask(
    method: string,
    target: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Answer>;
  /** Calls a tool at `/mcp`. */
  callTool(name: string, input: object): Promise<ToolResult>;
  readonly accesses: readonly Access[];
  readonly defects: readonly unknown[];
  readonly inFlight: InFlight;
  readonly stop: AbortController;
}

export interface Answer {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

/** The HTTP face in this process, on a simulated cloud of its own, in which a deployment takes no time. */
export async function createRestApp(options: RestAppOptions = {}): Promise<RestApp> {
  const env = options.env ?? { IRONIC_MCP_SIM_SPEED: '10000' };
  const core = options.core ?? (await composeCore(await readConfig(env, {})));
  const inFlight = createInFlight(operations, options.mostRunning ?? 256);
  const accesses: Access[] = [];
  const defects: unknown[] = [];
  const stop = new AbortController();
  const onDefect = (error: unknown) => defects.push(error);
  const { policy } = core;
  const offered = tools.filter(({ effect }) => policy.allows(effect));
  const served = { operations: inFlight.operations, core: async () => core, onDefect };
  const names = { name: 'ironic-mcp', version: '0', instructions: '', openWorld: false };
  const mcp = createMcpHandler(() =>
    createMcpServer({ ...served, ...names, tools: offered, operations: async () => inFlight.operations }),
  );
  const app = createHttpApp({
    ...served,
    policy,
    mcp: mcp.fetch,
    ready: async () => undefined,
    hosts: options.hosts ?? ['localhost'],
    isToken: options.isToken,
    stopping: stop.signal,
    onAccess: (access) => accesses.push(access),
  });

  const ask: RestApp['ask'] = async (method, target, body, headers, signal = new AbortController().signal) => {
    const isText = typeof body === 'string' || body instanceof Uint8Array;
    const request = new Request(new URL(target, 'http://127.0.0.1:7385'), {
      method,
      signal,
      headers: {
        host: '127.0.0.1:7385',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const response = await app(request, { target });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson && text ? (JSON.parse(text) as Answer['json']) : {};
    return { method, target, status: response.status, headers: response.headers, text, json };
  };

  return {
    ask,
    async callTool(name, input) {
      const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } };
      const accept = 'application/json, text/event-stream';
      const { text } = await ask('POST', '/mcp', message, { accept });
      const [, data = text] = /^data: (.*)$/m.exec(text) ?? [];
      return (JSON.parse(data) as { result: ToolResult }).result;
    },
    accesses,
    defects,
    inFlight,
    stop,
  };
}
