import { type Changes, createChanges } from '../../src/core/async/changes.js';
import { Failure } from '../../src/core/failures.js';
import type { Image } from '../../src/core/image.js';
import { createServerService } from '../../src/core/inventory/server-service.js';
import type { NetworkService } from '../../src/core/network-service.js';
import { createPolicy, type PolicySettings } from '../../src/core/policy.js';
import type { BareMetal, Images } from '../../src/core/ports.js';
import { createProvisionService, type ProvisionService } from '../../src/core/provision/provision.js';
import type { ProvisionRequest, ProvisionResponse } from '../../src/core/requests.js';
import type { Server } from '../../src/core/server.js';
import { createStatusService, type StatusService } from '../../src/core/status/wait-for-change.js';
import {
  createFakeBareMetal,
  type FakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  script,
  uuid,
} from './fake-bare-metal.js';
import { createFakeClock, type FakeClock, start } from './fake-clock.js';

/** An image of a whole disk that fits everywhere. */
export function image(overrides: Partial<Image> = {}): Image {
  return {
    id: uuid(700),
    name: 'ubuntu-24.04',
    instanceInfo: { image_source: uuid(700) },
    minDiskGb: 0,
    architecture: null,
    isPartition: false,
    loginUser: 'ubuntu',
    lacksChecksum: false,
    ...overrides,
  };
}

/** One image that can be deployed, one that is too large for most disks, one that cannot be deployed, and any URL. */
const images: Images = {
  list: async () => ({ images: [], complete: true, anyUrl: true }),
  async find(ref, signal) {
    signal.throwIfAborted();
    if (ref === 'ubuntu-24.04' || ref === uuid(700)) {
      return image();
    }
    if (ref === 'huge') return image({ id: uuid(701), name: 'huge', minDiskGb: 500 });
    if (ref.startsWith('https:')) {
      const minDiskGb = ref.includes('huge') ? 500 : 0;
      return image({ id: ref, name: null, instanceInfo: { image_source: ref }, minDiskGb });
    }
    if (ref === 'queued') throw new Failure('image_not_deployable', { id: ref, reason: 'its status is queued' });
    return null;
  },
};

export interface Setup {
  readonly bareMetal: FakeBareMetal;
  readonly clock: FakeClock;
  readonly changes: Changes;
  readonly service: ProvisionService & StatusService;
  provision(request?: Partial<ProvisionRequest>, signal?: AbortSignal): Promise<ProvisionResponse>;
  /** Provisions, and answers the expected failure. */
  failure(request?: Partial<ProvisionRequest>, signal?: AbortSignal): Promise<Failure>;
  /** The requests that change something, e.g. `deploy bm-1`. */
  writes(): readonly string[];
}

export interface SetupOptions {
  readonly servers?: readonly Server[];
  readonly misbehave?: FakeBareMetalOptions['misbehave'];
  readonly random?: () => number;
  readonly policy?: PolicySettings;
  /** The images that are offered. */
  readonly list?: Images['list'];
  readonly bootReportUrl?: string;
  readonly idempotencyScope?: (signal: AbortSignal) => Promise<string>;
  readonly networks?: NetworkService;
  /** Stands between the service and its bare metal. */
  readonly between?: (bareMetal: BareMetal) => BareMetal;
}

/** The provisioning service on bare metal in memory. */
export function setup(options: SetupOptions = {}): Setup {
  const {
    servers = [freeServer(1)],
    misbehave,
    random = () => 0,
    between = (bareMetal) => bareMetal,
    idempotencyScope = async () => 'tests',
  } = options;
  const policy = createPolicy({ allowVifs: true, ...options.policy });
  const clock = createFakeClock();
  const fake = createFakeBareMetal({ servers, clock, ...(misbehave ? { misbehave } : {}) });
  const bareMetal = between(fake);
  const changes = createChanges();
  const status = createStatusService({ bareMetal, clock, policy, random });
  const provisioning = createProvisionService({
    onChange: status.forget,
    bareMetal,
    networks: options.networks,
    images: { ...images, ...(options.list ? { list: options.list } : {}) },
    servers: createServerService({ bareMetal, clock, policy, random }),
    changes,
    clock,
    policy,
    random,
    idempotencyScope,
    bootReportUrl: options.bootReportUrl,
  });
  const service = { ...provisioning, ...status };
  const provision: Setup['provision'] = (request = {}, signal = new AbortController().signal) =>
    service.provision({ image_id: 'ubuntu-24.04', ...request }, signal);
  return {
    bareMetal: fake,
    clock,
    changes,
    service,
    provision,
    async failure(request, signal) {
      try {
        await provision(request, signal);
      } catch (error) {
        if (error instanceof Failure) return error;
        throw error;
      }
      throw new Error('The deployment was started.');
    },
    writes: () =>
      fake.requests.filter(
        (request) => !/^(find|listFree|findByDeployment|listReservedOrDeploying|list|cards|recordedAt) /.test(request),
      ),
  };
}

/** What `deployedServer` carries. */
export const deploymentId = uuid(901);
export const entry = { started_at: new Date(start - 600_000).toISOString(), image: 'ubuntu-24.04', digest: 'd' };

/** Server 1 with a deployment of ours. */
export const deployedServer = (overrides: Partial<Server> = {}) =>
  freeServer(1, { provisionState: 'active', deploymentId, entry, attemptId: uuid(951), ...overrides });

/** Bare metal for a service that changes deployed servers, and the ids of the servers that it says to have changed. */
export function changeSetup(servers: readonly Server[], mishaps: Parameters<typeof script>[0] = {}) {
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock, misbehave: script(mishaps) });
  const changed: string[] = [];
  const onChange = (serverId: string) => changed.push(serverId);
  return {
    bareMetal,
    clock,
    changed,
    options: { bareMetal, clock, random: () => 0, changes: createChanges(), onChange },
  };
}

/** The failure with which a call ends. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    (value) => new Error(`it succeeded: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof Failure) return error;
  throw error;
}

/** Random numbers that are the same in every run. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
