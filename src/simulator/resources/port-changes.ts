import { type Reader, readBoolean, uuid } from '../dialect/arguments.js';
import { Fault, nodeNotFound } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { applyPatch, type Operation } from '../dialect/patch.js';
import { schemaOf } from '../dialect/schema.js';
import { requireFields } from '../dialect/version.js';
import type { Node, Port } from '../world/node.js';
import { requireUnlocked, type World } from '../world/world.js';

export const macAddress: Reader<string> = (name, value) => {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value)) {
    throw new Fault(400, `Expected valid MAC address for ${name}: ${value}`);
  }
  return value.toLowerCase();
};

/** The version that added a field of a port. Fields that are not listed are in every version. */
export const fieldVersions: Readonly<Record<string, number>> = {
  internal_info: 18,
  local_link_connection: 19,
  pxe_enabled: 19,
  portgroup_uuid: 24,
  physical_network: 34,
  is_smartnic: 53,
};

/** The fields that a client may PATCH. */
export const patchable = [
  'address',
  'extra',
  'is_smartnic',
  'local_link_connection',
  'node_uuid',
  'physical_network',
  'portgroup_uuid',
  'pxe_enabled',
] as const;

function portDocument(port: Port): JsonObject {
  const fields = { ...port, node_uuid: port.node.uuid };
  return Object.fromEntries(patchable.map((name) => [name, fields[name]]));
}

/** Checks a client's port. */
function readPort(body: Json) {
  const { wrongType, missing, object } = schemaOf('Schema error for port');
  const given = object(body, [...patchable, 'uuid']);
  const { address, node_uuid: node, physical_network: network, portgroup_uuid: group } = given;
  for (const [key, value] of Object.entries({ address, node_uuid: node })) {
    if (value === undefined) throw missing(key);
    if (typeof value !== 'string') throw wrongType(value, "'string'");
  }
  if (network === '') throw new Fault(400, 'A non-empty value is required when setting physical_network');
  return {
    uuid: typeof given.uuid === 'string' ? uuid('uuid', given.uuid) : crypto.randomUUID(),
    address: macAddress('address', String(address)),
    node: uuid('node_uuid', String(node)),
    extra: isObject(given.extra) ? given.extra : {},
    local_link_connection: isObject(given.local_link_connection) ? given.local_link_connection : {},
    physical_network: typeof network === 'string' ? network : null,
    portgroup_uuid: typeof group === 'string' ? uuid('portgroup_uuid', group) : null,
    pxe_enabled: readBoolean('pxe_enabled', given.pxe_enabled ?? null) ?? true,
    is_smartnic: readBoolean('is_smartnic', given.is_smartnic ?? null) ?? false,
  };
}

/** POST /v1/ports. */
export function createPort(world: World, body: Json, minor: number): Port {
  const { node: owner, ...given } = readPort(body);
  const node = world.fleet.byUuid(owner);
  if (!node) throw nodeNotFound(owner, 400);
  requireFields(minor, isObject(body) ? Object.keys(body) : [], fieldVersions);
  checkGroup(world, node, given);
  requireUnlocked(node);
  if (world.ports.has(given.uuid)) throw new Fault(409, `A port with UUID ${given.uuid} already exists.`);
  requireNewAddress(world, given.address);
  const port: Port = { ...given, node, created_at: world.now(), updated_at: null, vif: null };
  node.ports = [...node.ports, port];
  world.ports.set(port.uuid, port);
  return port;
}

/** All ports of a group belong to one node and one physical network. */
function checkGroup(world: World, node: Node, port: Pick<Port, 'uuid' | 'portgroup_uuid' | 'physical_network'>): void {
  const { portgroup_uuid: group, physical_network: network } = port;
  if (group === null) return;
  const record = world.records.get(`portgroups/${group}`);
  if (!record) throw new Fault(400, `Portgroup ${group} could not be found.`);
  if (record.node_uuid !== node.uuid) {
    throw new Fault(400, 'Port can not be added to a portgroup belonging to a different node.');
  }
  const other = node.ports.find(({ uuid: id, portgroup_uuid: its }) => id !== port.uuid && its === group);
  if (!other || other.physical_network === network) return;
  const problem = `Port with physical network ${network ?? 'None'} cannot become a member of port group ${group}`;
  throw new Fault(409, `${problem} which has ports in physical network ${other.physical_network ?? 'None'}.`);
}

function requireNewAddress(world: World, address: string): void {
  for (const port of world.ports.values()) {
    if (port.address === address) throw new Fault(409, `A port with MAC address ${address} already exists.`);
  }
}

/** The fields of the wiring may change only while the node is not offered for deployment. */
const connectivity = ['physical_network', 'pxe_enabled', 'local_link_connection'] as const;

/** PATCH /v1/ports/{port}. */
export function patchPort(world: World, port: Port, patch: readonly Operation[]): void {
  const { node } = port;
  const { uuid: _, node: owner, ...given } = readPort(applyPatch(portDocument(port), patch));
  if (owner !== node.uuid && !world.fleet.byUuid(owner)) throw nodeNotFound(owner, 400);
  if (owner !== node.uuid) throw new Fault(400, 'The node of a port cannot be changed.');
  checkGroup(world, node, { uuid: port.uuid, ...given });
  requireUnlocked(node);
  if (given.address !== port.address) {
    if ((node.provision_state === 'active' || node.instance_uuid !== null) && !node.maintenance) {
      throw new Fault(
        409,
        `Cannot update hardware address for port ${port.uuid} as node ${node.uuid} is active or has instance UUID assigned`,
      );
    }
    requireNewAddress(world, given.address);
  }
  const rewired = connectivity.some((field) => JSON.stringify(given[field]) !== JSON.stringify(port[field]));
  const allowed = ['enroll', 'inspecting', 'inspect wait', 'manageable'];
  if (rewired && !allowed.includes(node.provision_state) && !node.maintenance) {
    throw new Fault(
      409,
      `Port ${port.uuid} can not have any connectivity attributes (${connectivity.join(', ')}) updated unless node ${node.uuid} is in a ${allowed.join(', ')} state or in maintenance mode. The current state is ${node.provision_state}.`,
    );
  }
  Object.assign(port, given, { updated_at: world.now() });
}

/** DELETE /v1/ports/{port}. */
export function removePort(world: World, port: Port): void {
  const { node } = port;
  requireUnlocked(node);
  if (port.vif !== null && !node.maintenance) {
    const problem = `Cannot delete the port ${port.uuid} as it is bound to VIF ${port.vif} for tenant use.`;
    throw new Fault(409, problem);
  }
  node.ports = node.ports.filter((each) => each !== port);
  world.ports.delete(port.uuid);
}
