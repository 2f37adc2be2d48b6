import { boolean, integer, list, pageLimit, readQuery, sortDirection, text, uuid } from './arguments.js';
import { Fault, nodeNotFound } from './errors.js';
import { position } from './fleet.js';
import type { JsonObject } from './json.js';
import { isState } from './machine.js';
import { CONDUCTOR, type Node } from './node.js';
import { columns, type Viewer, viewNode } from './node-view.js';
import { requireFields, requireVersion } from './version.js';
import type { World } from './world.js';

const filters = {
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

type Filters = ReturnType<typeof readQuery<typeof filters>>;

const shortFields = ['instance_uuid', 'maintenance', 'power_state', 'provision_state', 'uuid', 'name'];

/** GET /v1/nodes: a few fields of each node, the fields asked for, or with `detail` all of them. */
export function listNodes(world: World, viewer: Viewer, query: URLSearchParams): JsonObject {
  const asked = readQuery(query, { ...filters, fields: list, detail: boolean });
  const { fields, detail, ...rest } = asked;
  const { minor } = viewer;
  if (fields) {
    requireSince(minor, 8);
    requireFields(minor, fields);
  }
  checkFilters(rest, minor);
  if (detail !== undefined && minor < 43) {
    throw new Fault(400, `Invalid query parameter ?detail=${detail ? 'True' : 'False'} received.`);
  }
  if (fields && detail) throw new Fault(400, 'Can not specify ?detail=True and fields in the same request.');
  return collection(world, viewer, rest, {
    url: 'nodes',
    fields: detail ? undefined : (fields ?? shortFields),
    detail,
  });
}

/** GET /v1/nodes/detail: all fields of each node. */
export function listNodesInDetail(world: World, viewer: Viewer, query: URLSearchParams): JsonObject {
  const asked = readQuery(query, filters);
  checkFilters(asked, viewer.minor);
  return collection(world, viewer, asked, { url: 'nodes/detail', fields: undefined, detail: undefined });
}

function requireSince(minor: number, wanted: number): void {
  if (minor < wanted) throw new Fault(406, 'Request not acceptable.');
}

const faults = ['power failure', 'clean failure', 'rescue abort failure'];

function checkFilters(asked: Filters, minor: number): void {
  requireFields(minor, [asked.sort_key ?? 'id']);
  if (asked.provision_state !== undefined) {
    requireSince(minor, 9);
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

interface Shape {
  /** The path that a `next` link leads to. */
  readonly url: string;
  /** Absent: all. */
  readonly fields: readonly string[] | undefined;
  readonly detail: boolean | undefined;
}

function collection(world: World, viewer: Viewer, asked: Filters, shape: Shape): JsonObject {
  const limit = pageLimit(asked.limit);
  const direction = sortDirection(asked.sort_dir);
  const key = asked.sort_key ?? 'id';
  checkSortKey(key);
  const marker = asked.marker === undefined ? undefined : world.fleet.byUuid(asked.marker);
  if (asked.marker !== undefined && !marker) throw nodeNotFound(asked.marker);
  if (asked.chassis_uuid !== undefined) throw new Fault(404, `Chassis ${asked.chassis_uuid} could not be found.`);
  checkListColumns(shape.fields);

  const found = page(world, asked, { key, direction, marker, limit });
  const answer: JsonObject = { nodes: found.map((node) => viewNode(node, viewer, shape.fields)) };
  const last = found.at(-1);
  // An instance is on one node at most, so there Ironic leaves the link out.
  if (last && found.length === limit && asked.instance_uuid === undefined) {
    answer.next = nextLink(viewer, shape, asked, { key, direction, limit, last });
  }
  return answer;
}

/**
 * Ironic's link to the next page drops nearly every filter: a client that follows it sees other nodes too. Only filters
 * that are true come along.
 */
function nextLink(
  viewer: Viewer,
  shape: Shape,
  asked: Filters,
  { key, direction, limit, last }: { key: string; direction: string; limit: number; last: Node },
): string {
  const parts = [`sort_key=${key}`, `sort_dir=${direction}`];
  for (const filter of ['associated', 'maintenance', 'retired'] as const)
    if (asked[filter]) parts.push(`${filter}=True`);
  if (shape.detail !== undefined) parts.push(`detail=${shape.detail ? 'True' : 'False'}`);
  if (shape.fields) parts.push(`fields=${shape.fields.join(',')}`);
  parts.push(`limit=${limit}`, `marker=${last.uuid}`);
  return `${viewer.base}/v1/${shape.url}?${parts.join('&')}`;
}

const unsortable: readonly string[] = [
  'properties',
  'driver_info',
  'extra',
  'instance_info',
  'driver_internal_info',
  'clean_step',
  'deploy_step',
  'raid_config',
  'target_raid_config',
  'traits',
  'network_data',
];

type SortKey = (typeof columns)[number] | 'id' | 'uuid' | 'created_at' | 'updated_at';

function isSortKey(key: string): key is SortKey {
  const keys: readonly string[] = [...columns, 'id', 'uuid', 'created_at', 'updated_at'];
  return keys.includes(key) && !unsortable.includes(key);
}

function checkSortKey(key: string): asserts key is SortKey {
  if (unsortable.includes(key)) throw new Fault(400, `The sort_key value ${key} is an invalid field for sorting`);
  if (!isSortKey(key)) throw new Fault(400, `The sort_key value "${key}" is an invalid field for sorting`);
}

/** Columns of Ironic's table that are no fields of its API: a list fails on them only when it has a row to show. */
const internalColumns = [
  'id',
  'version',
  'created_at',
  'updated_at',
  'chassis_id',
  'allocation_id',
  'conductor_affinity',
];
const listColumns: ReadonlySet<string> = new Set(['uuid', ...columns, ...internalColumns]);

/** Lists read columns; what is none, though a field of a single node (`conductor`), crashes Ironic with this text. */
function checkListColumns(fields: readonly string[] | undefined): void {
  const wrong = fields?.find((field) => !listColumns.has(field));
  if (wrong !== undefined) throw new Fault(500, `type object 'Node' has no attribute '${wrong}'`);
}

interface Page {
  readonly key: SortKey;
  readonly direction: 'asc' | 'desc';
  readonly marker: Node | undefined;
  readonly limit: number;
}

function page(world: World, asked: Filters, { key, direction, marker, limit }: Page): readonly Node[] {
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
  // In the order of the index, only as many rows are looked at as are needed.
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

/** By the key, empty values first, then by id. */
function compare(a: Node, b: Node, key: SortKey, direction: 'asc' | 'desc'): number {
  const sign = direction === 'asc' ? 1 : -1;
  const [left, right] = [a[key], b[key]];
  if (left === right) return sign * (a.id - b.id);
  if (left === null) return -sign;
  if (right === null) return sign;
  return left < right ? -sign : sign;
}
