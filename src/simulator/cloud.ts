import { type Call, createApp, requestId } from './dialect/call.js';
import { Abort, errorResponse, Fault } from './dialect/errors.js';
import { negotiate, rangeHeaders, VERSION_HEADER } from './dialect/version.js';
import { bootDeviceRoutes } from './nodes/boot-device.js';
import { historyRoutes } from './nodes/history.js';
import { nodeFieldRoute, nodeRoutes } from './nodes/nodes.js';
import { powerRoutes } from './nodes/power.js';
import { provisionRoutes } from './nodes/provision.js';
import { traitRoutes } from './nodes/traits.js';
import { vifRoutes } from './nodes/vifs.js';
import { allocationRoutes } from './resources/allocations.js';
import { conductorRoutes } from './resources/conductors.js';
import { discoveryRoutes } from './resources/discovery.js';
import { emptyCollectionRoutes } from './resources/empty-collections.js';
import { imageRoutes } from './resources/images.js';
import { portRoutes } from './resources/ports.js';
import { DOZEN, seed } from './seed/seed.js';
import { createWorld } from './world/world.js';

export interface SimulatorOptions {
  /** The time of the simulated cloud, in milliseconds since the epoch; Date.now unless given. */
  readonly clock?: { now(): number };
  /** How many servers, up to 100,000; the built-in dozen unless given. */
  readonly servers?: number;
  /** All durations are divided by it; 1 unless given, where a deployment takes a minute. */
  readonly speed?: number;
  /** For tests: chooses where Ironic chooses at random. Math.random unless given. */
  readonly random?: () => number;
}

/**
 * An OpenStack Ironic and a Glance in memory, speaking their REST dialects as Ironic 21.4 does. Nothing runs in the
 * background: the cloud catches up with the clock whenever it is asked something. It asks nobody to sign in.
 */
export function createSimulator(options: SimulatorOptions = {}) {
  const clock = options.clock ?? { now: () => Date.now() };
  const world = createWorld({
    now: () => clock.now(),
    random: options.random ?? Math.random,
    speed: options.speed ?? 1,
  });
  seed(world, options.servers ?? DOZEN);

  const app = createApp();
  app.onError(errorResponse);
  app.use('/v1/*', async (call, next) => {
    const minor = minorOf(call);
    call.set('minor', minor);
    await next();
    if (call.error instanceof Abort) return;
    const headers = {
      ...rangeHeaders(),
      [VERSION_HEADER]: `1.${minor}`,
      'Openstack-Request-Id': requestId(),
      // Clients tell the age of things by the server's clock, which here is the simulated one.
      Date: new Date(world.now()).toUTCString(),
    };
    for (const [name, value] of Object.entries(headers)) call.header(name, value);
  });
  discoveryRoutes(app);
  nodeRoutes(app, world);
  provisionRoutes(app, world);
  powerRoutes(app, world);
  bootDeviceRoutes(app, world);
  traitRoutes(app, world);
  historyRoutes(app, world);
  portRoutes(app, world);
  vifRoutes(app, world);
  allocationRoutes(app, world);
  conductorRoutes(app, world);
  emptyCollectionRoutes(app, world);
  nodeFieldRoute(app, world);
  imageRoutes(app, world);
  app.all('*', () => {
    throw new Abort(404);
  });

  return {
    world,
    /** Answers a request to Ironic (`/v1…`) or Glance (`/v2/images…`). */
    fetch: async (request: Request): Promise<Response> => {
      world.agenda.catchUp(world.now());
      return app.fetch(request);
    },
  };
}

/** The version that a request speaks. At /v1 itself it is a controller that refuses one, below the framework. */
function minorOf(call: Call): number {
  try {
    return negotiate(call.req.header(VERSION_HEADER) ?? null);
  } catch (error) {
    if (!(error instanceof Abort) || !/^\/v1\/?$/.test(call.req.path)) throw error;
    throw new Fault(error.status, error.message, { ...error.headers, 'Openstack-Request-Id': requestId() });
  }
}
