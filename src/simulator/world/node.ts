import type { Json, JsonObject } from '../dialect/json.js';

/** One line of a node's history: what went wrong, when, in which kind of work. */
export interface HistoryEntry {
  readonly uuid: string;
  /** Milliseconds since the epoch, like all times here. */
  readonly created_at: number;
  readonly severity: 'ERROR';
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
  /** The id of the network interface that a tenant attached, if any. */
  vif: string | null;
}

/**
 * A bare-metal server as Ironic keeps it, its fields named as on the wire. Objects that hang from it are shared between
 * nodes and never changed in place: that keeps a hundred thousand of them small.
 */
export interface Node {
  /** Ironic's own key: lists are sorted by it. Never on the wire. */
  readonly id: number;
  readonly uuid: string;
  readonly created_at: number;
  updated_at: number | null;
  automated_clean: boolean | null;
  bios_interface: string;
  boot_interface: string;
  boot_mode: string | null;
  clean_step: JsonObject;
  conductor_group: string;
  console_enabled: boolean;
  console_interface: string;
  deploy_interface: string;
  deploy_step: JsonObject;
  description: string | null;
  driver: string;
  driver_info: JsonObject;
  driver_internal_info: JsonObject;
  extra: JsonObject;
  fault: string | null;
  inspection_finished_at: number | null;
  inspection_started_at: number | null;
  inspect_interface: string;
  instance_info: JsonObject;
  instance_uuid: string | null;
  last_error: string | null;
  lessee: string | null;
  maintenance: boolean;
  maintenance_reason: string | null;
  management_interface: string;
  name: string | null;
  network_data: JsonObject;
  network_interface: string;
  owner: string | null;
  power_interface: string;
  power_state: string | null;
  properties: JsonObject;
  protected: boolean;
  protected_reason: string | null;
  provision_state: string;
  provision_updated_at: number | null;
  raid_config: JsonObject;
  raid_interface: string;
  rescue_interface: string;
  /** The conductor that holds the node's lock. */
  reservation: string | null;
  resource_class: string | null;
  retired: boolean;
  retired_reason: string | null;
  secure_boot: boolean | null;
  shard: string | null;
  storage_interface: string;
  target_power_state: string | null;
  target_provision_state: string | null;
  target_raid_config: JsonObject;
  traits: readonly string[];
  vendor_interface: string;
  allocation_uuid: string | null;
  history: readonly HistoryEntry[];
  ports: readonly Port[];
  /** The device that the node boots from next, and whether it stays so. */
  boot_device: Readonly<{ boot_device: string | null; persistent: boolean | null }>;
}

/** A change to a node; its keys never change. */
export type NodeChanges = Partial<Omit<Node, 'id' | 'uuid' | 'created_at'>>;

/** The one conductor of the simulated cloud. */
export const CONDUCTOR = 'simulated-conductor';

/** The one driver, with its interfaces by kind: the first is the default. */
export const DRIVER = 'ipmi';
export const interfaces = {
  bios: ['no-bios'],
  boot: ['ipxe'],
  console: ['no-console'],
  deploy: ['direct'],
  inspect: ['inspector', 'no-inspect'],
  management: ['ipmitool'],
  network: ['flat', 'neutron', 'noop'],
  power: ['ipmitool'],
  raid: ['no-raid'],
  rescue: ['no-rescue'],
  storage: ['noop'],
  vendor: ['no-vendor'],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** The kinds of hardware interfaces. */
export type InterfaceKind = keyof typeof interfaces;

const nothing: JsonObject = Object.freeze({});

const bootsFromDisk = { boot_device: 'disk', persistent: true } as const;
const noTraits: readonly string[] = [];
const noHistory: readonly HistoryEntry[] = [];
const noPorts: readonly Port[] = [];

/** A new node. A single literal for all of them, so that the engine keeps one shape for a hundred thousand. */
export function createNode(id: number, uuid: string, createdAt: number, given: NodeChanges): Node {
  const node: Node = {
    id,
    uuid,
    created_at: createdAt,
    updated_at: null,
    automated_clean: null,
    bios_interface: 'no-bios',
    boot_interface: 'ipxe',
    boot_mode: null,
    clean_step: nothing,
    conductor_group: '',
    console_enabled: false,
    console_interface: 'no-console',
    deploy_interface: 'direct',
    deploy_step: nothing,
    description: null,
    driver: DRIVER,
    driver_info: nothing,
    driver_internal_info: nothing,
    extra: nothing,
    fault: null,
    inspection_finished_at: null,
    inspection_started_at: null,
    inspect_interface: 'inspector',
    instance_info: nothing,
    instance_uuid: null,
    last_error: null,
    lessee: null,
    maintenance: false,
    maintenance_reason: null,
    management_interface: 'ipmitool',
    name: null,
    network_data: nothing,
    network_interface: 'flat',
    owner: null,
    power_interface: 'ipmitool',
    power_state: null,
    properties: nothing,
    protected: false,
    protected_reason: null,
    provision_state: 'enroll',
    provision_updated_at: null,
    raid_config: nothing,
    raid_interface: 'no-raid',
    rescue_interface: 'no-rescue',
    reservation: null,
    resource_class: null,
    retired: false,
    retired_reason: null,
    secure_boot: null,
    shard: null,
    storage_interface: 'noop',
    target_power_state: null,
    target_provision_state: null,
    target_raid_config: nothing,
    traits: noTraits,
    vendor_interface: 'no-vendor',
    allocation_uuid: null,
    history: noHistory,
    ports: noPorts,
    boot_device: bootsFromDisk,
  };
  return Object.assign(node, given);
}

/** Adds members to a node's driver_internal_info; `undefined` takes one away. */
export function internalInfo(node: Node, changes: Readonly<Record<string, Json | undefined>>): JsonObject {
  const info: JsonObject = { ...node.driver_internal_info };
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) delete info[key];
    else info[key] = value;
  }
  return info;
}
