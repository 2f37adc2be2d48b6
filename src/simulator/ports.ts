import {
  boolean,
  integer,
  isUuid,
  list,
  type Reader,
  readBoolean,
  readQuery,
  text,
  uuid,
  uuidOrName,
} from './arguments.js';
import { type App, type Call, jsonBody, links, noContent, origin, query, resource, segment } from './call.js';
import { fieldsToShow, pageOf, pick } from './collection.js';
import { Fault, nodeNotFound, notAcceptable } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';
import type { Node, Port } from './node.js';
import { time, type Viewer } from './node-view.js';
import { findNode, pathIdent, pathNode, viewer } from './nodes.js';
import { applyPatch, readPatch, requirePatchable } from './patch.js';
import { repr } from './python.js';
import { requireUnlocked, type World } from './world.js';

const macAddress: Reader<string> = (name, value) => {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(value))
    throw new Fault(400, `Expected valid MAC address for ${name}: ${value}`);
  return value.toLowerCase();
};

const filters = {
  node: uuidOrName,
  node_uuid: uuid,
  address: macAddress,
  marker: uuid,
  limit: integer,
  sort_key: text,
  sort_dir: text,
  portgroup: uuidOrName,
};

const shortFields = ['uuid', 'address'];

/** Network cards: /v1/ports, and those of one node under /v1/nodes/{ident}/ports. */
export function portRoutes(app: App, world: World): void {
  resource(app, '/v1/ports', {
    GET: (call) => listPorts(world, call, 'ports'),
    POST: async (call) => {
      const port = createPort(world, await jsonBody(call));
      const location = `${origin(call)}/v1/ports/${port.uuid}`;
      return call.json(viewPort(port, viewer(call)), 201, { Location: location });
    },
  });
  resource(app, '/v1/ports/detail', { GET: (call) => listPorts(world, call, 'ports/detail') });
  resource(app, '/v1/nodes/:ident/ports', {
    GET: (call) => listPorts(world, call, 'ports', pathNode(world, call)),
  });
  resource(app, '/v1/nodes/:ident/ports/detail', {
    GET: (call) => {
      pathIdent(call);
      throw new Fault(404, 'Resource could not be found.');
    },
  });
  resource(app, '/v1/ports/:port', {
    GET: (call) => {
      const port = pathPort(world, call);
      const { fields } = readQuery(query(call), { fields: list });
      if (fields) requireFields(fields, call.get('minor'));
      return call.json(pick(viewPort(port, viewer(call)), fields));
    },
    PATCH: async (call) => {
      const patch = readPatch(await jsonBody(call));
      requirePatchable(patch, patchable);
      const port = pathPort(world, call);
      changePort(world, port, applyPatch(portDocument(port), patch));
      return call.json(viewPort(port, viewer(call)));
    },
    DELETE: (call) => {
      const port = pathPort(world, call);
      requireUnlocked(port.node);
      if (port.vif !== null && !port.node.maintenance) {
        const problem = `Cannot delete the port ${port.uuid} as it is bound to VIF ${port.vif} for tenant use.`;
        throw new Fault(409, problem);
      }
      port.node.ports = port.node.ports.filter((each) => each !== port);
      world.ports.delete(port.uuid);
      return noContent();
    },
  });
}

function pathPort(world: World, call: Call): Port {
  const ident = uuid('port_uuid', segment(call, 'port'));
  const port = world.ports.get(ident);
  if (!port) throw new Fault(404, `Port ${ident} could not be found.`);
  return port;
}

function listPorts(world: World, call: Call, url: string, node?: Node): Response {
  const table = url === 'ports' ? { ...filters, fields: list, detail: boolean } : filters;
  const asked: ReturnType<typeof readQuery<typeof filters>> & { fields?: readonly string[]; detail?: boolean } =
    readQuery(query(call), table);
  const minor = call.get('minor');
  if (asked.fields) requireFields(asked.fields, minor);
  requireFields([asked.sort_key ?? 'id'], minor);
  if (asked.portgroup !== undefined) {
    if (minor < 24) throw notAcceptable();
    throw new Fault(404, `Portgroup ${asked.portgroup} could not be found.`);
  }
  if (asked.marker !== undefined && !world.ports.has(asked.marker)) {
    throw new Fault(404, `Port ${asked.marker} could not be found.`);
  }
  const ident = asked.node_uuid ?? asked.node;
  const owner = node ?? (ident === undefined ? undefined : findNode(world, ident, minor));
  const ports = owner ? owner.ports : world.ports.values();
  const fields = url === 'ports' ? fieldsToShow(asked.fields, asked.detail, shortFields) : undefined;
  const shape = { name: 'ports', url, fields, detail: asked.detail, base: origin(call) };
  return call.json(pageOf(views(ports, asked.address, viewer(call)), asked, shape));
}

function* views(ports: Iterable<Port>, address: string | undefined, to: Viewer): Generator<JsonObject> {
  for (const port of ports) if (address === undefined || port.address === address) yield viewPort(port, to);
}

/** The version that brought a field of a port; fields that are absent have always been there. */
const fieldVersions: Readonly<Record<string, number>> = {
  internal_info: 18,
  local_link_connection: 19,
  pxe_enabled: 19,
  portgroup_uuid: 24,
  physical_network: 34,
  is_smartnic: 53,
};

const knows = (minor: number, field: string) => minor >= (fieldVersions[field] ?? 1);

function requireFields(fields: readonly string[], minor: number): void {
  if (fields.some((field) => !knows(minor, field))) throw notAcceptable();
}

function viewPort(port: Port, { minor, base }: Viewer): JsonObject {
  const view: JsonObject = {
    uuid: port.uuid,
    created_at: time(port.created_at),
    updated_at: time(port.updated_at),
    address: port.address,
    extra: port.extra,
    internal_info: port.vif === null ? {} : { tenant_vif_port_id: port.vif },
    is_smartnic: port.is_smartnic,
    local_link_connection: port.local_link_connection,
    physical_network: port.physical_network,
    pxe_enabled: port.pxe_enabled,
    node_uuid: port.node.uuid,
    links: links(base, `ports/${port.uuid}`),
    portgroup_uuid: null,
  };
  return Object.fromEntries(Object.entries(view).filter(([field]) => knows(minor, field)));
}

const patchable = [
  'address',
  'extra',
  'is_smartnic',
  'local_link_connection',
  'node_uuid',
  'physical_network',
  'portgroup_uuid',
  'pxe_enabled',
];

function portDocument(port: Port): JsonObject {
  return {
    address: port.address,
    extra: port.extra,
    is_smartnic: port.is_smartnic,
    local_link_connection: port.local_link_connection,
    node_uuid: port.node.uuid,
    physical_network: port.physical_network,
    portgroup_uuid: null,
    pxe_enabled: port.pxe_enabled,
  };
}

/** Checks a port that came from a client. */
function readPort(given: Json) {
  if (!isObject(given)) throw new Fault(400, `Schema error for port: ${repr(given)} is not of type 'object'`);
  const refuse = (problem: string) => new Fault(400, `Schema error for port: ${problem}`);
  const unexpected = Object.keys(given).find((key) => ![...patchable, 'uuid'].includes(key));
  if (unexpected !== undefined) {
    throw refuse(`Additional properties are not allowed (${repr(unexpected)} was unexpected)`);
  }
  const { address, node_uuid: node, physical_network: network, portgroup_uuid: group } = given;
  for (const [key, value] of Object.entries({ address, node_uuid: node })) {
    if (value === undefined) throw refuse(`'${key}' is a required property`);
    if (typeof value !== 'string') throw refuse(`${repr(value)} is not of type 'string'`);
  }
  if (group) throw new Fault(400, `Portgroup ${String(group)} could not be found.`);
  if (network === '') throw new Fault(400, 'A non-empty value is required when setting physical_network');
  return {
    uuid: typeof given.uuid === 'string' ? uuid('uuid', given.uuid) : crypto.randomUUID(),
    address: macAddress('address', String(address)),
    node: uuid('node_uuid', String(node)),
    extra: isObject(given.extra) ? given.extra : {},
    local_link_connection: isObject(given.local_link_connection) ? given.local_link_connection : {},
    physical_network: typeof network === 'string' ? network : null,
    pxe_enabled: readBoolean('pxe_enabled', given.pxe_enabled ?? null) ?? true,
    is_smartnic: readBoolean('is_smartnic', given.is_smartnic ?? null) ?? false,
  };
}

function createPort(world: World, body: Json): Port {
  const { node: owner, ...given } = readPort(body);
  const node = world.fleet.byUuid(owner);
  if (!node) throw nodeNotFound(owner, 400);
  requireUnlocked(node);
  if (world.ports.has(given.uuid)) throw new Fault(409, `A port with UUID ${given.uuid} already exists.`);
  requireNewAddress(world, given.address);
  const port: Port = { ...given, node, created_at: world.now(), updated_at: null, vif: null };
  node.ports = [...node.ports, port];
  world.ports.set(port.uuid, port);
  return port;
}

function requireNewAddress(world: World, address: string): void {
  for (const port of world.ports.values()) {
    if (port.address === address) throw new Fault(409, `A port with MAC address ${address} already exists.`);
  }
}

/** What decides how a port is wired may only change while the node is not offered. */
const connectivity = ['physical_network', 'pxe_enabled', 'local_link_connection'] as const;

function changePort(world: World, port: Port, after: JsonObject): void {
  const { node } = port;
  const { uuid: _, node: owner, ...given } = readPort(after);
  if (!isUuid(owner) || owner !== node.uuid) throw new Fault(400, 'The node of a port cannot be changed.');
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
