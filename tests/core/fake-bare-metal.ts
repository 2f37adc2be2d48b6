import type { ConfigDrive } from '../../src/core/image.js';
import type { Card } from '../../src/core/network-service.js';
import {
  type BareMetal,
  type Clock,
  type LastLook,
  NoAnswer,
  type Refusal,
  Refused,
  type Reservation,
  type Sent,
  type ServerFilter,
  type ServerPage,
} from '../../src/core/ports.js';
import type { RecordedError, Server } from '../../src/core/server.js';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A UUID that ends in the given number. */
export function uuid(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** A server that is free, with the id `uuid(number)` and the name `bm-<number>`. */
export function freeServer(number = 1, overrides: Partial<Server> = {}): Server {
  return {
    id: uuid(number),
    name: `bm-${number}`,
    resourceClass: 'baremetal.small',
    provisionState: 'available',
    targetState: null,
    provisionedAt: Date.UTC(2026, 10, 22, 7),
    calledAt: null,
    heardAt: null,
    deploymentId: null,
    entry: null,
    attemptId: null,
    allocated: false,
    isProtected: false,
    automatedClean: null,
    imageSource: null,
    maintenance: false,
    maintenanceReason: null,
    fault: null,
    // A conductor holds its lock while it works.
    lockedBy: overrides.provisionState === 'deploying' ? 'conductor' : null,
    showsLock: true,
    // The end of a deployment switches the server on.
    powerState: overrides.provisionState === 'active' ? 'power on' : 'power off',
    targetPower: null,
    poweredAt: null,
    retired: false,
    lessee: null,
    tenancy: 'anybody',
    step: null,
    lastError: null,
    cpus: 8,
    memoryMb: 16_384,
    diskGb: 100,
    architecture: 'x86_64',
    networkInterface: null,
    deployInterface: 'direct',
    traits: [],
    conductorGroup: '',
    ...overrides,
  };
}

/** What may go wrong with one call. It may perform the call's effect, and may throw instead of answering. */
export type Mishap = (act: () => void) => void;

/** Ironic says no, and nothing happens. */
export function refused(refusal: Refusal, words = `it is ${refusal}`): Mishap {
  return () => {
    throw new Refused(refusal, words);
  };
}

/** The request is never sent. */
export const unsent: Mishap = () => {
  throw new NoAnswer('Ironic cannot be reached (ECONNREFUSED)', false);
};

/** The request gets lost on its way. */
export const lostRequest: Mishap = () => {
  throw new NoAnswer('Ironic did not answer within 30 s', true);
};

/** The request takes effect if it can, but its answer is lost. */
export const lostAnswer: Mishap = (act) => {
  try {
    act();
  } catch {
    // Whatever Ironic said, nobody heard it.
  }
  throw new NoAnswer('Ironic broke the connection off (ECONNRESET)', true);
};

type Method =
  | 'find'
  | 'errors'
  | 'findByDeployment'
  | 'listFree'
  | 'listReservedOrDeploying'
  | 'listInDeployment'
  | 'list'
  | 'cards'
  | 'recordedAt'
  | 'reserve'
  | 'attach'
  | 'detach'
  | 'deploy'
  | 'undeploy'
  | 'reboot'
  | 'release'
  | 'recordBoot';

/** One request, as it arrived. */
export interface Request {
  readonly method: Method;
  /** The server it names, or the resource class. */
  readonly about: string;
}

/** What was done to the servers by `deploy`. */
export interface Deployment {
  readonly serverId: string;
  /** The deployment that had the server at that moment. */
  readonly deploymentId: string | null;
  readonly configDrive: ConfigDrive | undefined;
}

/** A restart, and what the server was at that moment. */
export interface Reboot extends Pick<Deployment, 'serverId' | 'deploymentId'>, Pick<Server, 'provisionState'> {
  readonly how: 'soft' | 'hard';
}

export interface FakeBareMetalOptions {
  readonly servers: readonly Server[];
  readonly clock: Clock;
  /** Decides before each request whether it goes wrong. */
  readonly misbehave?: (request: Request) => Mishap | undefined;
  /** How many servers a page of the list holds; by default so few that every walk takes several. */
  readonly pageLength?: number;
}

/** Bare metal in memory that keeps Ironic's rules, and can be told to misbehave. */
export interface FakeBareMetal extends BareMetal {
  /** All requests, like `reserve bm-1`. */
  readonly requests: readonly string[];
  readonly deployments: readonly Deployment[];
  /** What was taken away by `undeploy`. */
  readonly undeployments: readonly Pick<Deployment, 'serverId' | 'deploymentId'>[];
  /** What was restarted by `reboot`. */
  readonly reboots: readonly Reboot[];
  /** Every id that was reserved with, whether it took effect or not. */
  readonly deploymentIds: ReadonlySet<string>;
  readonly servers: ReadonlyMap<string, Readonly<Server>>;
  /** What the last reservation of a server described. */
  instanceInfo(serverId: string): Reservation['instanceInfo'] | undefined;
  /** The Neutron ports that are attached to a server; somebody else may change them. */
  portsOf(serverId: string): Set<string>;
  /** The network cards of a server, if they differ from the usual single one. */
  readonly cardsOf: Map<string, readonly Pick<Card, 'mac' | 'pxe'>[]>;
  /** What Ironic has on record about a server. */
  readonly record: Map<string, readonly RecordedError[]>;
  /** What somebody else does to a server. */
  set(serverId: string, changes: Partial<Server>): void;
}

const pageOfFree = { first: 80, next: 1_000 };

const busyStates = new Set(['deploying', 'wait call-back', 'deleting', 'cleaning', 'clean wait']);

export function createFakeBareMetal({
  servers: initial,
  clock,
  misbehave = () => undefined,
  pageLength = 2,
}: FakeBareMetalOptions): FakeBareMetal {
  const servers = new Map(initial.map((server): [string, Mutable<Server>] => [server.id, { ...server }]));
  const requests: string[] = [];
  const deployments: Deployment[] = [];
  const undeployments: Pick<Deployment, 'serverId' | 'deploymentId'>[] = [];
  const reboots: Reboot[] = [];
  const deploymentIds = new Set<string>();
  const described = new Map<string, Reservation['instanceInfo']>();
  const ports = new Map<string, Set<string>>();
  const record = new Map<string, readonly RecordedError[]>();
  const cards = new Map<string, readonly Pick<Card, 'mac' | 'pxe'>[]>();
  const portsOf = (serverId: string) => {
    const attached = ports.get(serverId) ?? new Set();
    ports.set(serverId, attached);
    return attached;
  };

  const byRef = (ref: string) => [...servers.values()].find(({ id, name }) => id === ref || name === ref);
  const known = (id: string) => {
    const server = servers.get(id);
    if (!server) throw new Refused('not_found', `Node ${id} could not be found.`);
    return server;
  };

  function page(
    { resourceClass, conductorGroup }: ServerFilter,
    after: string | undefined,
    limit: number,
    matches: (server: Server) => boolean = () => true,
  ): ServerPage {
    if (after !== undefined) known(after);
    const found = [...servers.values()]
      .filter((server) => after === undefined || server.id > after)
      .filter((server) => resourceClass === undefined || server.resourceClass === resourceClass)
      .filter((server) => conductorGroup === undefined || server.conductorGroup === conductorGroup)
      .filter(matches)
      .sort((left, right) => (left.id < right.id ? -1 : 1))
      .slice(0, limit)
      .map((server) => ({ ...server }));
    // As Ironic does: a page that is full may be followed by an empty one.
    return { servers: found, next: found.length === limit ? (found.at(-1)?.id ?? null) : null };
  }

  const isFree = ({ provisionState, deploymentId, maintenance }: Server) =>
    provisionState === 'available' && deploymentId === null && !maintenance;

  async function request<Result>(
    method: Method,
    about: string,
    signal: AbortSignal,
    act: () => Result,
  ): Promise<Result> {
    signal.throwIfAborted();
    requests.push(`${method} ${byRef(about)?.name ?? about}`);
    misbehave({ method, about })?.(act);
    return act();
  }

  /** Reads the server again if the last look is old, as the adapter does right before it sends the change. */
  async function unlessOvertaken(
    serverId: string,
    { at, permits }: LastLook,
    signal: AbortSignal,
    change: () => Promise<void>,
  ): Promise<Sent> {
    if (at === null || clock.now() - at > 1_000) {
      const server = await request('find', serverId, signal, () => byRef(serverId)).catch((error: unknown) => {
        throw error instanceof NoAnswer ? error.withoutEffect() : error;
      });
      const now = server ? { ...server } : null;
      if (!permits(now)) return { kind: 'overtaken', server: now };
    }
    await change();
    return { kind: 'accepted' };
  }

  return {
    requests,
    deployments,
    undeployments,
    reboots,
    deploymentIds,
    servers,
    instanceInfo: (serverId) => described.get(serverId),
    portsOf,
    cardsOf: cards,
    record,
    set(serverId, changes) {
      Object.assign(known(serverId), changes);
    },

    find: (ref, signal) =>
      request('find', ref, signal, () => {
        const server = byRef(ref);
        return server ? { ...server } : null;
      }),

    errors: (serverId, signal) =>
      request('errors', serverId, signal, () => record.get(byRef(serverId)?.id ?? '') ?? []),

    findByDeployment: (deploymentId, signal) =>
      request('findByDeployment', deploymentId, signal, () => {
        const server = [...servers.values()].find((each) => each.deploymentId === deploymentId);
        return server ? { ...server } : null;
      }),

    listFree: (filter, after, signal) =>
      request('listFree', filter.resourceClass ?? 'any', signal, () =>
        page(filter, after, after === undefined ? pageOfFree.first : pageOfFree.next, isFree),
      ),

    listInDeployment: (signal) =>
      request('listInDeployment', 'all', signal, () =>
        [...servers.values()]
          .filter(({ provisionState }) => ['deploying', 'wait call-back'].includes(provisionState))
          .map((server) => ({ ...server })),
      ),

    listReservedOrDeploying: (signal) =>
      request('listReservedOrDeploying', 'all', signal, () =>
        [...servers.values()]
          .filter(({ provisionState }) => ['available', 'deploying', 'wait call-back'].includes(provisionState))
          .filter(({ deploymentId }) => deploymentId !== null)
          .map((server) => ({ ...server })),
      ),

    reserve(serverId, { deploymentId, attemptId, entry, instanceInfo, replaces }: Reservation, signal) {
      deploymentIds.add(deploymentId);
      return request('reserve', serverId, signal, () => {
        const server = known(serverId);
        if (busyStates.has(server.provisionState)) {
          throw new Refused('wrong_state', 'Node can not be updated while a state transition is in progress.');
        }
        if (server.deploymentId !== null && server.deploymentId !== deploymentId) {
          throw new Refused('taken', `Node ${serverId} is associated with instance ${server.deploymentId}.`);
        }
        if (replaces !== undefined && server.attemptId !== replaces) {
          throw new Refused('taken', "Couldn't apply patch: there is no such entry.");
        }
        const elsewhere = [...servers.values()].some(
          (other) => other !== server && other.deploymentId === deploymentId,
        );
        if (elsewhere) throw new Refused('elsewhere', `Instance ${deploymentId} is already associated with a node`);
        server.deploymentId = deploymentId;
        server.attemptId = attemptId;
        server.entry = entry;
        server.imageSource = String(instanceInfo.image_source ?? '');
        described.set(serverId, instanceInfo);
        return { ...server };
      });
    },

    deploy: (serverId, { configDrive, lastLook }, signal) =>
      unlessOvertaken(serverId, lastLook, signal, () =>
        request('deploy', serverId, signal, () => {
          const server = known(serverId);
          if (!['available', 'deploy failed'].includes(server.provisionState) || server.maintenance) {
            throw new Refused('wrong_state', `it is in state "${server.provisionState}"`);
          }
          server.provisionState = 'deploying';
          server.provisionedAt = clock.now();
          deployments.push({ serverId, deploymentId: server.deploymentId, configDrive });
        }),
      ),

    undeploy: (serverId, lastLook, signal) =>
      unlessOvertaken(serverId, lastLook, signal, () =>
        request('undeploy', serverId, signal, () => {
          const server = known(serverId);
          if (server.isProtected) throw new Refused('forbidden', `Node ${serverId} is protected`);
          if (!['active', 'deploy failed', 'wait call-back', 'error', 'rescue'].includes(server.provisionState)) {
            throw new Refused('wrong_state', `it is in state "${server.provisionState}"`);
          }
          undeployments.push({ serverId, deploymentId: server.deploymentId });
          Object.assign(server, { provisionState: 'deleting', provisionedAt: clock.now() });
        }),
      ),

    reboot: (serverId, how, lastLook, signal) =>
      unlessOvertaken(serverId, lastLook, signal, () =>
        request('reboot', serverId, signal, () => {
          const { deploymentId, provisionState } = known(serverId);
          reboots.push({ serverId, deploymentId, provisionState, how });
        }),
      ),

    release: (serverId, { deploymentId, attemptId }, signal) =>
      request('release', serverId, signal, () => {
        const server = known(serverId);
        if (server.deploymentId !== deploymentId || server.attemptId !== attemptId) return;
        if (busyStates.has(server.provisionState)) {
          throw new Refused('wrong_state', 'Node can not be updated while a state transition is in progress.');
        }
        server.deploymentId = null;
        server.entry = null;
        server.attemptId = null;
        server.imageSource = null;
      }),

    list: (filter, after, signal) =>
      request('list', after ?? filter.resourceClass ?? 'from the start', signal, () => page(filter, after, pageLength)),

    recordBoot: (serverId, { deploymentId, digest, report }, signal) =>
      request('recordBoot', serverId, signal, () => {
        const server = known(serverId);
        if (server.lockedBy !== null)
          throw new Refused('locked', `Node ${serverId} is locked by host ${server.lockedBy}`);
        const { expected, ...entry } = server.entry ?? {};
        if (!server.entry || server.deploymentId !== deploymentId || expected?.digest !== digest) {
          throw new Refused('taken', "Couldn't apply patch: there is no such member.");
        }
        server.entry = { ...server.entry, ...entry, expected: undefined, booted: report };
      }),

    cards: (serverId, signal) =>
      request('cards', serverId, signal, () => {
        const own = cards.get(serverId) ?? [{ mac: '52:54:00:00:00:01', pxe: true }];
        const vifs = [...portsOf(serverId)];
        const count = Math.max(own.length, vifs.length);
        return Array.from({ length: count }, (_, index) => ({
          ...(own[index] ?? { mac: `52:54:00:00:01:0${index}`, pxe: false }),
          vif: vifs[index] ?? null,
          kind: 'single' as const,
        }));
      }),

    recordedAt: (signal) =>
      request('recordedAt', 'all', signal, () => {
        const all = [...ports].flatMap(([serverId, vifs]) => [...vifs].map((vif): [string, string] => [vif, serverId]));
        return new Map(all);
      }),

    attach: (serverId, vif, signal) =>
      request('attach', serverId, signal, () => {
        portsOf(serverId).add(vif);
        return 'accepted';
      }),

    detach: (serverId, vif, signal) =>
      request('detach', serverId, signal, () => {
        portsOf(serverId).delete(vif);
      }),

    now: () => clock.now(),
    latest: () => clock.now(),
  };
}

/** Mishaps in the order of the requests of each kind; those that are not named, or left out by null, go well. */
export function script(
  mishaps: Partial<Record<Method, readonly (Mishap | null)[]>>,
): (request: Request) => Mishap | undefined {
  const seen: Partial<Record<Method, number>> = {};
  return ({ method }) => {
    const index = seen[method] ?? 0;
    seen[method] = index + 1;
    return mishaps[method]?.[index] ?? undefined;
  };
}

/** The same mishap every time, for as long as anybody tries. */
export function always(mishap: Mishap): readonly Mishap[] {
  return Array<Mishap>(1_000).fill(mishap);
}
