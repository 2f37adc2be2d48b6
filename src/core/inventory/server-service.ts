import { deadlines } from '../async/retry.js';
import { Failure } from '../failures.js';
import { op } from '../names.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { BareMetal, Clock, Criteria } from '../ports.js';
import type { Server } from '../server.js';
import { displayName, hasHostname } from '../status/provision-status.js';
import { isUuid } from '../text/identifiers.js';
import { didYouMeanOneOf } from '../text/nearest.js';
import { mismatch, obstacleTo, rulesOfChoice } from './eligibility.js';
import { noneAvailable } from './no-match.js';
import { pagesOf } from './pages.js';
import { searchedServers } from './searched-servers.js';
import {
  type ListedServer,
  listedNow,
  listServers,
  type ServerListing,
  type ServerListRequest,
} from './server-list.js';
import { serverNotAvailable, unsuitable } from './server-not-available.js';

/** After this many candidates the list is too old. */
const candidatesPerList = 10;

/** Finds and chooses servers. Changes nothing. */
export interface ServerService {
  /** @throws Failure `server_not_found`, `server_not_available` */
  findNamed(ref: string, criteria: Criteria, signal: AbortSignal): Promise<Server>;
  /**
   * Free servers in random order, unlocked ones first, until there are no more. The caller adds the ids of ruled-out
   * servers to `out`; the others may come again.
   */
  candidates(criteria: Criteria, out: ReadonlySet<string>, signal: AbortSignal): AsyncGenerator<Server, void>;
  /** The failure if there are no candidates, or no more. It says why. */
  noneAvailable(criteria: Criteria, signal: AbortSignal): Promise<Failure>;
  /**
   * A page of the servers that match, free or not.
   * @throws Failure `invalid_request` for an unknown cursor, `ironic_unavailable`
   */
  list(request: ServerListRequest, signal: AbortSignal): Promise<ServerListing>;
  /**
   * One server, by id, by name, or by the host name of the deployment that it carries.
   * @throws Failure `server_not_found`, also if several deployments have that host name
   */
  find(ref: string, signal: AbortSignal): Promise<Server>;
  /**
   * One server, by id or name, as the list shows it.
   * @throws Failure `server_not_found`, `ironic_unavailable`
   */
  findListed(ref: string, signal: AbortSignal): Promise<ListedServer>;
}

export interface ServerServiceOptions {
  readonly bareMetal: BareMetal;
  readonly clock: Clock;
  readonly policy: Policy;
  /** A number from 0 up to, but not including, 1. */
  readonly random: () => number;
}

export function createServerService({ bareMetal, clock, policy, random }: ServerServiceOptions): ServerService {
  /** If the policy names its classes, asks for each, so that servers of other classes do not fill the pages. */
  async function choosable(criteria: Criteria, out: ReadonlySet<string>, signal: AbortSignal): Promise<Server[]> {
    const classes = criteria.resourceClass === undefined ? policy.classNames : undefined;
    const until = clock.now() + deadlines.choosing;
    const found = (classes ?? [criteria.resourceClass]).map(async (resourceClass) => {
      const sought = { ...criteria, resourceClass };
      const rules = rulesOfChoice(policy, sought);
      const choices: Server[] = [];
      for await (const { servers } of pagesOf((after) => bareMetal.listFree(sought, after, signal))) {
        choices.push(...servers.filter((server) => !out.has(server.id) && rules.every(({ test }) => test(server))));
        if (choices.length >= candidatesPerList || clock.now() >= until) break;
      }
      return choices;
    });
    return (await Promise.all(found)).flat();
  }

  /** Suggests a name of these servers, but none whose class may not be deployed. */
  async function notFound(ref: string, read: () => Promise<readonly Server[]>): Promise<Failure> {
    const meant = await didYouMeanOneOf(ref, async () =>
      (await read()).flatMap(({ name, resourceClass }) =>
        name !== null && policy.allowsClass(resourceClass) ? [name] : [],
      ),
    );
    return new Failure('server_not_found', { id: ref, ...meant });
  }

  async function findByName(ref: string, signal: AbortSignal): Promise<Server> {
    const server = await bareMetal.find(ref, signal);
    if (server === null) throw await notFound(ref, async () => (await bareMetal.list({}, undefined, signal)).servers);
    return server;
  }

  async function findByHostname(hostname: string, signal: AbortSignal): Promise<Server> {
    const { servers, complete } = await searchedServers(bareMetal, signal);
    const hosts = servers.filter((server) => hasHostname(server, hostname));
    const [host] = hosts;
    if (hosts.length > 1) throw severalHosts(hostname, hosts);
    if (host !== undefined) return findByName(host.id, signal);
    throw complete ? await notFound(hostname, async () => servers) : notAmong(servers.length, hostname);
  }

  return {
    async find(ref, signal) {
      const server = await bareMetal.find(ref, signal);
      if (server !== null) return server;
      if (isUuid(ref)) throw new Failure('server_not_found', { id: ref });
      return findByHostname(ref, signal);
    },

    async findNamed(ref, criteria, signal) {
      const server = await findByName(ref, signal);
      if (obstacleTo(server) !== undefined) throw serverNotAvailable(ref, server);
      const lack = mismatch(server, criteria);
      if (lack !== undefined) throw unsuitable(ref, lack);
      return server;
    },

    async *candidates(criteria, out, signal) {
      for (;;) {
        const fresh = await choosable(criteria, out, signal);
        if (fresh.length === 0) return;
        const round = shuffled(fresh, random).slice(0, candidatesPerList);
        yield* round;
        // The holders of the locks need time. Without a pause we would only ask again.
        if (round.some(({ id }) => !out.has(id))) await clock.sleep(250 + random() * 750, signal);
      }
    },

    noneAvailable: (criteria, signal) => noneAvailable({ bareMetal, policy }, criteria, signal),
    list: withPortFailures((request, signal) => listServers({ bareMetal, policy }, request, signal)),

    findListed: withPortFailures(async (ref, signal) => {
      return listedNow(await findByName(ref, signal), bareMetal.now(), policy);
    }),
  };
}

function severalHosts(id: string, hosts: readonly Server[]): Failure {
  const names = hosts.slice(0, 5).map(displayName).join(', ');
  return new Failure('server_not_found', {
    id,
    reason: `${hosts.length} deployments have that host name, on the servers ${names}`,
    hint: 'Ask the user which of them is meant, and pass its server_id.',
  });
}

function notAmong(count: number, id: string): Failure {
  return new Failure('server_not_found', {
    id,
    reason: `no server has that name, and only the first ${count} servers were searched for it as a host name`,
    hint: `Call ${op('servers')} with name_contains until there is no next_cursor, then pass the id of the server.`,
  });
}

/** In random order, unlocked servers first. */
function shuffled(servers: readonly Server[], random: () => number): Server[] {
  return servers
    .map((server) => ({ server, order: random() + (server.lockedBy === null ? 0 : 1) }))
    .sort((left, right) => left.order - right.order)
    .map(({ server }) => server);
}
