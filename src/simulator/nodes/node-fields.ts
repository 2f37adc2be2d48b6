import { isUuid, readBoolean } from '../dialect/arguments.js';
import { Fault } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { repr } from '../dialect/python.js';
import { schemaOf } from '../dialect/schema.js';
import { blank, interfaces, type Node, type NodeChanges } from '../world/node.js';

/** The fields that a client may PATCH, in Ironic's order. */
export const patchable = [
  'automated_clean',
  'bios_interface',
  'boot_interface',
  'chassis_uuid',
  'conductor_group',
  'console_interface',
  'deploy_interface',
  'description',
  'driver',
  'driver_info',
  'extra',
  'inspect_interface',
  'instance_info',
  'instance_uuid',
  'lessee',
  'maintenance',
  'management_interface',
  'name',
  'network_data',
  'network_interface',
  'owner',
  'power_interface',
  'properties',
  'protected',
  'protected_reason',
  'raid_interface',
  'rescue_interface',
  'resource_class',
  'retired',
  'retired_reason',
  'shard',
  'storage_interface',
  'vendor_interface',
] as const;

/** The fields that a client may set when it creates a node. */
export const creatable: readonly string[] = [
  ...patchable.filter((field) => field !== 'protected' && field !== 'protected_reason'),
  'uuid',
  'boot_mode',
  'console_enabled',
  'secure_boot',
];

const objects: readonly string[] = ['driver_info', 'extra', 'instance_info', 'network_data', 'properties'];
const flags = ['automated_clean', 'maintenance', 'protected', 'retired', 'console_enabled', 'secure_boot'];
const longest: Readonly<Record<string, number>> = { description: 4096, resource_class: 80 };

/**
 * Checks a client's fields and turns them into the fields of a node. Absent and null fields get the default.
 * `argument` is Ironic's name for the body in its refusals: `node` or `patch`.
 */
export function readFields(argument: string, given: JsonObject): NodeChanges {
  checkTypes(argument, given);
  const { instance_uuid: instance } = given;
  if (typeof instance === 'string' && !isUuid(instance)) {
    throw new Fault(400, `Expected UUID for instance_uuid: ${instance}`);
  }
  return Object.fromEntries(patchable.map((field) => [field, readField(field, given[field] ?? null) ?? blank[field]]));
}

/** A field of the right type; null if it is absent. */
function readField(field: string, value: Json): Json {
  if (flags.includes(field)) return readBoolean(field, value);
  if (typeof value !== 'string') return value;
  if (field === 'conductor_group') return value.toLowerCase();
  if (field.endsWith('_interface')) checkInterface(field, value);
  return value;
}

/** The fields of a node as a document for a patch. */
export function patchDocument(node: Node): JsonObject {
  return Object.fromEntries(patchable.map((field) => [field, node[field]]));
}

function checkTypes(argument: string, given: JsonObject): void {
  const { refuse, wrongType, missing } = schemaOf(`Schema error for ${argument}`);
  for (const [field, value] of Object.entries(given)) {
    if (field === 'driver' && typeof value !== 'string') throw wrongType(value, "'string'");
    if (value === null) continue;
    if (objects.includes(field)) {
      if (!isObject(value)) throw wrongType(value, "'object', 'null'");
    } else if (flags.includes(field)) {
      const good = typeof value === 'boolean' || typeof value === 'string';
      if (!good) throw wrongType(value, "'string', 'boolean', 'null'");
    } else if (typeof value !== 'string') throw wrongType(value, "'string', 'null'");
    else if (value.length > (longest[field] ?? Number.POSITIVE_INFINITY)) throw refuse(`${repr(value)} is too long`);
  }
  if (!Object.hasOwn(given, 'driver')) throw missing('driver');
}

function checkInterface(field: string, name: string): void {
  const [kind = ''] = field.split('_');
  const known = interfaces[kind] ?? [];
  if (known.includes(name)) return;
  throw new Fault(
    400,
    `Could not find the following interface in the 'ironic.hardware.interfaces.${kind}' entrypoint: ${name}. Valid interfaces are ${repr([...known])}.`,
  );
}
