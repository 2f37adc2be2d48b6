import { boolean, list, readQuery } from '../dialect/arguments.js';
import { fieldsToShow, nextLink, type Shape } from '../dialect/collection.js';
import { Fault, notAcceptable } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { requireFields } from '../dialect/version.js';
import type { World } from '../world/world.js';
import { checkFilters, type Filters, filters, findNodes, readPage } from './node-query.js';
import { columns, type Viewer, viewNode } from './node-view.js';

const shortFields = ['instance_uuid', 'maintenance', 'power_state', 'provision_state', 'uuid', 'name'];

/** GET /v1/nodes: a few fields of each node, the requested fields, or all of them with `detail`. */
export function listNodes(world: World, viewer: Viewer, query: URLSearchParams): JsonObject {
  const asked = readQuery(query, { ...filters, fields: list, detail: boolean });
  const { fields, detail, ...rest } = asked;
  const { minor } = viewer;
  if (fields) {
    if (minor < 8) throw notAcceptable();
    requireFields(minor, fields);
  }
  checkFilters(rest, minor);
  if (detail !== undefined && minor < 43) {
    throw new Fault(400, `Invalid query parameter ?detail=${detail ? 'True' : 'False'} received.`);
  }
  const shown = fieldsToShow(fields, detail, shortFields);
  return collection(world, viewer, rest, { url: 'nodes', fields: shown, detail });
}

/** GET /v1/nodes/detail: all fields of each node. */
export function listNodesInDetail(world: World, viewer: Viewer, query: URLSearchParams): JsonObject {
  const asked = readQuery(query, filters);
  checkFilters(asked, viewer.minor);
  return collection(world, viewer, asked, { url: 'nodes/detail', fields: undefined });
}

function collection(world: World, viewer: Viewer, asked: Filters, shape: Shape): JsonObject {
  const page = readPage(world, asked);
  checkListColumns(shape.fields);
  const found = findNodes(world, asked, page);
  const answer: JsonObject = { nodes: found.map((node) => viewNode(node, viewer, shape.fields)) };
  const last = found.at(-1);
  // An instance is on one node at most, so Ironic leaves the link out.
  if (last && found.length === page.limit && asked.instance_uuid === undefined) {
    // Only filters that are true stay in the link, so a client that follows it sees other nodes too.
    const kept = (['associated', 'maintenance', 'retired'] as const).filter((name) => asked[name]);
    const filters = kept.map((name) => `${name}=True`);
    answer.next = nextLink(viewer.base, shape, page, last.uuid, filters);
  }
  return answer;
}

/** Columns of Ironic's table that are not fields of its API. A list fails on them only if it has a row to show. */
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

/** Lists read columns. A field of a node that is not a column, e.g. `conductor`, crashes Ironic with this text. */
function checkListColumns(fields: readonly string[] | undefined): void {
  const wrong = fields?.find((field) => !listColumns.has(field));
  if (wrong !== undefined) throw new Fault(500, `type object 'Node' has no attribute '${wrong}'`);
}
