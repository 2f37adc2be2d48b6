import type { Json, JsonObject } from '../dialect/json.js';

/** An entry of a node's history: an error, its time and its event type. */
export interface HistoryEntry {
  readonly uuid: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly created_at: number;
  readonly event_type: string;
  readonly event: string;
}

/** A network card of a node. */
export interface Port {
  readonly uuid: string;
  readonly node: Node;
  address: string;
  readonly created_at: number;
  updated_at: number | null;
  extra: JsonObject;
  pxe_enabled: boolean;
  physical_network: string | null;
  local_link_connection: JsonObject;
  is_smartnic: boolean;
  portgroup_uuid: string | null;
  /** The id of the attached VIF, if there is one. */
  vif: string | null;
}

/** A node of Ironic. Fields are named as on the wire. */
export type Node = ReturnType<typeof blankNode>;

/** A change to a node. The keys of a node cannot change. */
export type NodeChanges = Partial<Omit<Node, 'id' | 'uuid' | 'created_at'>>;

/** The only conductor of the simulated cloud. */
export const CONDUCTOR = 'simulated-conductor';

/** The only driver, with its interfaces by kind. The first one is the default. */
export const DRIVER = 'fake-hardware';
export const interfaces: Readonly<Record<string, readonly string[]>> = {
  bios: ['no-bios'],
  boot: ['fake', 'ipxe'],
  console: ['fake', 'no-console'],
  deploy: ['fake', 'direct'],
  inspect: ['fake', 'inspector', 'no-inspect'],
  management: ['fake'],
  network: ['flat', 'neutron', 'noop'],
  power: ['fake'],
  raid: ['fake', 'no-raid'],
  rescue: ['no-rescue'],
  storage: ['noop'],
  vendor: ['fake', 'no-vendor'],
};

const nothing: JsonObject = Object.freeze({});

const noText = null as string | null;
const noFlag = null as boolean | null;
const noTime = null as number | null;
const bootsFromDisk: Readonly<{ boot_device: string | null; persistent: boolean | null }> = {
  boot_device: 'disk',
  persistent: true,
};
const noTraits: readonly string[] = [];
const noHistory: readonly HistoryEntry[] = [];
const noPorts: readonly Port[] = [];

/**
 * One literal for all nodes, so that the engine uses one shape for a hundred thousand. To save memory, nodes share
 * their inner objects, so never change one in place.
 */
function blankNode(id: number, uuid: string, createdAt: number) {
  return {
    /** Ironic's internal key, by which it sorts lists. It is never on the wire. */
    id,
    uuid,
    created_at: createdAt,
    updated_at: noTime,
    automated_clean: noFlag,
    bios_interface: 'no-bios',
    boot_interface: 'fake',
    boot_mode: noText,
    chassis_uuid: noText,
    clean_step: nothing,
    conductor_group: '',
    console_enabled: false,
    console_interface: 'fake',
    deploy_interface: 'fake',
    deploy_step: nothing,
    description: noText,
    driver: DRIVER,
    driver_info: nothing,
    driver_internal_info: nothing,
    extra: nothing,
    fault: noText,
    inspection_finished_at: noTime,
    inspection_started_at: noTime,
    inspect_interface: 'fake',
    instance_info: nothing,
    instance_uuid: noText,
    last_error: noText,
    lessee: noText,
    maintenance: false,
    maintenance_reason: noText,
    management_interface: 'fake',
    name: noText,
    network_data: nothing,
    network_interface: 'flat',
    owner: noText,
    power_interface: 'fake',
    power_state: noText,
    properties: nothing,
    protected: false,
    protected_reason: noText,
    provision_state: 'enroll',
    provision_updated_at: noTime,
    raid_config: nothing,
    raid_interface: 'fake',
    rescue_interface: 'no-rescue',
    /** The conductor that holds the node's lock. */
    reservation: noText,
    resource_class: noText,
    retired: false,
    retired_reason: noText,
    secure_boot: noFlag,
    shard: noText,
    storage_interface: 'noop',
    target_power_state: noText,
    target_provision_state: noText,
    target_raid_config: nothing,
    traits: noTraits,
    vendor_interface: 'fake',
    allocation_uuid: noText,
    history: noHistory,
    ports: noPorts,
    /** The next boot device of the node, and whether it is persistent. */
    boot_device: bootsFromDisk,
  };
}

/** The defaults of a node. */
export const blank = blankNode(0, '', 0);

export function createNode(id: number, uuid: string, createdAt: number, given: NodeChanges): Node {
  return Object.assign(blankNode(id, uuid, createdAt), given);
}

/** Adds members to a node's driver_internal_info; `undefined` removes one. */
export function internalInfo(node: Node, changes: Readonly<Record<string, Json | undefined>>): JsonObject {
  const info: JsonObject = { ...node.driver_internal_info };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete info[key];
    else info[key] = value;
  }
  return info;
}
