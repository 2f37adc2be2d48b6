import { type App, type Call, noContent, query, requestId, resource, segment } from '../dialect/call.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { addressesFor, isTaken, type Network, randomMac, type TenantPort, updatePort } from '../world/network.js';
import type { World } from '../world/world.js';

/** Whose networks and ports they are. */
const PROJECT = '9cad7ccf0fc74f7d96080797ae98ed58';
const SECURITY_GROUP = '480ccd27-87e9-4174-8798-3fde7ef9eb70';

/** Neutron says no: an answer in its own form. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** Neutron: networks and subnets to read, ports to make, change and delete. It knows one project, and asks nobody who he is. */
export function networkRoutes(app: App, world: World): void {
  app.use('/v2.0/*', async (call, next) => {
    await next();
    call.header('X-Openstack-Request-Id', requestId());
  });
  const answering = (handle: (call: Call) => Response | Promise<Response>) => async (call: Call) => {
    try {
      return await handle(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { status, type, message } = error;
      return Response.json({ NeutronError: { type, message, detail: '' } }, { status });
    }
  };
  resource(app, '/v2.0/networks', {
    GET: answering((call) => call.json({ networks: listed([...world.networks.values()].map(viewNetwork), call) })),
  });
  resource(app, '/v2.0/networks/:id', {
    GET: answering((call) => call.json({ network: viewNetwork(networkOf(world, segment(call, 'id'))) })),
  });
  resource(app, '/v2.0/subnets', {
    GET: answering((call) => call.json({ subnets: listed([...world.networks.values()].flatMap(viewSubnets), call) })),
  });
  resource(app, '/v2.0/ports', {
    GET: answering((call) => call.json({ ports: listed([...world.tenantPorts.values()].map(viewPort), call) })),
    POST: answering(async (call) => call.json({ port: viewPort(createPort(world, await bodyOf(call))) }, 201)),
  });
  resource(app, '/v2.0/ports/:id', {
    GET: answering((call) => call.json({ port: viewPort(portOf(world, call)) })),
    PUT: answering(async (call) => {
      const port = portOf(world, call);
      requireRevision(call, port);
      updatePort(port, textsIn(await bodyOf(call)), world.now());
      return call.json({ port: viewPort(port) });
    }),
    DELETE: answering((call) => {
      const port = portOf(world, call);
      requireRevision(call, port);
      world.tenantPorts.delete(port.id);
      return noContent();
    }),
  });
}

function networkOf(world: World, id: string): Network {
  const network = world.networks.get(id);
  if (!network) throw new Refusal(404, 'NetworkNotFound', `Network ${id} could not be found.`);
  return network;
}

function portOf(world: World, call: Call): TenantPort {
  const id = segment(call, 'id');
  const port = world.tenantPorts.get(id);
  if (!port) throw new Refusal(404, 'PortNotFound', `Port ${id} could not be found.`);
  return port;
}

/** A change that its sender makes only to a port that is as it was read. */
function requireRevision(call: Call, { revision }: TenantPort): void {
  const [, wanted] = /^revision_number=(\d+)$/.exec(call.req.header('If-Match') ?? '') ?? [];
  if (wanted === undefined || Number(wanted) === revision) return;
  const problem = `Constrained to ${wanted}, but current revision is ${revision}`;
  throw new Refusal(412, 'RevisionNumberConstraintFailed', problem);
}

async function bodyOf(call: Call): Promise<JsonObject> {
  const body: unknown = await call.req.json().catch(() => null);
  const { port } = isObject(body as Json) ? (body as JsonObject) : {};
  if (!isObject(port)) throw badRequest("Unable to find 'port' in request body");
  return port;
}

const badRequest = (message: string) => new Refusal(400, 'HTTPBadRequest', message);

const texts = ['name', 'description', 'device_id', 'device_owner'] as const;

function textsIn(body: JsonObject): Partial<Record<(typeof texts)[number], string>> {
  const given = texts.flatMap((name) => (typeof body[name] === 'string' ? [[name, body[name]]] : []));
  return Object.fromEntries(given);
}

function createPort(world: World, body: JsonObject): TenantPort {
  const { network_id: id, fixed_ips: asked, 'binding:vnic_type': vnic } = body;
  if (typeof id !== 'string')
    throw badRequest("Failed to parse request. Required attribute 'network_id' not specified");
  const network = networkOf(world, id);
  const [first] = Array.isArray(asked) ? asked : [];
  const address = isObject(first) && typeof first.ip_address === 'string' ? first.ip_address : undefined;
  if (address !== undefined) requireFree(world, network, address);
  const mac = randomMac(world.random);
  const ips = addressesFor(world, network, mac, address);
  if (ips === null) {
    throw new Refusal(409, 'IpAddressGenerationFailure', `No more IP addresses available on network ${network.id}.`);
  }
  const now = world.now();
  const port: TenantPort = {
    id: crypto.randomUUID(),
    network,
    vnic_type: typeof vnic === 'string' ? vnic : 'normal',
    created_at: now,
    updated_at: now,
    revision: 1,
    name: '',
    description: '',
    device_id: '',
    device_owner: '',
    ...textsIn(body),
    mac_address: mac,
    fixed_ips: ips,
    status: 'DOWN',
  };
  world.tenantPorts.set(port.id, port);
  return port;
}

function requireFree(world: World, network: Network, address: string): void {
  if (!isAddress(address)) {
    throw badRequest(`Invalid input for fixed_ips. Reason: '${address}' is not a valid IP address.`);
  }
  const subnet = network.subnets.find(({ prefix, version }) => version === 4 && address.startsWith(prefix));
  if (!subnet || /\.(0|255)$/.test(address)) {
    const problem = `IP address ${address} is not a valid IP for any of the subnets on the specified network.`;
    throw new Refusal(400, 'InvalidIpForNetwork', problem);
  }
  if (!isTaken(world, subnet, address)) return;
  throw new Refusal(409, 'IpAddressAlreadyAllocated', `IP address ${address} already allocated in subnet ${subnet.id}`);
}

/** Whether a text is an address of either family. */
function isAddress(text: string): boolean {
  if (text.includes(':')) return URL.canParse(`http://[${text}]`);
  return /^\d+(\.\d+){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
}

/** Rows that fit a query, each with the fields that it names. A filter that is named twice takes either value. */
function listed(views: readonly JsonObject[], call: Call): JsonObject[] {
  const asked = query(call);
  const fields = asked.getAll('fields');
  const filters = [...new Set(asked.keys())].filter((name) => name !== 'fields');
  const unknown = filters.filter((name) => views[0] !== undefined && !(name in views[0]));
  if (unknown.length > 0) {
    throw badRequest(`[${unknown.map((name) => `'${name}'`).join(', ')}] is invalid attribute for filtering`);
  }
  return views
    .filter((view) => filters.every((name) => asked.getAll(name).includes(String(view[name]))))
    .map((view) =>
      fields.length === 0 ? view : Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name))),
    );
}

const date = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;

function viewNetwork({ id, name, shared, subnets, created_at: created }: Network): JsonObject {
  return {
    id,
    name,
    tenant_id: PROJECT,
    admin_state_up: true,
    mtu: 1500,
    status: 'ACTIVE',
    subnets: subnets.map((subnet) => subnet.id),
    shared,
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    'router:external': false,
    description: '',
    port_security_enabled: true,
    tags: [],
    created_at: date(created),
    updated_at: date(created),
    revision_number: 2,
    project_id: PROJECT,
  };
}

function viewSubnets({ id: network, subnets }: Network): JsonObject[] {
  return subnets.map(({ id, cidr, version, gateway, enable_dhcp }) => ({
    id,
    network_id: network,
    project_id: PROJECT,
    ip_version: version,
    cidr,
    gateway_ip: gateway,
    dns_nameservers: [],
    host_routes: [],
    enable_dhcp,
    ipv6_address_mode: version === 6 ? 'slaac' : null,
  }));
}

function viewPort(port: TenantPort): JsonObject {
  return {
    id: port.id,
    name: port.name,
    network_id: port.network.id,
    tenant_id: PROJECT,
    mac_address: port.mac_address,
    admin_state_up: true,
    status: port.status,
    device_id: port.device_id,
    device_owner: port.device_owner,
    fixed_ips: port.fixed_ips.map((ip) => ({ ...ip })),
    project_id: PROJECT,
    port_security_enabled: true,
    security_groups: [SECURITY_GROUP],
    'binding:vnic_type': port.vnic_type,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    description: port.description,
    tags: [],
    created_at: date(port.created_at),
    updated_at: date(port.updated_at),
    revision_number: port.revision,
  };
}
