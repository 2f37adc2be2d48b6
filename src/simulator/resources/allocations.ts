import { integer, isUuid, list, readQuery, text, uuid, uuidOrName } from '../dialect/arguments.js';
import { type App, type Call, jsonBody, links, noContent, origin, query, resource, segment } from '../dialect/call.js';
import { pageOf, pick } from '../dialect/collection.js';
import { Abort, Fault } from '../dialect/errors.js';
import { isObject, type JsonObject } from '../dialect/json.js';
import { applyPatch, readPatch, requirePatchable } from '../dialect/patch.js';
import { requireFields } from '../dialect/version.js';
import { findNode, pathIdent } from '../nodes/node-address.js';
import { time } from '../nodes/node-view.js';
import { deallocate } from '../stories/allocating.js';
import type { Allocation } from '../world/allocation.js';
import type { Node } from '../world/node.js';
import type { World } from '../world/world.js';
import { allocationNamed, checkName, createAllocation, nodeForAllocation } from './allocation-request.js';

/** /v1/allocations and /v1/nodes/{ident}/allocation, since version 1.52: Ironic chooses the node. */
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
      requireFields(call.get('minor'), fields ?? [], fieldVersions);
      return call.json(pick(view(allocation, call), fields));
    },
    PATCH: async (call) => {
      if (call.get('minor') < 57) throw new Fault(405, 'The API version does not allow updating allocations');
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

/** The versions that added fields of an allocation. */
const fieldVersions = { owner: 60 };

function pathAllocation(world: World, call: Call): Allocation {
  const ident = uuidOrName('allocation_ident', segment(call, 'allocation'));
  const allocation = isUuid(ident) ? world.allocations.get(ident) : allocationNamed(world, ident);
  if (!allocation) throw new Fault(404, `Allocation ${ident} could not be found.`);
  return allocation;
}

const sorting = {
  sortable: ['last_error', 'name', 'owner', 'resource_class', 'state'],
  unsortable: ['extra', 'candidate_nodes', 'traits'],
};

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
  requireFields(minor, [...(asked.fields ?? []), ...(asked.owner === undefined ? [] : ['owner'])], fieldVersions);
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
  const views = found.map((allocation) => view(allocation, call));
  const shape = { name: 'allocations', url: 'allocations', fields: asked.fields, base: origin(call) };
  return call.json(pageOf(views, asked, { ...sorting, ...shape }));
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
