import { deadlines } from '../async/retry.js';
import { Failure } from '../failures.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { BareMetal, Clock, Criteria } from '../ports.js';
import type { Server } from '../server.js';
import { displayName } from '../status/provision-status.js';
import { isUuid } from '../text/identifiers.js';
import { didYouMeanOneOf } from '../text/nearest.js';
import { mismatch, obstacleTo, rulesOfChoice } from './eligibility.js';
import { noneAvailable } from './no-match.js';
import { pagesOf } from './pages.js';
import {
  type ListedServer,
  listedNow,
  listServers,
  mostPages,
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

  /** Suggests a name of the first page of servers, but none whose class may not be deployed. */
  async function notFound(ref: string, signal: AbortSignal): Promise<Failure> {
    const meant = await didYouMeanOneOf(ref, async () => {
      const { servers } = await bareMetal.list({}, undefined, signal);
      return servers.flatMap(({ name, resourceClass }) =>
        name !== null && policy.allowsClass(resourceClass) ? [name] : [],
      );
    });
    return new Failure('server_not_found', { id: ref, ...meant });
  }

  /** The servers that carry a deployment with this host name, as far as one call looks. */
  async function hostsOf(hostname: string, signal: AbortSignal): Promise<readonly Server[]> {
    const hosts: Server[] = [];
    let pages = 0;
    for await (const { servers } of pagesOf((after) => bareMetal.list({}, after, signal))) {
      hosts.push(...servers.filter(({ entry }) => entry?.hostname?.toLowerCase() === hostname.toLowerCase()));
      pages += 1;
      if (pages === mostPages) break;
    }
    return hosts;
  }

  async function findByName(ref: string, signal: AbortSignal): Promise<Server> {
    const server = await bareMetal.find(ref, signal);
    if (server === null) throw await notFound(ref, signal);
    return server;
  }

  return {
    async find(ref, signal) {
      const server = await bareMetal.find(ref, signal);
      if (server !== null) return server;
      const hosts = isUuid(ref) ? [] : await hostsOf(ref, signal);
      const [host] = hosts;
      if (host === undefined) throw await notFound(ref, signal);
      if (hosts.length > 1) throw severalHosts(ref, hosts);
      return findByName(host.id, signal);
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

/** In random order, unlocked servers first. */
function shuffled(servers: readonly Server[], random: () => number): Server[] {
  return servers
    .map((server) => ({ server, order: random() + (server.lockedBy === null ? 0 : 1) }))
    .sort((left, right) => left.order - right.order)
    .map(({ server }) => server);
}
