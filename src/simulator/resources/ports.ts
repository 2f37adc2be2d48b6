import { type Arguments, boolean, integer, list, readQuery, text, uuid, uuidOrName } from '../dialect/arguments.js';
import { type App, type Call, jsonBody, links, noContent, origin, query, resource, segment } from '../dialect/call.js';
import { fieldsToShow, pageOf, pick, type Shape } from '../dialect/collection.js';
import { Fault, notAcceptable } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { readPatch, requirePatchable } from '../dialect/patch.js';
import { knowsField, requireFields } from '../dialect/version.js';
import { findNode, pathNode, viewer } from '../nodes/node-address.js';
import { time, type Viewer } from '../nodes/node-view.js';
import type { Port } from '../world/node.js';
import type { World } from '../world/world.js';
import { createPort, fieldVersions, macAddress, patchable, patchPort, removePort } from './port-changes.js';
import { findRecord } from './records.js';

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

const sorting = {
  sortable: ['address', 'is_smartnic', 'physical_network', 'pxe_enabled'],
  unsortable: ['extra', 'internal_info', 'local_link_connection'],
};

/** The network cards: /v1/ports, and /v1/nodes/{ident}/ports for one node. */
export function portRoutes(app: App, world: World): void {
  resource(app, '/v1/ports', {
    GET: (call) => listPorts(world, call),
    POST: async (call) => {
      const port = createPort(world, await jsonBody(call), call.get('minor'));
      const location = `${origin(call)}/v1/ports/${port.uuid}`;
      return call.json(viewPort(port, viewer(call)), 201, { Location: location });
    },
  });
  resource(app, '/v1/ports/detail', { GET: (call) => listPortsInDetail(world, call) });
  const lists = { ports: listPorts, 'ports/detail': listPortsInDetail };
  for (const [path, show] of Object.entries(lists)) {
    const ofNode = (call: Call) => show(world, call, { node: pathNode(world, call).uuid });
    resource(app, `/v1/nodes/:ident/${path}`, { GET: ofNode });
    const ofGroup = (call: Call) => show(world, call, { portgroup: segment(call, 'record') });
    resource(app, `/v1/portgroups/:record/${path}`, { GET: ofGroup });
  }
  resource(app, '/v1/ports/:port', {
    GET: (call) => {
      const port = pathPort(world, call);
      const { fields } = readQuery(query(call), { fields: list });
      if (fields) requireFields(call.get('minor'), fields, fieldVersions);
      return call.json(pick(viewPort(port, viewer(call)), fields));
    },
    PATCH: async (call) => {
      const patch = readPatch(await jsonBody(call));
      requirePatchable(patch, patchable);
      const patched = patch.map(({ path }) => path.split('/')[1] ?? '');
      requireFields(call.get('minor'), patched, fieldVersions);
      const port = pathPort(world, call);
      patchPort(world, port, patch);
      return call.json(viewPort(port, viewer(call)));
    },
    DELETE: (call) => {
      const port = pathPort(world, call);
      removePort(world, port);
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

type Filters = Arguments<typeof filters>;

function listPorts(world: World, call: Call, of: Filters = {}): Response {
  const { fields, detail, ...asked } = readQuery(query(call), { ...filters, fields: list, detail: boolean });
  if (fields) requireFields(call.get('minor'), fields, fieldVersions);
  const shape = { url: 'ports', fields: fieldsToShow(fields, detail, shortFields), detail };
  return collection(world, call, { ...asked, ...of }, shape);
}

function listPortsInDetail(world: World, call: Call, of: Filters = {}): Response {
  const asked = { ...readQuery(query(call), filters), ...of };
  return collection(world, call, asked, { url: 'ports/detail', fields: undefined });
}

function collection(world: World, call: Call, asked: Filters, shape: Shape): Response {
  const minor = call.get('minor');
  requireFields(minor, [asked.sort_key ?? 'id'], fieldVersions);
  const { address, portgroup } = asked;
  if (portgroup !== undefined && minor < 24) throw notAcceptable();
  const group = portgroup === undefined ? undefined : findRecord(world, 'portgroups', portgroup).uuid;
  if (asked.marker !== undefined && !world.ports.has(asked.marker)) {
    throw new Fault(404, `Port ${asked.marker} could not be found.`);
  }
  const ident = asked.node_uuid ?? asked.node;
  const ports = ident === undefined ? world.ports.values() : findNode(world, ident, minor).ports;
  const fits = (port: Port) =>
    (address === undefined || port.address === address) && (group === undefined || port.portgroup_uuid === group);
  const page = { ...sorting, ...shape, name: 'ports', base: origin(call) };
  return call.json(pageOf(views(ports, fits, viewer(call)), asked, page));
}

function* views(ports: Iterable<Port>, fits: (port: Port) => boolean, to: Viewer): Generator<JsonObject> {
  for (const port of ports) if (fits(port)) yield viewPort(port, to);
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
    portgroup_uuid: port.portgroup_uuid,
  };
  return Object.fromEntries(Object.entries(view).filter(([field]) => knowsField(minor, field, fieldVersions)));
}
