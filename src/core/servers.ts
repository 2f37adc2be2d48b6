import { Failure } from './failures.js';
import type { Server } from './model.js';
import { createPolicy, type Policy } from './policy.js';
import type { BareMetal, Clock, Criteria } from './ports.js';
import { stateMeaning } from './states.js';
import { isoTime } from './status.js';
import { plain } from './untrusted.js';

/** After this many candidates the list is too old to go by. */
const candidatesPerList = 10;

/** Finds, judges and chooses servers. Changes nothing. */
export interface ServerService {
  /** @throws Failure `server_not_found`, `server_not_available` */
  named(ref: string, criteria: Criteria, signal: AbortSignal): Promise<Server>;
  /**
   * Free servers in random order, those that nobody works on first, until there are no more. The caller puts into
   * `out` the ids of those that are out of the question; the others may come again.
   */
  candidates(criteria: Criteria, out: ReadonlySet<string>, signal: AbortSignal): AsyncGenerator<Server, void>;
}

export interface ServerServiceOptions {
  readonly bareMetal: BareMetal;
  readonly clock: Clock;
  /** What may be chosen; anything, if there is none. */
  readonly policy?: Policy;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

export function createServerService({
  bareMetal,
  clock,
  policy = createPolicy(),
  random,
}: ServerServiceOptions): ServerService {
  /** A list of free servers holds so many at most: those of classes that are out of the question need not fill it. */
  async function permitted(criteria: Criteria, signal: AbortSignal): Promise<readonly Server[]> {
    const classes = criteria.resourceClass === undefined ? policy.classNames : undefined;
    const lists = (classes ?? [criteria.resourceClass]).map((resourceClass) =>
      bareMetal.available({ ...criteria, resourceClass }, signal),
    );
    return (await Promise.all(lists)).flat().filter((server) => policy.allowsClass(server.resourceClass));
  }

  return {
    async named(ref, criteria, signal) {
      const server = await bareMetal.find(ref, signal);
      if (server === null) throw new Failure('server_not_found', { id: ref });
      const obstacle = obstacleTo(server) ?? mismatch(server, criteria);
      if (obstacle) throw new Failure('server_not_available', { id: ref, reason: obstacle });
      return server;
    },

    async *candidates(criteria, out, signal) {
      for (;;) {
        const list = await permitted(criteria, signal);
        const fresh = list.filter((server) => !out.has(server.id) && !obstacleToChoosing(server));
        if (fresh.length === 0) return;
        const round = shuffled(fresh, random).slice(0, candidatesPerList);
        yield* round;
        // Whoever holds the locks has not finished yet: without a pause we would only ask again.
        if (round.some(({ id }) => !out.has(id))) await clock.sleep(250 + random() * 750, signal);
      }
    },
  };
}

/** Why a server cannot be deployed now, as a clause; undefined when it can. */
export function obstacleTo(server: Server): string | undefined {
  if (server.provisionState !== 'available') return stateObstacle(server);
  if (server.deploymentId !== null) return `it is reserved as deployment ${plain(server.deploymentId, 40)}`;
  if (server.maintenance) return 'it is in maintenance';
  if (server.retired) return 'it is retired';
  // The operator of Metal3 takes any server that carries such a name for its own, and undeploys it.
  if (server.name?.includes('~')) return 'its name marks it as one of Metal3, whose operator owns it';
  return undefined;
}

/** What more is wanted of a server that nobody named: those below may be deployed, but only by who asks for them. */
function obstacleToChoosing(server: Server): boolean {
  return obstacleTo(server) !== undefined || server.lessee !== null || server.powerState === null;
}

function stateObstacle(server: Server): string {
  const meaning = stateMeaning(server.provisionState);
  const given =
    meaning && meaning.outcome !== 'none' && server.entry
      ? `; it was given image ${plain(server.entry.image, 120)} at ${isoTime(Date.parse(server.entry.started_at))}`
      : '';
  return `its state is ${plain(server.provisionState, 80)}${given}`;
}

function mismatch(server: Server, { resourceClass }: Criteria): string | undefined {
  if (resourceClass === undefined || server.resourceClass === resourceClass) return undefined;
  return `its resource class is ${plain(server.resourceClass ?? 'not set', 80)}`;
}

/** In random order, but those whose lock is free come first. */
function shuffled(servers: readonly Server[], random: () => number): Server[] {
  return servers
    .map((server) => ({ server, order: random() + (server.lockedBy === null ? 0 : 1) }))
    .sort((left, right) => left.order - right.order)
    .map(({ server }) => server);
}
