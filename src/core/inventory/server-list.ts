import * as z from 'zod';
import type { Policy } from '../policy.js';
import { type BareMetal, Refused } from '../ports.js';
import { label } from '../requests.js';
import type { Server } from '../server.js';
import { hasNoDeployment, imageName, nameOf } from '../status/provision-status.js';
import { isUuid } from '../text/identifiers.js';
import { plain } from '../text/untrusted.js';
import { noteOn } from './eligibility.js';
import { badCursor, listArguments, nextCursor } from './listing.js';
import { noServers } from './no-match.js';
import { pagesOf } from './pages.js';
import { mostPages } from './searched-servers.js';
import {
  type Availability,
  availabilities,
  availabilityOf,
  ClassCount,
  createTally,
  type Tally,
} from './server-tally.js';

/** The traits of one server that are named; the rest is counted. */
const mostTraits = 8;

/** The characters of a page for each server that it may show. Fifty servers cost a model at most about 5,000 tokens. */
const charactersEach = 280;

/** What `list_servers` asks for. */
export const ServerListRequest = z.strictObject({
  resource_class: label(80).optional().describe('Only servers of this class, e.g. baremetal.small'),
  state: z.enum(availabilities).optional().describe('Only servers in this state; available: can be deployed now'),
  name_contains: label(255).optional().describe('Only servers with this text in their name or host name'),
  deployed_here: z.boolean().optional().describe('true: only deployments made through ironic-mcp; false: only others'),
  ...listArguments,
});
export type ServerListRequest = z.output<typeof ServerListRequest>;

/** Unknown members are left out. */
const ListedServer = z.strictObject({
  id: z.string(),
  name: z.string().optional(),
  resource_class: z.string().optional(),
  state: z.enum(availabilities),
  cpus: z.number().optional(),
  memory_gb: z.number().optional(),
  disk_gb: z.number().optional(),
  traits: z.array(z.string()).optional(),
  more_traits: z.int().optional(),
  hostname: z.string().optional().describe('Host name of the deployment'),
  image_name: z.string().optional().describe('Image by its name; its id or URL if it has none'),
  started_at: z.iso.datetime().optional(),
  deployed_here: z.boolean().optional().describe('Whether its deployment was made through ironic-mcp'),
  note: z.string().optional().describe('Why it cannot be deployed, or should not be'),
});
export type ListedServer = z.output<typeof ListedServer>;

/** What `list_servers` answers. */
export const ServerListing = z.strictObject({
  message: z.string(),
  counts: z.array(ClassCount).optional().describe('Of all matching servers, on the first page only'),
  servers: z.array(ListedServer),
  next_cursor: nextCursor,
});
export type ServerListing = z.output<typeof ServerListing>;

/** A page of the servers that match. The first page also has the counts. */
export async function listServers(
  { bareMetal, policy }: { readonly bareMetal: BareMetal; readonly policy: Policy },
  request: ServerListRequest,
  signal: AbortSignal,
): Promise<ServerListing> {
  const { resource_class: resourceClass, state, limit, cursor } = request;
  if (cursor !== undefined && !isUuid(cursor)) throw badCursor();
  // Ironic itself can filter only by the first of our states, and not by a part of a name.
  const method = state === availabilities[0] ? 'listFree' : 'list';
  const isWanted = createFilter(request);
  const tally = createTally();
  const found: ListedServer[] = [];
  let pages = 0;
  let lookedAt = 0;
  let more: string | null = null;
  let enough = false;
  const load = (after: string | undefined) => bareMetal[method]({ resourceClass }, after, signal).catch(goneAt(after));
  for await (const { servers, next } of pagesOf(load, cursor)) {
    pages += 1;
    lookedAt += servers.length;
    more = next;
    for (const server of servers) {
      const availability = availabilityOf(server, bareMetal.now(), policy);
      if (state !== undefined && availability !== state) continue;
      if (!isWanted(server)) continue;
      tally.add(server, availability);
      if (found.length <= limit) found.push(listed(server, availability, policy));
    }
    // The counts on the first page need all servers.
    enough = cursor !== undefined && found.length > limit;
    if (enough || pages === mostPages) break;
  }
  const shown = withinRoom(found.slice(0, limit), limit * charactersEach);
  return {
    message: messageOf(request, tally, { complete: more === null || enough, lookedAt }),
    ...(cursor === undefined ? { counts: tally.byClass() } : {}),
    servers: shown,
    next_cursor: found.length > shown.length ? (shown.at(-1)?.id ?? null) : more,
  };
}

/** The filters that Ironic does not have. */
function createFilter({ name_contains: part = '', deployed_here: here }: ServerListRequest) {
  const wanted = part.toLowerCase();
  return (server: Server): boolean =>
    [server.name ?? '', server.entry?.hostname ?? ''].some((name) => name.toLowerCase().includes(wanted)) &&
    (here === undefined || (!hasNoDeployment(server) && here === (server.entry !== null)));
}

/** The servers that fit into `room` characters, but at least one. Long entries make a page shorter; none is cut. */
function withinRoom(servers: readonly ListedServer[], room: number): ListedServer[] {
  let left = room;
  return servers.filter((server, index) => {
    left -= JSON.stringify(server).length;
    return left >= 0 || index === 0;
  });
}

/** One server as the list shows it. */
export function listedNow(server: Server, now: number, policy: Policy): ListedServer {
  return listed(server, availabilityOf(server, now, policy), policy);
}

/** Ironic refuses a page after a server that is gone. */
function goneAt(after: string | undefined): (error: unknown) => never {
  return (error) => {
    throw after !== undefined && error instanceof Refused && error.refusal === 'not_found' ? badCursor() : error;
  };
}

function messageOf(
  { cursor, resource_class, state, name_contains, deployed_here }: ServerListRequest,
  tally: Tally,
  { complete, lookedAt }: { readonly complete: boolean; readonly lookedAt: number },
): string {
  const looked = complete ? '' : ` Only ${lookedAt} servers were read; call again with next_cursor to go on.`;
  if (cursor !== undefined) return `This page continues the previous one.${looked}`;
  const total = tally.total();
  const filtered = [resource_class, state, name_contains, deployed_here].some((filter) => filter !== undefined);
  if (total === 0 && !filtered) return `${noServers}.`;
  if (total === 0 && !complete) return `No server matched so far.${looked}`;
  if (total === 0 && resource_class !== undefined)
    return '0 servers match. Call again without resource_class to see the classes.';
  const each = tally.byAvailability().map(([availability, count]) => `${count} ${availability}`);
  const servers = total === 1 ? `server${filtered ? ' matches' : ''}` : `servers${filtered ? ' match' : ''}`;
  const count = `${complete ? '' : 'At least '}${total} ${servers}`;
  return `${count}${each.length > 0 ? `: ${each.join(', ')}` : ''}.${looked}`;
}

function listed(server: Server, availability: Availability, policy: Policy): ListedServer {
  const { id, resourceClass, cpus, memoryMb, diskGb, traits } = server;
  const name = nameOf(server);
  const note = noteOn(server, policy);
  // The operator's own traits say most.
  const [own, standard] = [traits.filter(isCustom), traits.filter((trait) => !isCustom(trait))];
  const told = [...own, ...standard].slice(0, mostTraits).map((trait) => plain(trait, 255));
  return {
    id,
    ...(name === null ? {} : { name }),
    ...(resourceClass === null ? {} : { resource_class: plain(resourceClass, 80) }),
    state: availability,
    ...(cpus === null ? {} : { cpus }),
    ...(memoryMb === null ? {} : { memory_gb: Math.round((memoryMb / 1024) * 10) / 10 }),
    ...(diskGb === null ? {} : { disk_gb: diskGb }),
    ...(told.length === 0 ? {} : { traits: told }),
    ...(traits.length > told.length ? { more_traits: traits.length - told.length } : {}),
    ...deploymentOn(server),
    ...(note === undefined ? {} : { note }),
  };
}

/** Whose deployment a server carries. A start that Ironic does not show is left out, not estimated. */
function deploymentOn(server: Server): Partial<ListedServer> {
  if (hasNoDeployment(server)) return {};
  const { entry } = server;
  const image = imageName(server);
  return {
    ...(entry?.hostname === undefined ? {} : { hostname: entry.hostname }),
    ...(image === null ? {} : { image_name: image }),
    ...(entry === null ? {} : { started_at: entry.started_at }),
    deployed_here: entry !== null,
  };
}

function isCustom(trait: string): boolean {
  return trait.startsWith('CUSTOM_');
}
