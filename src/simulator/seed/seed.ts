import type { JsonObject } from '../dialect/json.js';
import { createNode, type Node, type NodeChanges, type Port } from '../world/node.js';
import type { World } from '../world/world.js';
import { fixedUuid } from './fixed-uuid.js';
import { imageIds, images } from './seed-images.js';
import { networks } from './seed-networks.js';

const DAY = 86_400_000;

type Kind = 'small' | 'large' | 'gpu';

const properties: Readonly<Record<Kind, JsonObject>> = {
  small: hardware(8, 16_384, 240),
  large: hardware(64, 262_144, 1_800),
  gpu: hardware(96, 524_288, 3_600),
};

function hardware(cpus: number, memory: number, disk: number): JsonObject {
  return { cpus, memory_mb: memory, local_gb: disk, cpu_arch: 'x86_64', capabilities: 'boot_mode:uefi' };
}

const gpuTraits: readonly string[] = ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'];
const noTraits: readonly string[] = [];

/** A server at the start. */
type Role = 'available' | 'manageable' | 'maintenance' | 'active';

/** The built-in servers. A server's name may script its faults: see `stories/scripted-faults.ts`. */
const dozen: readonly (readonly [string, Kind, Role])[] = [
  ['rack1-small-01', 'small', 'available'],
  ['rack1-small-02', 'small', 'available'],
  ['rack1-small-03', 'small', 'available'],
  ['rack1-small-04', 'small', 'active'],
  ['rack2-large-01', 'large', 'available'],
  ['rack2-large-02', 'large', 'available'],
  ['rack2-large-03', 'large', 'active'],
  ['rack2-large-04', 'large', 'maintenance'],
  ['rack3-gpu-01', 'gpu', 'available'],
  ['rack3-gpu-02', 'gpu', 'available'],
  ['rack3-gpu-03', 'gpu', 'manageable'],
  ['rack3-large-fail-write-image', 'large', 'available'],
];

export const DOZEN = dozen.length;

/** More servers, in racks of twenty: two of each rack are in use, one is in maintenance, one is not yet offered. */
function furtherServer(index: number): readonly [string, Kind, Role] {
  const place = index % 20;
  const kind = place % 10 === 9 ? 'gpu' : place % 10 >= 6 ? 'large' : 'small';
  const role =
    place === 3 || place === 11 ? 'active' : place === 13 ? 'maintenance' : place === 17 ? 'manageable' : 'available';
  const rack = 4 + Math.floor(index / 20);
  return [`rack${rack}-${kind}-${String(place + 1).padStart(2, '0')}`, kind, role];
}

/** Fills a world with this many servers, and with the built-in images. */
export function seed(world: World, servers: number): void {
  const start = world.now();
  for (let index = 0; index < servers; index += 1) {
    const [name, kind, role] = dozen[index] ?? furtherServer(index - DOZEN);
    addServer(world, start, index + 1, name, kind, role);
  }
  for (const image of images(start)) world.images.set(image.id, image);
  for (const network of networks(start)) world.networks.set(network.id, network);
}

function addServer(world: World, start: number, number: number, name: string, kind: Kind, role: Role): void {
  const address = `${(number >> 8) & 255}.${number & 255}`;
  const node = createNode(world.fleet.nextId(), fixedUuid('node', number), start - 30 * DAY, {
    name,
    updated_at: start - DAY,
    provision_updated_at: start - DAY,
    provision_state: 'available',
    power_state: 'power off',
    resource_class: `baremetal.${kind}`,
    properties: properties[kind],
    traits: kind === 'gpu' ? gpuTraits : noTraits,
    boot_interface: 'ipxe',
    deploy_interface: 'direct',
    inspect_interface: 'inspector',
    network_interface: kind === 'large' ? 'flat' : 'noop',
    // Leased, so that only a request for this server by name meets its faults.
    lessee: name.includes('-fail-') ? 'fault-drills' : null,
    driver_info: {
      ipmi_address: `10.${(number >> 16) & 255}.${address}`,
      ipmi_username: 'admin',
      ipmi_password: 'simulated',
      deploy_kernel: 'http://images.example.com/ipa.kernel',
      deploy_ramdisk: 'http://images.example.com/ipa.initramfs',
    },
    extra: { rack: name.slice(0, name.indexOf('-')) },
    ...roles[role](number),
  });
  const port = cardOf(node, fixedUuid('port', number), number);
  // Only the small ones have a single card.
  const ports = kind === 'small' ? [port] : [port, cardOf(node, fixedUuid('second-port', number), number, false)];
  node.ports = ports;
  for (const each of ports) world.ports.set(each.uuid, each);
  world.fleet.add(node);
}

function cardOf(node: Node, uuid: string, number: number, isFirst = true): Port {
  return {
    uuid,
    node,
    address: `52:54:${isFirst ? '00' : '01'}:${[number >> 16, number >> 8, number].map(hexByte).join(':')}`,
    created_at: node.created_at,
    updated_at: null,
    extra: {},
    pxe_enabled: isFirst,
    physical_network: null,
    local_link_connection: {},
    is_smartnic: false,
    portgroup_uuid: null,
    vif: null,
  };
}

const hexByte = (value: number) => (value & 255).toString(16).padStart(2, '0');

const roles: Readonly<Record<Role, (number: number) => NodeChanges>> = {
  available: () => ({}),
  manageable: () => ({ provision_state: 'manageable' }),
  maintenance: () => ({ maintenance: true, maintenance_reason: 'bad DIMM in slot B2' }),
  active: (number) => ({
    provision_state: 'active',
    power_state: 'power on',
    instance_uuid: fixedUuid('instance', number),
    instance_info: { image_source: imageIds.debian, image_type: 'whole-disk', display_name: `somebody-${number}` },
    driver_internal_info: { is_whole_disk_image: true, deploy_steps: null },
  }),
};
