import type * as z from 'zod';
import { readConfig } from './config/config.js';
import { withFirstAbort } from './core/async/abort.js';
import type { ImageListing, ImageListRequest } from './core/inventory/image-list.js';
import type { ServerListing, ServerListRequest } from './core/inventory/server-list.js';
import type { Answer, Operation } from './core/operation.js';
import { allOperations, operations } from './core/operations.js';
import type { ProvisionRequest, ProvisionResponse, ProvisionStatus, StatusRequest } from './core/requests.js';

/** Settings by their names as environment variables: `OS_*` and `IRONIC_MCP_*`. `process.env` will do. */
export type Settings = Readonly<Record<string, string | undefined>>;

export interface CallOptions {
  /** Ends reads and waits when it is aborted, never a change that has begun. */
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
 * A cloud, ready for calls. Inputs, answers and failures are the same as those of the tools and of REST: a call rejects
 * with a Failure, or with the signal's reason.
 */
export interface Connection {
  /** True when no `OS_*` setting was given: then no real server is touched. */
  readonly simulated: boolean;
  /** Starts a deployment; answers as soon as Ironic has accepted it. */
  provision(request: ProvisionInput, options?: CallOptions): Promise<ProvisionResponse>;
  /** How a deployment stands now, or, with `wait_seconds`, at its next change. */
  status(request: StatusInput, options?: CallOptions): Promise<ProvisionStatus>;
  /** The servers, and why some of them cannot be deployed. */
  servers(request?: ServerListInput, options?: CallOptions): Promise<ServerListing>;
  /** The images that you can deploy. */
  images(request?: ImageListInput, options?: CallOptions): Promise<ImageListing>;
  /** Any operation by the name of its tool, with that tool's input and output. */
  call(tool: string, input?: unknown, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when no change is under way any more. Await it before the process ends. Never rejects. */
  settled(): Promise<void>;
}

/**
 * Puts everything together for the cloud that the settings name; without any `OS_*` it is a simulated one, in this
 * process. Asks nobody anything yet.
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
    // Each call gets a signal of its own. Node would take many calls on one signal for a leak and warn of it.
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

/** Our own pauses and deadlines do not keep a process alive: whoever awaits an answer shall get it. */
async function keepingAlive<Answer>(work: Promise<Answer>): Promise<Answer> {
  const timer = setInterval(() => undefined, 2 ** 30);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
