import { uuidOrName } from '../dialect/arguments.js';
import { type App, type Call, jsonBody, noContent, resource, segment } from '../dialect/call.js';
import { Abort, Fault } from '../dialect/errors.js';
import type { Json } from '../dialect/json.js';
import { schemaOf } from '../dialect/schema.js';
import { updatePort } from '../world/network.js';
import type { Node, Port } from '../world/node.js';
import { requireUnlocked, type World } from '../world/world.js';
import { pathNode } from './node-address.js';

/**
 * The VIFs on a node's ports: /v1/nodes/{ident}/vifs, since version 1.28. They are ports of Neutron, to which Ironic gives
 * the card's MAC address. With the `noop` network interface they have no effect.
 */
export function vifRoutes(app: App, world: World): void {
  resource(app, '/v1/nodes/:ident/vifs', {
    GET: (call) => {
      const node = vifNode(world, call);
      return call.json({ vifs: node.ports.flatMap(({ vif }) => (vif === null ? [] : [{ id: vif }])) });
    },
    POST: async (call) => {
      const { id, port } = readVif(await jsonBody(call), call.get('minor'));
      const node = vifNode(world, call);
      requireUnlocked(node);
      if (node.network_interface !== 'noop') attach(world, node, id, port);
      return noContent();
    },
  });
  resource(app, '/v1/nodes/:ident/vifs/:vif', {
    DELETE: (call) => {
      const id = uuidOrName('vif_id', segment(call, 'vif'));
      const node = vifNode(world, call);
      requireUnlocked(node);
      if (node.network_interface !== 'noop') detach(world, node, id);
      return noContent();
    },
  });
}

function vifNode(world: World, call: Call): Node {
  if (call.get('minor') < 28) throw new Abort(404);
  return pathNode(world, call);
}

function readVif(body: Json, minor: number): { readonly id: string; readonly port: string | undefined } {
  const { wrongType, missing, object } = schemaOf('Schema error for vif');
  const { id, port_uuid: port, portgroup_uuid: group } = object(body);
  if (id === undefined) throw missing('id');
  if (typeof id !== 'string') throw wrongType(id, "'string'");
  if (minor >= 67 && port !== undefined && group !== undefined) {
    throw new Fault(400, 'Cannot specify both port_uuid and portgroup_uuid');
  }
  return { id: uuidOrName('id', id), port: typeof port === 'string' ? port : undefined };
}

function attach(world: World, node: Node, id: string, wanted: string | undefined): void {
  const taken = node.ports.find((port) => port.vif === id);
  if (taken) {
    throw new Fault(409, `Unable to attach VIF because VIF ${id} is already attached to Ironic Port ${taken.uuid}`);
  }
  const free = node.ports.filter((port) => port.vif === null && (wanted === undefined || port.uuid === wanted));
  const port = free.find((each) => each.pxe_enabled) ?? free[0];
  if (!port) throw new Fault(400, `Unable to attach VIF ${id}, not enough free physical ports.`);
  const tenant = world.tenantPorts.get(id);
  const rival = [...world.tenantPorts.values()].find(
    (each) => each !== tenant && each.network === tenant?.network && each.mac_address === port.address,
  );
  if (!tenant || rival) {
    const problem = `Ironic can not update Neutron port ${id} MAC address to match physical MAC address ${port.address}`;
    throw new Fault(500, `Unable to attach VIF ${id} because ${problem}`);
  }
  const status = node.provision_state === 'active' ? 'ACTIVE' : 'DOWN';
  updatePort(tenant, { mac_address: port.address, status }, world.now());
  setVif(world, port, id);
}

function detach(world: World, node: Node, id: string): void {
  const port = node.ports.find((each) => each.vif === id);
  if (!port) {
    throw new Fault(400, `Unable to detach VIF ${id} from node ${node.uuid} because it is not attached to it.`);
  }
  const tenant = world.tenantPorts.get(id);
  if (tenant) updatePort(tenant, { status: 'DOWN' }, world.now());
  setVif(world, port, null);
}

function setVif(world: World, port: Port, vif: string | null): void {
  port.vif = vif;
  port.updated_at = world.now();
}
