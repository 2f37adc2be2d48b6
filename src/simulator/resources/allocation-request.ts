import { isLogicalName, uuid } from '../dialect/arguments.js';
import { Fault, nodeNotFound, notAcceptable } from '../dialect/errors.js';
import { isObject, type Json } from '../dialect/json.js';
import { schemaOf } from '../dialect/schema.js';
import { findNode } from '../nodes/node-address.js';
import { checkTrait } from '../nodes/traits.js';
import { backfill, requestAllocation } from '../stories/allocating.js';
import type { Allocation } from '../world/allocation.js';
import type { Node } from '../world/node.js';
import type { World } from '../world/world.js';

const members = ['candidate_nodes', 'extra', 'name', 'node', 'owner', 'resource_class', 'traits', 'uuid'];

/** POST /v1/allocations. */
export function createAllocation(world: World, body: Json, minor: number): Allocation {
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
  const { wrongType, object } = schemaOf('Schema error for allocation');
  const sent = object(body, members);
  const textOf = (key: string) => {
    const value = sent[key] ?? null;
    if (value !== null && typeof value !== 'string') throw wrongType(value, "'string', 'null'");
    return value;
  };
  const listOf = (key: string) => {
    const value = sent[key] ?? [];
    if (!Array.isArray(value)) throw wrongType(value, "'array', 'null'");
    return value;
  };
  const extra = sent.extra ?? {};
  if (!isObject(extra)) throw wrongType(extra, "'object', 'null'");
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
  if (Object.hasOwn(sent, 'owner') && minor < 60) throw notAcceptable();
  return given;
}

/** A new name must be valid and unused. */
export function checkName(world: World, name: string, doing: string): void {
  if (!isLogicalName(name)) throw new Fault(400, `Cannot ${doing} allocation with invalid name '${name}'`);
  if (allocationNamed(world, name)) throw new Fault(409, `An allocation with name ${name} already exists.`);
}

function candidateUuids(world: World, idents: readonly string[]): readonly string[] {
  const nodes = idents.map((ident) => world.fleet.byUuid(ident) ?? world.fleet.byName(ident));
  const missing = idents.filter((_, index) => nodes[index] === undefined);
  if (missing.length > 0) throw new Fault(400, `Nodes cannot be found: ${missing.join(', ')}`);
  return nodes.flatMap((node) => (node ? [node.uuid] : []));
}

/** An unknown node in a body is a bad request, not a 404. */
export function nodeForAllocation(world: World, ident: string, minor: number): Node {
  try {
    return findNode(world, ident, minor);
  } catch {
    throw nodeNotFound(ident, 400);
  }
}

export function allocationNamed(world: World, name: string): Allocation | undefined {
  return [...world.allocations.values()].find((allocation) => allocation.name === name);
}
