import { isLogicalName, isUuid } from '../dialect/arguments.js';
import { Fault, instanceAssociated, nodeAssociated, nodeProtected, notAcceptable } from '../dialect/errors.js';
import type { Json, JsonObject } from '../dialect/json.js';
import { applyPatch, type Operation, requirePatchable, valuesAt } from '../dialect/patch.js';
import { schemaOf } from '../dialect/schema.js';
import { knowsField } from '../dialect/version.js';
import { stop } from '../stories/node-story.js';
import { createNode, DRIVER, type Node, type NodeChanges } from '../world/node.js';
import { updatable } from '../world/state-machine.js';
import { requireUnlocked, type World } from '../world/world.js';
import { creatable, patchable, patchDocument, readFields } from './node-fields.js';

const reserved = ['maintenance', 'management', 'states', 'vendor_passthru', 'detail', 'validate'];

/** The states in which a client may change hardware interfaces and the resource class. */
const idle: readonly string[] = ['enroll', 'inspecting', 'inspect wait', 'manageable', 'available'];

/** PATCH /v1/nodes/{ident}. The checks are in Ironic's order, because the first one that fails gives the answer. */
export function patchNode(world: World, ident: string, node: Node, patch: readonly Operation[], minor: number): void {
  requireSettled(ident, node, patch, minor);
  checkNames(valuesAt(patch, '/name'), `Node ${ident}: Cannot change name to invalid name `, minor);
  const after = readFields('patch', applyPatch(patchDocument(node), patch));
  requirePlace(world, after);
  const changes = difference(node, after);
  checkReasons(node, changes, after);
  checkInterfaces(node, changes, after);
  requireUnlocked(node);
  if (changes.instance_uuid && node.instance_uuid !== null) throw nodeAssociated(node.uuid, node.instance_uuid);
  if ('resource_class' in changes && node.resource_class !== null && !idle.includes(node.provision_state)) {
    throw onlyIdle(node, 'can not have resource_class updated', '.');
  }
  checkUnique(world, node.uuid, changes);
  if (changes.instance_uuid === null) dropAllocation(world, node, changes);
  world.fleet.update(node, changes, world.now());
}

/** The fields that a patch may change. Ironic checks this before it looks for the node. */
export function checkPatch(patch: readonly Operation[], resetInterfaces: boolean | undefined, minor: number): void {
  if (resetInterfaces !== undefined && minor < 45) throw notAcceptable();
  requirePatchable(patch, patchable);
  for (const field of patchable) {
    if (!knowsField(minor, field) && valuesAt(patch, `/${field}`).length > 0) throw notAcceptable();
  }
  if (resetInterfaces && valuesAt(patch, '/driver').length === 0) {
    throw new Fault(400, "The reset_interfaces parameter can only be used when changing the node's driver.");
  }
}

/** POST /v1/nodes. */
export function enrollNode(world: World, sent: Json, minor: number): Node {
  const body = schemaOf('Schema error for node').object(sent, creatable);
  const fields = readFields('node', body);
  const newer = Object.keys(body).filter((field) => !knowsField(minor, field));
  if (newer.some((field) => body[field] !== null && body[field] !== '')) throw notAcceptable();
  if (typeof fields.name === 'string') checkNames([fields.name], 'Cannot create node with invalid name ', minor);
  requirePlace(world, fields);
  const uuid = typeof body.uuid === 'string' ? body.uuid : crypto.randomUUID();
  if (!isUuid(uuid)) throw new Fault(400, `Expected UUID for uuid: ${uuid}`);
  if (world.fleet.byUuid(uuid)) throw new Fault(409, `A node with UUID ${uuid} already exists.`);
  checkUnique(world, uuid, fields);
  const node = createNode(world.fleet.nextId(), uuid, world.now(), {
    ...fields,
    // Versions without the enroll state create nodes as available.
    provision_state: minor < 11 ? 'available' : 'enroll',
  });
  world.fleet.add(node);
  return node;
}

/** DELETE /v1/nodes/{ident}. */
export function removeNode(world: World, node: Node): void {
  requireUnlocked(node);
  if (!node.maintenance && node.instance_uuid !== null) throw nodeAssociated(node.uuid, node.instance_uuid);
  if (node.protected) throw nodeProtected(node.uuid);
  const allowed = ['manageable', 'enroll', 'adopt failed', 'available'];
  if (!node.maintenance && !allowed.includes(node.provision_state)) {
    const states = `(${allowed.map((state) => `'${state}'`).join(', ')})`;
    throw new Fault(
      409,
      `Can not delete node "${node.uuid}" while it is in provision state "${node.provision_state}". Valid provision states to perform deletion are: "${states}", or set the node into maintenance mode`,
    );
  }
  if (node.allocation_uuid !== null) world.allocations.delete(node.allocation_uuid);
  for (const port of node.ports) world.ports.delete(port.uuid);
  for (const [key, record] of world.records) if (record.node_uuid === node.uuid) world.records.delete(key);
  stop(world, node);
  world.fleet.remove(node);
}

function requireSettled(ident: string, node: Node, patch: readonly Operation[], minor: number): void {
  const [first] = patch;
  const onlyReleases = patch.length === 1 && first?.op === 'remove' && first.path === '/instance_uuid';
  if (node.maintenance && onlyReleases) return;
  if (node.target_provision_state !== null && !updatable.has(node.provision_state)) {
    throw new Fault(409, `Node ${ident} can not be updated while a state transition is in progress.`);
  }
  if (node.provision_state === 'inspecting' && minor >= 39) {
    throw new Fault(409, `Cannot update node "${node.uuid}" while it is in state "inspecting".`);
  }
}

function checkNames(names: readonly Json[], problem: string, minor: number): void {
  if (names.length > 0 && minor < 5) throw notAcceptable();
  for (const name of names) {
    const printed = name === null ? 'None' : String(name);
    if (name === null || !isLogicalName(printed) || isUuid(printed)) throw new Fault(400, `${problem}'${printed}'`);
    if (reserved.includes(printed)) {
      const problem = `The word "${printed}" is reserved and can not be used as a node name.`;
      throw new Fault(400, `${problem} Reserved words are: ${reserved.join(', ')}.`);
    }
  }
}

/** Refuses an unknown chassis, and a driver or a conductor group that no conductor serves. */
function requirePlace(world: World, { chassis_uuid: chassis, driver, conductor_group: group }: NodeChanges): void {
  const isKnown = !chassis || world.records.has(`chassis/${chassis}`);
  if (!isKnown) throw new Fault(400, `Chassis ${chassis} could not be found.`);
  if (driver === DRIVER && group === '') return;
  const reason = `No conductor service registered which supports driver ${driver} for conductor group "${group}".`;
  throw new Fault(400, `No valid host was found. Reason: ${reason}`);
}

/** The fields whose value changes. */
function difference(node: Node, after: NodeChanges): NodeChanges {
  const current: JsonObject = patchDocument(node);
  const changed = Object.entries(after).filter(
    ([field, value]) => JSON.stringify(current[field]) !== JSON.stringify(value),
  );
  return Object.fromEntries(changed);
}

/** `protected`, `retired` and `maintenance` each have a reason and rules of their own. */
function checkReasons(node: Node, changes: NodeChanges, after: NodeChanges): void {
  const { uuid, provision_state: state } = node;
  if (changes.maintenance === false) Object.assign(changes, { maintenance_reason: null, fault: null });
  if (changes.protected && state !== 'active' && state !== 'rescue') {
    const problem = "can only be made protected in provision states 'active' or 'rescue'";
    throw new Fault(409, `Node ${uuid} ${problem}, the current state is '${state}'`);
  }
  checkReason('protected', changes, after);
  if (changes.retired && state === 'available') {
    const problem = "can not have 'retired' set in provision state 'available'";
    throw new Fault(409, `Node ${uuid} ${problem}, the current state is '${state}'`);
  }
  checkReason('retired', changes, after);
}

function checkReason(flag: 'protected' | 'retired', changes: NodeChanges, after: NodeChanges): void {
  const reason = `${flag}_reason` as const;
  if (changes[flag] === false) changes[reason] = null;
  if (changes[reason] && !after[flag]) {
    throw new Fault(400, `The ${reason} field can only be set when ${flag} is True`);
  }
}

function checkInterfaces(node: Node, changes: NodeChanges, after: NodeChanges): void {
  const field = Object.keys(changes).find((name) => name.endsWith('_interface'));
  if (field === undefined || idle.includes(node.provision_state) || after.maintenance) return;
  throw onlyIdle(node, `can not have ${field} updated`, ' or in maintenance mode.');
}

function onlyIdle({ uuid }: Node, problem: string, end: string): Fault {
  return new Fault(409, `Node ${uuid} ${problem} unless it is in one of allowed (${idle.join(', ')}) states${end}`);
}

/** Names and instances are unique among all nodes. */
function checkUnique(world: World, uuid: string, { instance_uuid: instance, name }: NodeChanges): void {
  if (instance && world.fleet.byInstance(instance)) throw instanceAssociated(instance, uuid);
  if (name && world.fleet.byName(name)) throw new Fault(409, `A node with name ${name} already exists.`);
}

/** Deletes the allocation of a node with its instance. */
function dropAllocation(world: World, node: Node, changes: NodeChanges): void {
  if (node.allocation_uuid === null) return;
  if (!node.maintenance && !idle.includes(node.provision_state)) {
    throw onlyIdle(node, 'with an allocation can not have instance_uuid removed', ' or in maintenance mode.');
  }
  world.allocations.delete(node.allocation_uuid);
  changes.allocation_uuid = null;
}
