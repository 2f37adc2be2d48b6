import { type Arguments, boolean, integer, list, pageLimit, sortDirection, text, uuid } from '../dialect/arguments.js';
import { Fault, nodeNotFound, notAcceptable } from '../dialect/errors.js';
import { requireFields, requireVersion } from '../dialect/version.js';
import { position } from '../world/fleet.js';
import { blank, CONDUCTOR, type Node } from '../world/node.js';
import { isState } from '../world/state-machine.js';
import type { World } from '../world/world.js';
import { type Column, isColumn } from './node-view.js';

/** The filters and the order of a list of nodes. Ironic cannot filter by traits. */
export const filters = {
  chassis_uuid: uuid,
  instance_uuid: uuid,
  associated: boolean,
  maintenance: boolean,
  retired: boolean,
  provision_state: text,
  marker: uuid,
  limit: integer,
  sort_key: text,
  sort_dir: text,
  driver: text,
  resource_class: text,
  fault: text,
  conductor_group: text,
  conductor: text,
  owner: text,
  description_contains: text,
  lessee: text,
  project: text,
  shard: list,
  sharded: boolean,
};

export type Filters = Arguments<typeof filters>;

const faults = ['power failure', 'clean failure', 'rescue abort failure'];

/** Refuses filters that are newer than the version of the request, and values that Ironic refuses. */
export function checkFilters(asked: Filters, minor: number): void {
  requireFields(minor, [asked.sort_key ?? 'id']);
  if (asked.provision_state !== undefined) {
    if (minor < 9) throw notAcceptable();
    if (!isState(asked.provision_state)) {
      throw new Fault(400, `Provision state "${asked.provision_state}" is not valid`);
    }
  }
  if (asked.driver !== undefined) requireVersion(minor, 16);
  if (asked.resource_class !== undefined) requireVersion(minor, 21);
  if (asked.fault !== undefined) {
    requireVersion(minor, 42);
    if (!faults.includes(asked.fault)) {
      const allowed = faults.map((fault) => `'${fault}'`).join(', ');
      throw new Fault(400, `Unrecognized fault "${asked.fault}" is specified, allowed faults are (${allowed})`);
    }
  }
  if (asked.conductor_group !== undefined) requireVersion(minor, 46);
  if (asked.conductor !== undefined) requireVersion(minor, 49);
  if (asked.owner !== undefined) requireVersion(minor, 50);
  if (asked.lessee !== undefined) requireVersion(minor, 65);
  if (asked.shard !== undefined || asked.sharded !== undefined) requireVersion(minor, 82);
}

/** The nodes of a list, and their order. */
export interface Page {
  readonly key: SortKey;
  readonly direction: 'asc' | 'desc';
  readonly limit: number;
  /** The last node of the page before. */
  readonly marker: Node | undefined;
}

/** Reads the query of a list, or refuses it. */
export function readPage(world: World, asked: Filters): Page {
  const limit = pageLimit(asked.limit);
  const direction = sortDirection(asked.sort_dir);
  const key = sortKey(asked.sort_key ?? 'id');
  const marker = asked.marker === undefined ? undefined : world.fleet.byUuid(asked.marker);
  if (asked.marker !== undefined && !marker) throw nodeNotFound(asked.marker);
  const { chassis_uuid: chassis } = asked;
  if (chassis !== undefined && !world.records.has(`chassis/${chassis}`))
    throw new Fault(404, `Chassis ${chassis} could not be found.`);
  return { key, direction, limit, marker };
}

type SortKey = Column | 'id' | 'uuid' | 'created_at' | 'updated_at';

function sortKey(key: string): SortKey {
  if (key === 'id' || key === 'uuid' || key === 'created_at' || key === 'updated_at') return key;
  if (!isColumn(key)) throw new Fault(400, `The sort_key value "${key}" is an invalid field for sorting`);
  // Dicts and lists have no order.
  const usual = blank[key];
  if (typeof usual === 'object' && usual !== null) {
    throw new Fault(400, `The sort_key value ${key} is an invalid field for sorting`);
  }
  return key;
}

export function findNodes(world: World, asked: Filters, { key, direction, marker, limit }: Page): readonly Node[] {
  if (asked.instance_uuid !== undefined) {
    const node = world.fleet.byInstance(asked.instance_uuid);
    return node && matches(node, asked) ? [node] : [];
  }
  const section = world.fleet.section({ resourceClass: asked.resource_class, provisionState: asked.provision_state });
  if (key !== 'id' || direction === 'desc') {
    const sorted = section.filter((node) => matches(node, asked)).sort((a, b) => compare(a, b, key, direction));
    const after = marker ? sorted.findIndex((node) => compare(node, marker, key, direction) > 0) : 0;
    return after < 0 ? [] : sorted.slice(after, after + limit);
  }
  // In the order of the index, it reads only as many rows as it needs.
  const found: Node[] = [];
  for (let index = marker ? position(section, marker.id + 1) : 0; found.length < limit; index += 1) {
    const node = section[index];
    if (!node) break;
    if (matches(node, asked)) found.push(node);
  }
  return found;
}

function matches(node: Node, asked: Filters): boolean {
  return (
    (asked.resource_class === undefined || node.resource_class === asked.resource_class) &&
    (asked.provision_state === undefined || node.provision_state === asked.provision_state) &&
    (asked.associated === undefined || (node.instance_uuid !== null) === asked.associated) &&
    (asked.maintenance === undefined || node.maintenance === asked.maintenance) &&
    (asked.retired === undefined || node.retired === asked.retired) &&
    (asked.chassis_uuid === undefined || node.chassis_uuid === asked.chassis_uuid) &&
    (asked.driver === undefined || node.driver === asked.driver) &&
    (asked.fault === undefined || node.fault === asked.fault) &&
    (asked.conductor_group === undefined || node.conductor_group === asked.conductor_group) &&
    (asked.conductor === undefined || asked.conductor === CONDUCTOR) &&
    (asked.owner === undefined || node.owner === asked.owner) &&
    (asked.lessee === undefined || node.lessee === asked.lessee) &&
    (asked.project === undefined || node.owner === asked.project || node.lessee === asked.project) &&
    (asked.shard === undefined || (node.shard !== null && asked.shard.includes(node.shard))) &&
    (asked.sharded === undefined || (node.shard !== null) === asked.sharded) &&
    (asked.description_contains === undefined || (node.description?.includes(asked.description_contains) ?? false))
  );
}

/** Sorts by the key, empty values first, then by id. */
function compare(a: Node, b: Node, key: SortKey, direction: 'asc' | 'desc'): number {
  const sign = direction === 'asc' ? 1 : -1;
  const [left, right] = [a[key], b[key]];
  if (left === right) return sign * (a.id - b.id);
  if (left === null) return -sign;
  if (right === null) return sign;
  return left < right ? -sign : sign;
}
