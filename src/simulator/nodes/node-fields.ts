import { isUuid, readBoolean } from '../dialect/arguments.js';
import { Fault } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { repr } from '../dialect/python.js';
import { DRIVER, type InterfaceKind, interfaces, type Node, type NodeChanges } from '../world/node.js';

/** What a client may PATCH, in the order in which Ironic enumerates it. */
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

/** What a client may give when it creates a node. */
export const creatable: readonly string[] = [
  ...patchable.filter((field) => field !== 'protected' && field !== 'protected_reason'),
  'uuid',
  'boot_mode',
  'console_enabled',
  'secure_boot',
];

const objects: readonly string[] = ['driver_info', 'extra', 'instance_info', 'network_data', 'properties'];
const flags: readonly string[] = [
  'automated_clean',
  'maintenance',
  'protected',
  'retired',
  'console_enabled',
  'secure_boot',
];
const longest: Readonly<Record<string, number>> = { description: 4096, resource_class: 80 };

/**
 * Checks fields that came from a client and makes a node's fields of them; what is absent or null becomes the default.
 * `argument` is what Ironic calls the body in its refusals: `node` or `patch`.
 */
export function readFields(argument: string, given: JsonObject): NodeChanges {
  checkTypes(argument, given);
  const text = (field: string) => textOf(given[field]);
  const object = (field: string) => objectOf(given[field]);
  const flag = (field: string) => readBoolean(field, given[field] ?? null);
  const instance = text('instance_uuid');
  if (instance !== null && !isUuid(instance)) throw new Fault(400, `Expected UUID for instance_uuid: ${instance}`);
  const chassis = text('chassis_uuid');
  if (chassis !== null) throw new Fault(400, `Chassis ${chassis} could not be found.`);
  return {
    automated_clean: flag('automated_clean'),
    bios_interface: interfaceOf('bios', given),
    boot_interface: interfaceOf('boot', given),
    conductor_group: text('conductor_group')?.toLowerCase() ?? '',
    console_interface: interfaceOf('console', given),
    deploy_interface: interfaceOf('deploy', given),
    description: text('description'),
    driver: text('driver') ?? DRIVER,
    driver_info: object('driver_info'),
    extra: object('extra'),
    inspect_interface: interfaceOf('inspect', given),
    instance_info: object('instance_info'),
    instance_uuid: instance,
    lessee: text('lessee'),
    maintenance: flag('maintenance') ?? false,
    management_interface: interfaceOf('management', given),
    name: text('name'),
    network_data: object('network_data'),
    network_interface: interfaceOf('network', given),
    owner: text('owner'),
    power_interface: interfaceOf('power', given),
    properties: object('properties'),
    protected: flag('protected') ?? false,
    protected_reason: text('protected_reason'),
    raid_interface: interfaceOf('raid', given),
    rescue_interface: interfaceOf('rescue', given),
    resource_class: text('resource_class'),
    retired: flag('retired') ?? false,
    retired_reason: text('retired_reason'),
    shard: text('shard'),
    storage_interface: interfaceOf('storage', given),
    vendor_interface: interfaceOf('vendor', given),
  };
}

/** The fields of a node as a document that a patch can be applied to. */
export function patchDocument(node: Node): JsonObject {
  const document: JsonObject = {};
  for (const field of patchable) document[field] = field === 'chassis_uuid' ? null : node[field];
  return document;
}

function checkTypes(argument: string, given: JsonObject): void {
  const refuse = (problem: string) => new Fault(400, `Schema error for ${argument}: ${problem}`);
  for (const [field, value] of Object.entries(given)) {
    if (field === 'driver' && typeof value !== 'string') throw refuse(`${repr(value)} is not of type 'string'`);
    if (value === null) continue;
    if (objects.includes(field)) {
      if (!isObject(value)) throw refuse(`${repr(value)} is not of type 'object', 'null'`);
    } else if (flags.includes(field)) {
      const good = typeof value === 'boolean' || typeof value === 'string';
      if (!good) throw refuse(`${repr(value)} is not of type 'string', 'boolean', 'null'`);
    } else if (typeof value !== 'string') throw refuse(`${repr(value)} is not of type 'string', 'null'`);
    else if (value.length > (longest[field] ?? Number.POSITIVE_INFINITY)) throw refuse(`${repr(value)} is too long`);
  }
  if (!Object.hasOwn(given, 'driver')) throw refuse("'driver' is a required property");
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function interfaceOf(kind: InterfaceKind, given: JsonObject): string {
  const known: readonly [string, ...string[]] = interfaces[kind];
  const asked = textOf(given[`${kind}_interface`]);
  if (asked === null) return known[0];
  if (known.includes(asked)) return asked;
  throw new Fault(
    400,
    `Could not find the following interface in the 'ironic.hardware.interfaces.${kind}' entrypoint: ${asked}. Valid interfaces are ${repr([...known])}.`,
  );
}
