import { type Call, createApp, requestId } from './dialect/call.js';
import { Abort, errorResponse, Fault, Locked } from './dialect/errors.js';
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
import { imageRoutes } from './resources/images.js';
import { networkRoutes } from './resources/networks.js';
import { otherRoutes } from './resources/other-resources.js';
import { portRoutes } from './resources/ports.js';
import { recordRoutes } from './resources/records.js';
import { DOZEN, seed } from './seed/seed.js';
import { createWorld } from './world/world.js';

export interface SimulatorOptions {
  /** The clock of the simulated cloud, in milliseconds since the epoch. Without `sleep`, no request waits for a lock. */
  readonly clock?: { now(): number; sleep?(milliseconds: number, signal: AbortSignal): Promise<unknown> };
  /** The number of servers, up to 100,000. The built-in ones by default. */
  readonly servers?: number;
  /** All durations are divided by it. 1 by default: a deployment takes a minute. */
  readonly speed?: number;
  /** For tests: the random numbers of Ironic. Math.random by default. */
  readonly random?: () => number;
  /** The only place to which machines report that they have booted. A caller could name any other. Nowhere by default. */
  readonly reportsTo?: string | undefined;
}

const machineClock = {
  now: () => Date.now(),
  sleep: (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/**
 * An OpenStack Ironic 21.4, a Glance and a Neutron in memory, with their REST APIs. Nothing runs in the background: each
 * request first brings the cloud up to date. It needs no sign-in.
 */
export function createSimulator(options: SimulatorOptions = {}) {
  const clock: NonNullable<SimulatorOptions['clock']> = options.clock ?? machineClock;
  const world = createWorld({
    now: () => clock.now(),
    random: options.random ?? Math.random,
    speed: options.speed ?? 1,
    post(url, body) {
      const { reportsTo } = options;
      if (reportsTo === undefined || !url.startsWith(`${reportsTo}/`)) return;
      fetch(url, { method: 'POST', body, redirect: 'error' }).catch(() => undefined);
    },
  });
  seed(world, options.servers ?? DOZEN);

  const app = createApp();
  app.onError((error, call) => {
    call.env.isLocked = error instanceof Locked;
    return errorResponse(error);
  });
  app.use('/v1/*', async (call, next) => {
    const minor = minorOf(call);
    call.set('minor', minor);
    await next();
    if (call.error instanceof Abort) return;
    const headers = {
      ...rangeHeaders(),
      [VERSION_HEADER]: `1.${minor}`,
      'Openstack-Request-Id': requestId(),
      // Clients measure ages by the server's clock, so this is the simulated one.
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
  recordRoutes(app, world);
  imageRoutes(app, world);
  networkRoutes(app, world);
  otherRoutes(app, world);
  nodeFieldRoute(app, world);
  app.all('*', () => {
    throw new Abort(404);
  });

  return {
    world,
    /** Answers a request to Ironic (`/v1…`), Glance (`/v2/images…`) or Neutron (`/v2.0…`). */
    fetch: async (request: Request): Promise<Response> => {
      for (let attempt = 1; ; attempt += 1) {
        world.agenda.catchUp(world.now());
        const found: { isLocked?: boolean } = {};
        const answer = await app.fetch(request.method === 'GET' ? request : request.clone(), found);
        // Like Ironic's conductor by default, it tries to get a lock three times, a second apart, also if the client has left.
        if (!found.isLocked || !clock.sleep || attempt === 3) return answer;
        await clock.sleep(world.lasting(1), new AbortController().signal);
      }
    },
  };
}

/** The version of a request. At /v1 itself a controller refuses a wrong one, not the framework. */
function minorOf(call: Call): number {
  try {
    return negotiate(call.req.header(VERSION_HEADER) ?? null);
  } catch (error) {
    if (!(error instanceof Abort) || !/^\/v1\/?$/.test(call.req.path)) throw error;
    throw new Fault(error.status, error.message, { ...error.headers, 'Openstack-Request-Id': requestId() });
  }
}
