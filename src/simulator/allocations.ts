import { backfill, deallocate, requestAllocation } from './allocating.js';
import type { Allocation } from './allocation.js';
import { integer, isLogicalName, isUuid, list, readQuery, text, uuid, uuidOrName } from './arguments.js';
import { type App, type Call, jsonBody, links, noContent, origin, query, resource, segment } from './call.js';
import { pageOf, pick } from './collection.js';
import { Abort, Fault, nodeNotFound, notAcceptable } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { Node } from './node.js';
import { time } from './node-view.js';
import { findNode, pathIdent } from './nodes.js';
import { applyPatch, readPatch, requirePatchable } from './patch.js';
import { repr } from './python.js';
import { checkTrait } from './traits.js';
import type { World } from './world.js';

/** Servers that Ironic chooses: /v1/allocations and /v1/nodes/{ident}/allocation, since version 1.52. */
export function allocationRoutes(app: App, world: World): void {
  app.use('/v1/allocations/*', async (call, next) => {
    requireAllocations(call);
    await next();
  });

  resource(app, '/v1/allocations', {
    GET: (call) => listAllocations(world, call),
    POST: async (call) => {
      const allocation = createAllocation(world, await jsonBody(call), call.get('minor'));
      const location = `${origin(call)}/v1/allocations/${allocation.uuid}`;
      return call.json(view(allocation, call), 201, { Location: location });
    },
  });
  resource(app, '/v1/allocations/:allocation', {
    GET: (call) => {
      const { fields } = readQuery(query(call), { fields: list });
      const allocation = pathAllocation(world, call);
      requireFields(fields, call.get('minor'));
      return call.json(pick(view(allocation, call), fields));
    },
    PATCH: async (call) => {
      if (call.get('minor') < 57) throw new Abort(405, 'The API version does not allow updating allocations');
      const patch = readPatch(await jsonBody(call));
      const allocation = pathAllocation(world, call);
      requirePatchable(patch, ['name', 'extra']);
      const { name, extra } = applyPatch({ name: allocation.name, extra: allocation.extra }, patch);
      if (typeof name === 'string' && name !== allocation.name) checkName(world, name, 'update');
      allocation.name = typeof name === 'string' ? name : null;
      allocation.extra = isObject(extra) ? extra : {};
      allocation.updated_at = world.now();
      return call.json(view(allocation, call));
    },
    DELETE: (call) => {
      deallocate(world, pathAllocation(world, call));
      return noContent();
    },
  });

  const allocationOf = (node: Node, ident: string) => {
    const allocation = node.allocation_uuid === null ? undefined : world.allocations.get(node.allocation_uuid);
    if (!allocation) throw new Fault(404, `Allocation for node ${ident} was not found`);
    return allocation;
  };
  resource(app, '/v1/nodes/:ident/allocation', {
    GET: (call) => {
      requireAllocations(call);
      const ident = pathIdent(call);
      const { fields } = readQuery(query(call), { fields: list });
      const node = nodeForAllocation(world, ident, call.get('minor'));
      return call.json(pick(view(allocationOf(node, ident), call), fields));
    },
    DELETE: (call) => {
      requireAllocations(call);
      const ident = pathIdent(call);
      deallocate(world, allocationOf(findNode(world, ident, call.get('minor')), ident));
      return noContent();
    },
  });
}

function requireAllocations(call: Call): void {
  if (call.get('minor') >= 52) return;
  throw new Abort(call.req.method === 'GET' ? 404 : 405, 'The API version does not allow allocations');
}

/** The owner is known since version 1.60. */
function requireFields(fields: readonly string[] | undefined, minor: number): void {
  if (fields?.includes('owner') && minor < 60) throw notAcceptable();
}

/** Where a node is only mentioned, an unknown one is a bad request. */
function nodeForAllocation(world: World, ident: string, minor: number): Node {
  try {
    return findNode(world, ident, minor);
  } catch {
    throw nodeNotFound(ident, 400);
  }
}

function pathAllocation(world: World, call: Call): Allocation {
  const ident = uuidOrName('allocation_ident', segment(call, 'allocation'));
  const allocation = isUuid(ident) ? world.allocations.get(ident) : byName(world, ident);
  if (!allocation) throw new Fault(404, `Allocation ${ident} could not be found.`);
  return allocation;
}

function byName(world: World, name: string): Allocation | undefined {
  for (const allocation of world.allocations.values()) if (allocation.name === name) return allocation;
  return undefined;
}

function listAllocations(world: World, call: Call): Response {
  const asked = readQuery(query(call), {
    node: uuidOrName,
    resource_class: text,
    state: text,
    marker: uuid,
    limit: integer,
    sort_key: text,
    sort_dir: text,
    fields: list,
    owner: text,
  });
  const minor = call.get('minor');
  requireFields(asked.fields, minor);
  if (asked.owner !== undefined && minor < 60) throw notAcceptable();
  if (asked.marker !== undefined && !world.allocations.has(asked.marker)) {
    throw new Fault(404, `Allocation ${asked.marker} could not be found.`);
  }
  const node = asked.node === undefined ? undefined : nodeForAllocation(world, asked.node, minor);
  const found = [...world.allocations.values()].filter(
    (allocation) =>
      (node === undefined || allocation.node_uuid === node.uuid) &&
      (asked.resource_class === undefined || allocation.resource_class === asked.resource_class) &&
      (asked.state === undefined || allocation.state === asked.state) &&
      (asked.owner === undefined || allocation.owner === asked.owner),
  );
  const shape = { name: 'allocations', fields: asked.fields, base: origin(call) };
  return call.json(
    pageOf(
      found.map((allocation) => view(allocation, call)),
      asked,
      shape,
    ),
  );
}

function view(allocation: Allocation, call: Call): JsonObject {
  return {
    uuid: allocation.uuid,
    created_at: time(allocation.created_at),
    updated_at: time(allocation.updated_at),
    candidate_nodes: [...allocation.candidate_nodes],
    extra: allocation.extra,
    last_error: allocation.last_error,
    name: allocation.name,
    ...(call.get('minor') >= 60 && { owner: allocation.owner }),
    resource_class: allocation.resource_class,
    state: allocation.state,
    traits: [...allocation.traits],
    links: links(origin(call), `allocations/${allocation.uuid}`),
    node_uuid: allocation.node_uuid,
  };
}

const members = ['candidate_nodes', 'extra', 'name', 'node', 'owner', 'resource_class', 'traits', 'uuid'];

function createAllocation(world: World, body: Json, minor: number): Allocation {
  const given = readAllocation(body, minor);
  if (given.name !== null && !isLogicalName(given.name)) {
    throw new Fault(400, `Cannot create allocation with invalid name '${given.name}'`);
  }
  if (given.node !== null && minor < 58) {
    throw new Fault(400, 'Cannot set node when creating an allocation in this API version');
  }
  const node = given.node === null ? undefined : nodeForAllocation(world, given.node, minor);
  const resourceClass = given.resource_class ?? node?.resource_class ?? null;
  if (resourceClass === null && !node) {
    throw new Fault(400, 'The resource_class field is mandatory when not backfilling');
  }
  const candidates = candidateUuids(world, given.candidate_nodes);
  const id = given.uuid ?? node?.instance_uuid ?? crypto.randomUUID();
  if (given.name !== null) checkName(world, given.name, 'create');
  if (world.allocations.has(id)) throw new Fault(409, `An allocation with UUID ${id} already exists.`);
  const allocation: Allocation = {
    uuid: id,
    created_at: world.now(),
    updated_at: null,
    candidate_nodes: candidates,
    extra: given.extra,
    last_error: null,
    name: given.name,
    owner: given.owner,
    resource_class: resourceClass,
    state: 'allocating',
    traits: given.traits,
    node_uuid: null,
  };
  world.allocations.set(id, allocation);
  if (node) backfill(world, allocation, node);
  else requestAllocation(world, allocation);
  return allocation;
}

function readAllocation(body: Json, minor: number) {
  const refuse = (problem: string) => new Fault(400, `Schema error for allocation: ${problem}`);
  if (!isObject(body)) throw refuse(`${repr(body)} is not of type 'object'`);
  const unexpected = Object.keys(body).find((key) => !members.includes(key));
  if (unexpected !== undefined) {
    throw refuse(`Additional properties are not allowed (${repr(unexpected)} was unexpected)`);
  }
  const textOf = (key: string) => {
    const value = body[key] ?? null;
    if (value !== null && typeof value !== 'string') throw refuse(`${repr(value)} is not of type 'string', 'null'`);
    return value;
  };
  const listOf = (key: string) => {
    const value = body[key] ?? [];
    if (!Array.isArray(value)) throw refuse(`${repr(value)} is not of type 'array', 'null'`);
    return value;
  };
  const extra = body.extra ?? {};
  if (!isObject(extra)) throw refuse(`${repr(extra)} is not of type 'object', 'null'`);
  const given = {
    name: textOf('name'),
    node: textOf('node'),
    owner: textOf('owner'),
    resource_class: textOf('resource_class') || null,
    uuid: textOf('uuid'),
    extra,
    traits: listOf('traits').map((trait) => checkTrait('allocation', trait)),
    candidate_nodes: listOf('candidate_nodes').map(String),
  };
  if (given.uuid !== null) uuid('uuid', given.uuid);
  if (Object.hasOwn(body, 'owner') && minor < 60) throw notAcceptable();
  return given;
}

function checkName(world: World, name: string, doing: string): void {
  if (!isLogicalName(name)) throw new Fault(400, `Cannot ${doing} allocation with invalid name '${name}'`);
  if (byName(world, name)) throw new Fault(409, `An allocation with name ${name} already exists.`);
}

function candidateUuids(world: World, idents: readonly string[]): readonly string[] {
  const nodes = idents.map((ident) => world.fleet.byUuid(ident) ?? world.fleet.byName(ident));
  const missing = idents.filter((_, index) => nodes[index] === undefined);
  if (missing.length > 0) throw new Fault(400, `Nodes cannot be found: ${missing.join(', ')}`);
  return nodes.flatMap((node) => (node ? [node.uuid] : []));
}
