import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Failure } from '../core/failures.js';
import type { Answer, Operation } from '../core/operation.js';
import { failedDeployments } from '../core/status/diagnosis.js';
import { cloudRouteOf } from './cloud-routes.js';
import { createDeploymentFollower } from './deployments.js';

/** The bucket limits, in seconds, that OpenTelemetry's conventions for MCP give. */
const mcpBuckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** The ones for HTTP, and two more, because a call may wait for 50 seconds. */
const httpBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60];

/** From a short read of Ironic (7 ms) to the longest time-out of a request. */
const cloudBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What prom-client tells as well. Prometheus' own check refuses some of these names, and no panel needs the others. */
const leftOut = [
  ...['handles', 'requests', 'resources'].flatMap((what) => [`nodejs_active_${what}`, `nodejs_active_${what}_total`]),
  ...['total', 'used', 'available'].map((part) => `nodejs_heap_space_size_${part}_bytes`),
];

/** OpenTelemetry's name for a value that is not in the list of a label. */
const other = '_OTHER';

const httpMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The requests that an MCP client can send to this server. */
const mcpMethods = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'server/discover',
  'tools/call',
  'tools/list',
]);

export type CloudService = 'ironic' | 'glance' | 'keystone' | 'neutron';

/** A request to the cloud that has ended. */
interface EndedCloudRequest {
  readonly method: string;
  readonly path: string;
  /** The status of the answer, or why there is none: one of a few words. */
  readonly outcome: number | string;
  readonly seconds: number;
}

/** A request of an MCP client that has ended. */
interface EndedMcpRequest {
  readonly method: string;
  /** Of `tools/call`. */
  readonly tool: string | undefined;
  /** The error's code as a text, `tool_error` or `cancelled`; undefined if the request succeeded. */
  readonly error: string | undefined;
  readonly seconds: number;
}

/** A request to this server that has ended. */
interface EndedHttpRequest {
  readonly method: string;
  /** Undefined if there is no route for it. */
  readonly route: string | undefined;
  readonly status: number;
  readonly duration_ms: number;
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Adds the metrics of the process: processor, memory, files, event loop and garbage collection. */
export function addProcess({ registry }: Pick<Metrics, 'registry'>): void {
  collectDefaultMetrics({ register: registry });
  for (const name of leftOut) registry.removeSingleMetric(name);
}

/**
 * The metrics of this process. The values of a label are a closed set, so callers cannot add series without end. No label
 * holds an id or a name from outside.
 */
export function createMetrics(version: string, operations: readonly Operation[]) {
  const registry = new Registry();
  const registers = [registry];
  const tools = new Set(operations.map(({ name }) => name));

  new Gauge({
    name: 'ironic_mcp_build_info',
    help: 'Always 1. The version of this program',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const mcpRequests = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Time from an MCP request over HTTP to its answer',
    labelNames: ['mcp_method_name', 'gen_ai_tool_name', 'error_type'],
    buckets: mcpBuckets,
    registers,
  });
  const httpRequests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from an HTTP request to the head of its answer; the route is empty if there is none',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
    buckets: httpBuckets,
    registers,
  });
  const calls = new Counter({
    name: 'ironic_mcp_operations_total',
    help: 'Calls of operations over REST and MCP. The outcome is ok, cancelled, or the code of the failure',
    labelNames: ['operation', 'face', 'outcome'],
    registers,
  });
  const running = new Gauge({
    name: 'ironic_mcp_operations_running',
    help: 'Calls of operations in progress',
    labelNames: ['operation'],
    registers,
  });
  const cloudRequests = new Histogram({
    name: 'ironic_mcp_cloud_request_duration_seconds',
    help: 'Time from a request to the cloud to the end of its answer, without the wait in the queue. The outcome is the class of the status, or why there is no answer: cancelled, timeout, unreachable, unreadable',
    labelNames: ['service', 'method', 'route', 'outcome'],
    buckets: cloudBuckets,
    registers,
  });
  const queues = new Map<string, () => { readonly running: number; readonly waiting: number }>();
  for (const state of ['running', 'waiting'] as const) {
    new Gauge({
      name: `ironic_mcp_cloud_requests_${state}`,
      help: state === 'running' ? 'Requests to the cloud in progress' : 'Requests to the cloud that wait for a place',
      labelNames: ['service'],
      registers,
      collect() {
        for (const [service, load] of queues) this.set({ service }, load()[state]);
      },
    });
  }
  const begun = new Counter({
    name: 'ironic_mcp_deployments_begun_total',
    help: 'Deployments that this process has started',
    registers,
  });
  const ended = new Counter({
    name: 'ironic_mcp_deployments_ended_total',
    help: 'Deployments that this process has told a caller to be in progress, and later to have ended. The outcome is completed, or the class of the failure',
    labelNames: ['outcome'],
    registers,
  });
  // From 0 on: the increase of a series that begins with 1 is 0, so an alert would miss the first failure of a class.
  for (const { code } of [{ code: 'completed' }, ...failedDeployments]) ended.inc({ outcome: code }, 0);
  const follow = createDeploymentFollower({ begun: () => begun.inc(), ended: (outcome) => ended.inc({ outcome }) });

  /** The same operation, counted. */
  function measured(operation: Operation): Operation {
    const { name, call } = operation;
    return {
      ...operation,
      async call(core, input, circumstances) {
        const { caller, signal } = circumstances;
        const count = (outcome: string) => calls.inc({ operation: name, face: caller.face, outcome });
        running.inc({ operation: name });
        try {
          const answer: Answer = await call(core, input, circumstances);
          count('ok');
          follow(name, answer);
          return answer;
        } catch (error) {
          count(error instanceof Failure ? error.code : signal.aborted ? 'cancelled' : 'internal');
          throw error;
        } finally {
          running.dec({ operation: name });
        }
      },
    };
  }

  return {
    contentType: registry.contentType,
    /** All metrics in Prometheus' text format. */
    text: () => registry.metrics(),
    registry,
    measured: (all: readonly Operation[]): readonly Operation[] => all.map(measured),
    onMcpRequest({ method, tool, error = '', seconds }: EndedMcpRequest): void {
      const labels = {
        mcp_method_name: mcpMethods.has(method) ? method : other,
        gen_ai_tool_name: tool === undefined ? '' : tools.has(tool) ? tool : other,
        error_type: error,
      };
      mcpRequests.observe(labels, seconds);
    },
    onHttpRequest({ method, route = '', status, duration_ms: milliseconds }: EndedHttpRequest): void {
      const labels = {
        http_request_method: httpMethods.has(method) ? method : other,
        http_route: route,
        http_response_status_code: status,
      };
      httpRequests.observe(labels, milliseconds / 1_000);
    },
    onCloudRequest(service: CloudService, { method, path, outcome, seconds }: EndedCloudRequest): void {
      const known = typeof outcome === 'number' ? `${Math.floor(outcome / 100)}xx` : outcome;
      cloudRequests.observe({ service, method, route: cloudRouteOf(path), outcome: known }, seconds);
    },
    watchQueue(service: string, load: () => { readonly running: number; readonly waiting: number }): void {
      queues.set(service, load);
    },
  };
}
