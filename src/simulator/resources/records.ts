import { boolean, integer, list, readBoolean, readQuery, text, uuid, uuidOrName } from '../dialect/arguments.js';
import { type App, type Call, jsonBody, links, noContent, origin, query, resource, segment } from '../dialect/call.js';
import { fieldsToShow, pageOf, pick } from '../dialect/collection.js';
import { Abort, Fault, invalidStateRequested, nodeNotFound } from '../dialect/errors.js';
import type { Json, JsonObject } from '../dialect/json.js';
import { applyPatch, readPatch, requirePatchable } from '../dialect/patch.js';
import { schemaOf } from '../dialect/schema.js';
import { findNode, pathNode } from '../nodes/node-address.js';
import { time } from '../nodes/node-view.js';
import { checkTrait } from '../nodes/traits.js';
import { readSteps } from '../stories/step.js';
import { requireUnlocked, type World } from '../world/world.js';
import { macAddress } from './port-changes.js';

/** A kind of resource that Ironic keeps and shows. Nothing in the simulated cloud uses it: no volume is ever booted. */
interface Kind {
  /** Its name in Ironic's refusals. The last word is its name as a body. */
  readonly called: string;
  /** The version that added it. */
  readonly since: number;
  /** Its fields, each with its JSON type. A question mark allows null and no value, and then a default counts. */
  readonly fields: string;
  readonly defaults?: JsonObject;
  /** The fields in a list. */
  readonly short: string;
  /** Fields that no two have in common, by Ironic's words for them. */
  readonly unique?: Readonly<Record<string, string>>;
}

/** By their paths below /v1. */
const kinds: Readonly<Record<string, Kind>> = {
  chassis: { called: 'Chassis', since: 1, fields: 'description:string? extra:object?', short: 'uuid description' },
  portgroups: {
    called: 'Portgroup',
    since: 23,
    fields:
      'address:string? extra:object? mode:string? name:string? node_uuid:string properties:object? standalone_ports_supported:boolean?',
    defaults: { mode: 'active-backup', standalone_ports_supported: true },
    short: 'uuid address name',
    unique: { 'name {name}': 'name', 'MAC address {address}': 'address' },
  },
  'volume/connectors': {
    called: 'Volume connector',
    since: 32,
    fields: 'connector_id:string extra:object? node_uuid:string type:string',
    short: 'uuid node_uuid type connector_id',
    unique: { 'type {type} and connector ID {connector_id}': 'type connector_id' },
  },
  'volume/targets': {
    called: 'Volume target',
    since: 32,
    fields: 'boot_index:integer extra:object? node_uuid:string properties:object? volume_id:string volume_type:string',
    short: 'uuid node_uuid volume_type boot_index volume_id',
    unique: { "boot index '{boot_index}' for the same node": 'node_uuid boot_index' },
  },
  deploy_templates: {
    called: 'Deploy template',
    since: 55,
    fields: 'extra:object? name:string steps:array',
    short: 'uuid name',
    unique: { 'name {name}': 'name' },
  },
};

const paging = { marker: uuid, limit: integer, sort_key: text, sort_dir: text, fields: list, detail: boolean };
const lastOf = (words: string) => words.split(/[ /]/).at(-1)?.toLowerCase() ?? '';
const typesOf = ({ fields }: Kind): Readonly<Record<string, string>> =>
  Object.fromEntries(fields.split(' ').map((field) => field.split(':')));

/** Chassis, port groups, volume connectors, volume targets and deploy templates. */
export function recordRoutes(app: App, world: World): void {
  for (const [path, kind] of Object.entries(kinds)) {
    const routes = records(world, path, kind);
    app.use(`/v1/${path}/*`, async (call, next) => {
      if (call.get('minor') >= kind.since) return next();
      if (path !== 'deploy_templates') throw new Abort(404);
      const status = call.req.method === 'GET' ? 404 : 405;
      throw new Abort(status, 'The API version does not allow deploy templates');
    });
    for (const url of kind.called.includes(' ') ? [path] : [path, `${path}/detail`]) {
      const create = url === path && { POST: routes.create };
      resource(app, `/v1/${url}`, { GET: (call) => routes.list(call, url), ...create });
      if (!kind.fields.includes('node_uuid')) continue;
      resource(app, `/v1/nodes/:ident/${url}`, {
        GET: (call) => {
          // As a part of a node, port groups came one version later.
          if (call.get('minor') < Math.max(kind.since, 24)) throw new Abort(404);
          return routes.list(call, url, pathNode(world, call).uuid);
        },
      });
    }
    resource(app, `/v1/${path}/:record`, { GET: routes.show, PATCH: routes.change, DELETE: routes.remove });
  }
}

/** The record that this names, by its uuid or by the name that some kinds have. */
export function findRecord(world: World, path: string, ident: string): JsonObject {
  const found = recordsOf(world, path).find(({ uuid: id, name }) => id === ident || name === ident);
  if (!found) throw new Fault(404, `${kinds[path]?.called} ${ident} could not be found.`);
  return found;
}

function recordsOf(world: World, path: string): readonly JsonObject[] {
  return [...world.records].flatMap(([key, record]) => (key.startsWith(`${path}/`) ? [record] : []));
}

function records(world: World, path: string, kind: Kind) {
  const { called } = kind;
  const types = typesOf(kind);
  const keyOf = (record: JsonObject) => `${path}/${String(record.uuid)}`;

  function find(call: Call): JsonObject {
    const read = called === 'Portgroup' || called === 'Deploy template' ? uuidOrName : uuid;
    return findRecord(world, path, read(`${lastOf(called)}_uuid`, segment(call, 'record')));
  }

  function view(call: Call, record: JsonObject): JsonObject {
    const linksTo = (part: string) => links(origin(call), `${keyOf(record)}${part}`);
    return {
      ...record,
      links: linksTo(''),
      ...(path === 'portgroups' && { internal_info: {}, ports: linksTo('/ports') }),
      // Ironic nests this list by mistake.
      ...(path === 'chassis' && { nodes: [linksTo('/nodes')] }),
    };
  }

  function store(record: JsonObject, before?: JsonObject): JsonObject {
    const refuse = (words: string) => new Fault(409, `A ${called.toLowerCase()} with ${words} already exists.`);
    const others = recordsOf(world, path).filter((other) => other !== before);
    for (const [words, fields] of Object.entries(kind.unique ?? {})) {
      const names = fields.split(' ');
      const isTaken = others.some((other) =>
        names.every((name) => record[name] !== null && record[name] === other[name]),
      );
      if (isTaken) throw refuse(words.replace(/\{(\w+)\}/g, (_, name: string) => String(record[name])));
    }
    if (!before && world.records.has(keyOf(record))) throw refuse(`UUID ${String(record.uuid)}`);
    world.records.set(keyOf(record), record);
    return record;
  }

  /** Changes need the lock of the node. Volumes change only while it is off. */
  function checkNode(record: JsonObject, action: string): void {
    const node = world.fleet.byUuid(String(record.node_uuid));
    if (!node) return;
    requireUnlocked(node);
    if (!path.startsWith('volume/') || node.power_state === 'power off') return;
    throw invalidStateRequested(`${called.toLowerCase()} ${action}`, node.uuid, node.power_state ?? 'None');
  }

  return {
    list(call: Call, url: string, owner?: string): Response {
      const asked = readQuery(query(call), {
        ...paging,
        ...(types.node_uuid && { node: uuidOrName }),
        ...(types.address && { address: macAddress }),
      });
      if (asked.marker !== undefined) findRecord(world, path, asked.marker);
      const node = owner ?? (asked.node && findNode(world, asked.node, call.get('minor')).uuid);
      const found = recordsOf(world, path)
        .filter((each) => (!node || each.node_uuid === node) && (!asked.address || each.address === asked.address))
        .map((each) => view(call, each));
      const shown = fieldsToShow(asked.fields, asked.detail, kind.short.split(' '));
      const page = {
        name: lastOf(path),
        url,
        detail: asked.detail,
        base: origin(call),
        fields: url.endsWith('/detail') ? undefined : shown,
        sortable: Object.keys(types),
        unsortable: Object.keys(types).filter((name) => /object|array/.test(types[name] ?? '')),
      };
      return call.json(pageOf(found, asked, page));
    },
    show(call: Call): Response {
      const asked = readQuery(query(call), { fields: list });
      return call.json(pick(view(call, find(call)), asked.fields));
    },
    async create(call: Call): Promise<Response> {
      const record = store({
        ...readRecord(world, kind, await jsonBody(call)),
        created_at: time(world.now()),
        updated_at: null,
      });
      return call.json(view(call, record), 201, { Location: `${origin(call)}/v1/${keyOf(record)}` });
    },
    async change(call: Call): Promise<Response> {
      const patch = readPatch(await jsonBody(call));
      requirePatchable(patch, Object.keys(types));
      const before = find(call);
      const { created_at: at = null, updated_at: _, ...document } = before;
      const after = readRecord(world, kind, applyPatch(document, patch));
      checkNode(before, 'update');
      return call.json(view(call, store({ ...after, created_at: at, updated_at: time(world.now()) }, before)));
    },
    remove(call: Call): Response {
      const record = find(call);
      checkNode(record, 'deletion');
      const isUsed =
        [...world.ports.values()].some((port) => port.portgroup_uuid === record.uuid) ||
        world.fleet.section({}).some((node) => node.chassis_uuid === record.uuid);
      const problem = `${lastOf(called)} ${String(record.uuid)} contains ${path === 'chassis' ? 'nodes' : 'ports'}`;
      if (isUsed) throw new Fault(400, `Cannot complete the requested action because ${problem}.`);
      world.records.delete(keyOf(record));
      return noContent();
    },
  };
}

/** Checks a client's record, and adds its defaults. */
function readRecord(world: World, kind: Kind, given: Json): JsonObject {
  const { refuse, wrongType, missing, object } = schemaOf(`Schema error for ${lastOf(kind.called)}`);
  const types = Object.entries(typesOf(kind));
  const body = object(given, [...types.map(([field]) => field), 'uuid']);
  const record: JsonObject = { uuid: typeof body.uuid === 'string' ? uuid('uuid', body.uuid) : crypto.randomUUID() };
  for (const [field, allowed] of types) {
    const type = allowed.replace('?', '');
    const value = body[field] ?? null;
    if (type === allowed && body[field] === undefined) throw missing(field);
    if (type !== allowed && value === null) record[field] = kind.defaults?.[field] ?? (type === 'object' ? {} : null);
    else if (type === 'boolean') record[field] = readBoolean(field, value);
    else if (typeOf(value) === type) record[field] = value;
    else throw wrongType(value, type === allowed ? `'${type}'` : `'${type}', 'null'`);
  }
  const { node_uuid: node, address, name, steps } = record;
  if (typeof node === 'string' && !world.fleet.byUuid(uuid('node_uuid', node))) throw nodeNotFound(node, 400);
  if (typeof address === 'string') record.address = macAddress('address', address);
  if (steps !== undefined) {
    checkTrait(lastOf(kind.called), name ?? null);
    if (readSteps('deploy', steps).length === 0) throw refuse('[] is too short');
  } else if (typeof name === 'string') uuidOrName('name', name);
  return record;
}

function typeOf(value: Json): string {
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
