import type * as z from 'zod';
import { readConfig } from './config/config.js';
import { withFirstAbort } from './core/async/abort.js';
import { ImageListing, type ImageListRequest } from './core/inventory/image-list.js';
import { ServerListing, type ServerListRequest } from './core/inventory/server-list.js';
import { allOperations } from './core/operations.js';
import { type ProvisionRequest, ProvisionResponse, ProvisionStatus, type StatusRequest } from './core/requests.js';

/** Settings by their names as environment variables: `OS_*` and `IRONIC_MCP_*`. `process.env` will do. */
export type Settings = Readonly<Record<string, string | undefined>>;

export interface CallOptions {
  /** Ends reads and waits when it is aborted, never a change that has begun. */
  readonly signal?: AbortSignal | undefined;
}

/** A cloud, ready to be asked. Inputs and answers are those of the tools and of REST, and so are the failures. */
export interface Connection {
  /** True when no `OS_*` setting was given: then no real server is touched. */
  readonly simulated: boolean;
  /**
   * Starts a deployment; answers as soon as Ironic has accepted it.
   * @throws Failure, or the signal's reason
   */
  provision(request: z.input<typeof ProvisionRequest>, options?: CallOptions): Promise<ProvisionResponse>;
  /**
   * How a deployment stands now, or, with `wait_seconds`, at its next change.
   * @throws Failure, or the signal's reason
   */
  status(request: z.input<typeof StatusRequest>, options?: CallOptions): Promise<ProvisionStatus>;
  /**
   * The servers, and of those that cannot be deployed why not.
   * @throws Failure, or the signal's reason
   */
  servers(request?: z.input<typeof ServerListRequest>, options?: CallOptions): Promise<ServerListing>;
  /**
   * The images that there are to choose from.
   * @throws Failure, or the signal's reason
   */
  images(request?: z.input<typeof ImageListRequest>, options?: CallOptions): Promise<ImageListing>;
  /**
   * Any operation by the name of its tool, with that tool's input and output.
   * @throws Failure, or the signal's reason
   */
  call(tool: string, input?: unknown, options?: CallOptions): Promise<Readonly<Record<string, unknown>>>;
  /** Resolves when no change is under way any more: to be awaited before the process ends. Never rejects. */
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

  const call: Connection['call'] = async (tool, input, options = {}) => {
    const operation = allOperations.find(({ name }) => name === tool);
    if (!operation) throw new TypeError(`There is no tool ${JSON.stringify(tool)}.`);
    // One of its own for each call: many calls at once with one signal would look like a leak, and Node would warn of it.
    return keepingAlive(
      withFirstAbort(options.signal ? [options.signal] : [], (signal) =>
        operation.call(core, input, { signal, caller: { face: 'library' } }),
      ),
    );
  };

  return {
    simulated: config.cloud.kind === 'simulator',
    provision: async (request, options) => ProvisionResponse.parse(await call('provision_server', request, options)),
    status: async (request, options) => ProvisionStatus.parse(await call('check_provision_status', request, options)),
    servers: async (request, options) => ServerListing.parse(await call('list_servers', request, options)),
    images: async (request, options) => ImageListing.parse(await call('list_images', request, options)),
    call,
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
