import { type ClassCount, countsOf, type Listing, oneOf, type Server, type State, states } from './answers.js';
import { clean } from './words.js';

/** The most slots that are drawn at the same time. */
export const mostSlots = 60;

/** The slots of a folded rack. */
const foldedSlots = 8;

/** What the reader wants to see. Null and empty mean everything. */
export interface Filter {
  readonly state: State | null;
  readonly resourceClass: string | null;
  readonly text: string;
}

export const everything: Filter = { state: null, resourceClass: null, text: '' };

export const isFiltered = ({ state, resourceClass, text }: Filter): boolean =>
  state !== null || resourceClass !== null || text !== '';

/** The servers that the page knows. */
export interface Fleet {
  readonly counts: readonly ClassCount[];
  readonly servers: readonly Server[];
  /** The filter with which the list was asked for. */
  readonly filter: Filter;
  /** Whether `servers` has all of them. */
  readonly complete: boolean;
}

/** One rack of the board: the servers of one class. */
export interface Rack {
  readonly resourceClass: string;
  readonly counts: Readonly<Record<State, number>>;
  readonly total: number;
  readonly slots: readonly Server[];
  /** Whether the rack can be opened to see more of its servers. */
  readonly canOpen: boolean;
}

/** The fleet that a listing shows. A later page has no counts, so they are made from its servers. */
export function fleetOf({ counts, servers, nextCursor }: Listing, filter: Filter): Fleet {
  return { counts: counts ?? countedClasses(servers), servers, filter, complete: nextCursor === null };
}

function countedClasses(servers: readonly Server[]): readonly ClassCount[] {
  return [...new Set(servers.map(({ resourceClass }) => resourceClass))].sort().map((resourceClass) => ({
    resourceClass,
    counts: countsOf(
      (state) => servers.filter((each) => each.resourceClass === resourceClass && each.state === state).length,
    ),
  }));
}

export function totalOf(counts: Readonly<Record<State, number>>): number {
  return states.reduce((sum, state) => sum + counts[state], 0);
}

/** The number of servers of each state, over all classes. */
export function sumOf(counts: readonly ClassCount[]): Readonly<Record<State, number>> {
  return countsOf((state) => counts.reduce((sum, each) => sum + each.counts[state], 0));
}

/** Whether a filter can be applied to the servers that are here, without another call. */
export function canFilterHere({ complete, filter }: Fleet): boolean {
  return complete && !isFiltered(filter);
}

export function matching(servers: readonly Server[], { state, resourceClass, text }: Filter): readonly Server[] {
  const wanted = text.toLowerCase();
  const names = ({ name, hostname }: Server) => `${name}\n${hostname ?? ''}`.toLowerCase();
  return servers.filter(
    (server) =>
      (state === null || server.state === state) &&
      (resourceClass === null || server.resourceClass === resourceClass) &&
      names(server).includes(wanted),
  );
}

/** The racks to draw: all slots if there are few, some of each class otherwise. */
export function racksOf(fleet: Fleet, filter: Filter): readonly Rack[] {
  const servers = [...matching(fleet.servers, filter)].sort(byState);
  const isHere = canFilterHere(fleet);
  const counts = isHere && isFiltered(filter) ? countedClasses(servers) : fleet.counts;
  const shown = counts.filter(
    ({ resourceClass, counts: each }) =>
      totalOf(each) > 0 && (filter.resourceClass === null || filter.resourceClass === resourceClass),
  );
  const total = shown.reduce((sum, each) => sum + totalOf(each.counts), 0);
  const folded = total > mostSlots && shown.length > 1;
  let room = mostSlots;
  return shown.map(({ resourceClass, counts: each }) => {
    const own = servers.filter((server) => server.resourceClass === resourceClass);
    const slots = own.slice(0, Math.min(room, folded ? foldedSlots : mostSlots));
    room -= slots.length;
    const all = totalOf(each);
    // Counts of several classes together have a name in parentheses, which no filter knows.
    return {
      resourceClass,
      counts: each,
      total: all,
      slots: [...slots].sort(byName),
      canOpen: all > slots.length && !resourceClass.startsWith('('),
    };
  });
}

/** A folded rack shows first what happens now. */
function byState(one: Server, other: Server): number {
  const order: readonly State[] = ['failed', 'deploying'];
  return order.indexOf(other.state) - order.indexOf(one.state) || byName(one, other);
}

function byName(one: Server, other: Server): number {
  return one.name.localeCompare(other.name, 'en', { numeric: true });
}

/** The arguments of `list_servers` for a filter. */
export function inputOf({ state, resourceClass, text }: Filter) {
  return {
    limit: mostSlots,
    ...(state === null ? {} : { state }),
    ...(resourceClass === null ? {} : { resource_class: resourceClass }),
    ...(text === '' ? {} : { name_contains: text }),
  };
}

/** The filter in the arguments of a call that the assistant has made. */
export function filterIn({ state, resource_class, name_contains }: Readonly<Record<string, unknown>>): Filter {
  const text = (value: unknown) => (typeof value === 'string' ? clean(value, 80) : '');
  return { state: oneOf(states, state), resourceClass: text(resource_class) || null, text: text(name_contains) };
}
