import { links } from '../dialect/call.js';
import { Fault } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { isoformat } from '../dialect/python.js';
import { knowsField } from '../dialect/version.js';
import { blank, CONDUCTOR, type Node } from '../world/node.js';

/** How to show nodes to a request. */
export interface Viewer {
  /** The minor version of the request. */
  readonly minor: number;
  /** The start of the links. */
  readonly base: string;
}

const related = ['allocation_uuid', 'chassis_uuid', 'ports'] as const;
/** Data of a node that is not a column of Ironic's table. */
const kept = ['id', 'uuid', 'created_at', 'updated_at', 'history', 'boot_device', ...related] as const;

export type Column = Exclude<keyof Node, (typeof kept)[number]>;

/** The fields that a client can request, as columns of Ironic's table, in the order of a whole node. */
export const columns: ReadonlySet<string> = new Set(
  Object.keys(blank).filter((key) => !kept.some((other) => other === key)),
);

export function isColumn(field: string): field is Column {
  return columns.has(field);
}

/** The fields that Ironic's API computes. */
const askable: ReadonlySet<string> = new Set(['uuid', ...columns, 'conductor', 'allocation_uuid', 'chassis_uuid']);

/** A node on the wire: whole, or only the requested fields with the links. */
export function viewNode(node: Node, viewer: Viewer, fields?: readonly string[]): JsonObject {
  const wrong = fields?.find((field) => !askable.has(field));
  if (wrong !== undefined) throw new Fault(400, `Field ${wrong} is not a valid field.`);

  const { minor, base } = viewer;
  const view: JsonObject = {};
  const put = (field: string, value: Json) => {
    if ((!fields || fields.includes(field)) && knowsField(minor, field)) view[field] = value;
  };
  put('uuid', node.uuid);
  put('created_at', time(node.created_at));
  put('updated_at', time(node.updated_at));
  for (const field of fields ?? columns) if (isColumn(field)) put(field, column(node, field, minor));
  view.links = links(base, `nodes/${node.uuid}`);
  put('conductor', CONDUCTOR);
  put('allocation_uuid', node.allocation_uuid);
  put('chassis_uuid', node.chassis_uuid);
  if (!fields) {
    view.ports = links(base, `nodes/${node.uuid}/ports`);
    if (minor >= 14) view.states = links(base, `nodes/${node.uuid}/states`);
    if (minor >= 24) view.portgroups = links(base, `nodes/${node.uuid}/portgroups`);
    if (minor >= 32) view.volume = links(base, `nodes/${node.uuid}/volume`);
  }
  return view;
}

function column(node: Node, field: Column, minor: number): Json {
  switch (field) {
    case 'driver_info':
      return masked(node.driver_info);
    case 'instance_info':
      return maskedInstanceInfo(node.instance_info);
    case 'provision_state':
      return visibleState(node.provision_state, minor);
    case 'provision_updated_at':
    case 'inspection_started_at':
    case 'inspection_finished_at':
      return time(node[field]);
    case 'traits':
      return [...node.traits];
    default:
      return node[field];
  }
}

/** The body of GET /v1/nodes/{node}/states. */
export function viewStates(node: Node, minor: number): JsonObject {
  return {
    console_enabled: node.console_enabled,
    last_error: node.last_error,
    power_state: node.power_state,
    provision_state: visibleState(node.provision_state, minor),
    target_power_state: node.target_power_state,
    target_provision_state: node.target_provision_state,
    provision_updated_at: time(node.provision_updated_at),
    ...(minor >= 12 && { raid_config: node.raid_config, target_raid_config: node.target_raid_config }),
    ...(minor >= 75 && { boot_mode: node.boot_mode, secure_boot: node.secure_boot }),
  };
}

/** Older versions use other names for two states. */
function visibleState(state: string, minor: number): string | null {
  if (state === 'available' && minor < 2) return null;
  if (state === 'inspect wait' && minor < 39) return 'inspecting';
  return state;
}

/** A moment as Ironic's database prints it: in UTC, with an offset. */
export function time(milliseconds: number | null): string | null {
  return milliseconds === null ? null : `${isoformat(milliseconds)}+00:00`;
}

/** Ironic shows this text instead of a secret. */
const MASK = '******';

/** A key that contains one of these words names a secret. The list is from oslo.utils, without product keys. */
const secretKeys = [
  'adminpass',
  'admin_pass',
  'password',
  'auth_token',
  'new_pass',
  'secret',
  'sys_pswd',
  'token',
  'configdrive',
  'encrypted_key',
  'private_key',
  'fernetkey',
  'sslkey',
  'passphrase',
];

function masked(info: JsonObject): JsonObject {
  const show = (key: string, value: Json): Json => {
    if (isObject(value)) return masked(value);
    return secretKeys.some((secret) => key.toLowerCase().includes(secret)) ? MASK : value;
  };
  return Object.fromEntries(Object.entries(info).map(([key, value]) => [key, show(key, value)]));
}

function maskedInstanceInfo(info: JsonObject): JsonObject {
  const shown = masked(info);
  // A config drive can be an object, and the URL of an image can contain a signature.
  for (const key of ['configdrive', 'image_url']) if (shown[key]) shown[key] = MASK;
  return shown;
}
