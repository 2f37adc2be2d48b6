import type * as z from 'zod';
import { readConfig } from './config/config.js';
import { withFirstAbort } from './core/async/abort.js';
import type { ImageListing, ImageListRequest } from './core/inventory/image-list.js';
import type { ServerListing, ServerListRequest } from './core/inventory/server-list.js';
import type { Answer, Operation } from './core/operation.js';
import { allOperations, operations } from './core/operations.js';
import type { ProvisionRequest, ProvisionResponse, ProvisionStatus, StatusRequest } from './core/requests.js';

/** Settings by the names of their environment variables, `OS_*` and `IRONIC_MCP_*`. You can pass `process.env`. */
export type Settings = Readonly<Record<string, string | undefined>>;

export interface CallOptions {
  /** When aborted, it ends reads and waits, but never a change that has begun. */
  readonly signal?: AbortSignal | undefined;
}

/** What `provision` takes. */
export type ProvisionInput = z.input<typeof ProvisionRequest>;
/** What `status` takes. */
export type StatusInput = z.input<typeof StatusRequest>;
/** What `servers` takes. */
export type ServerListInput = z.input<typeof ServerListRequest>;
/** What `images` takes. */
export type ImageListInput = z.input<typeof ImageListRequest>;

/**
 * A cloud, ready for calls. Inputs, answers and failures are the same as in MCP and REST. A call rejects with a Failure, or
 * with the signal's reason.
 */
export interface Connection {
  /** True if you gave no `OS_*` setting: then no real server is touched. */
  readonly simulated: boolean;
  /** Starts a deployment. Resolves as soon as Ironic has accepted it. */
  provision(request: ProvisionInput, options?: CallOptions): Promise<ProvisionResponse>;
  /** Tells how a deployment stands: now, or with `wait_seconds` at its next change. */
  status(request: StatusInput, options?: CallOptions): Promise<ProvisionStatus>;
  /** Lists the servers, and why some of them cannot be deployed. */
  servers(request?: ServerListInput, options?: CallOptions): Promise<ServerListing>;
  /** Lists the images that you can deploy. */
  images(request?: ImageListInput, options?: CallOptions): Promise<ImageListing>;
  /** Calls any operation by the name of its MCP tool, with that tool's input and output. */
  call(tool: string, input?: unknown, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when all changes have ended. Await it before the process ends. Never rejects. */
  settled(): Promise<void>;
}

/**
 * Connects to the cloud that the settings name. Without any `OS_*` setting, it is a simulated cloud in this process. Sends no
 * request yet.
 *
 * @throws ConfigError
 */
export async function connect(settings: Settings = {}): Promise<Connection> {
  const config = await readConfig(settings, {});
  const { composeCore } = await import('./compose.js');
  const core = await composeCore(config);

  async function call<Input, Output extends Answer>(
    operation: Operation<Input, Output>,
    input: Input,
    { signal: own }: CallOptions = {},
  ): Promise<Output> {
    // Each call gets a signal of its own. Node takes many listeners on one signal for a leak and warns.
    const run = (signal: AbortSignal) => operation.call(core, input, { signal, caller: { face: 'library' } });
    return keepingAlive(withFirstAbort(own ? [own] : [], run));
  }

  return {
    simulated: config.cloud.kind === 'simulator',
    provision: (request, options) => call(operations.provision_server, request, options),
    status: (request, options) => call(operations.check_provision_status, request, options),
    servers: (request = {}, options) => call(operations.list_servers, request, options),
    images: (request = {}, options) => call(operations.list_images, request, options),
    call: async (tool, input, options) => {
      const operation = allOperations.find(({ name }) => name === tool);
      if (!operation) throw new TypeError(`There is no tool ${JSON.stringify(tool)}.`);
      return call(operation, input, options);
    },
    settled: () => keepingAlive(core.changes.settled()),
  };
}

/** Keeps the process alive until the answer comes: our own timers do not. */
async function keepingAlive<Answer>(work: Promise<Answer>): Promise<Answer> {
  const timer = setInterval(() => undefined, 2 ** 30);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
