import type { Image } from './image.js';
import type { JsonObject } from './json.js';
import { createNode, type NodeChanges, type Port } from './node.js';
import type { World } from './world.js';

const DAY = 86_400_000;

/**
 * A UUID that is always the same for the same kind and number (of version 4 by its looks), so that the servers of a
 * simulated cloud keep their names over restarts.
 */
export function fixedUuid(kind: string, number: number): string {
  const words = [0, 1, 2, 3].map((word) => scramble(`${kind}/${number}/${word}`).toString(16).padStart(8, '0'));
  const [a = '', b = '', c = '', d = ''] = words;
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

/** FNV-1a with a final avalanche: neighbours come out far apart. */
function scramble(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

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

/** What a server is at the beginning. */
type Role = 'available' | 'manageable' | 'maintenance' | 'active';

/** The built-in dozen. A server's name may tell its fate: see `fate.ts`. */
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

/** The servers after the dozen: racks of twenty, of which two are in use, one in maintenance, one not yet offered. */
function furtherServer(index: number): readonly [string, Kind, Role] {
  const place = index % 20;
  const kind = place % 10 === 9 ? 'gpu' : place % 10 >= 6 ? 'large' : 'small';
  const role =
    place === 3 || place === 11 ? 'active' : place === 13 ? 'maintenance' : place === 17 ? 'manageable' : 'available';
  const rack = 4 + Math.floor(index / 20);
  return [`rack${rack}-${kind}-${String(place + 1).padStart(2, '0')}`, kind, role];
}

/** Fills a world with so many servers, and with the built-in images. */
export function seed(world: World, servers: number): void {
  const start = world.now();
  for (let index = 0; index < servers; index += 1) {
    const [name, kind, role] = dozen[index] ?? furtherServer(index - DOZEN);
    addServer(world, start, index + 1, name, kind, role);
  }
  for (const image of images(start)) world.images.set(image.id, image);
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
  const port: Port = {
    uuid: fixedUuid('port', number),
    node,
    address: `52:54:00:${[number >> 16, number >> 8, number].map(hexByte).join(':')}`,
    created_at: node.created_at,
    updated_at: null,
    extra: {},
    pxe_enabled: true,
    physical_network: null,
    local_link_connection: {},
    is_smartnic: false,
    vif: null,
  };
  node.ports = [port];
  world.ports.set(port.uuid, port);
  world.fleet.add(node);
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

/** The ids of the built-in images. */
export const imageIds = {
  ubuntu: fixedUuid('image', 1),
  debian: fixedUuid('image', 2),
  rocky: fixedUuid('image', 3),
  queued: fixedUuid('image', 4),
  broken: fixedUuid('image', 5),
  rockyKernel: fixedUuid('image', 6),
  rockyRamdisk: fixedUuid('image', 7),
} as const;

function images(start: number): readonly Image[] {
  const shared = {
    container_format: 'bare',
    visibility: 'public',
    virtual_size: null,
    status: 'active',
    min_ram: 1024,
    min_disk: 10,
    tags: ['baremetal'],
  } as const;
  const data = (number: number, size: number) => ({
    size,
    checksum: digest(number, 32),
    os_hash_algo: 'sha512',
    os_hash_value: digest(number, 128),
    // Glance lists the newest first.
    created_at: start - (20 + number) * DAY,
  });
  const system = (distro: string, version: string) => ({
    os_distro: distro,
    os_version: version,
    architecture: 'x86_64',
  });
  return [
    {
      ...shared,
      ...data(1, 622_067_712),
      id: imageIds.ubuntu,
      name: 'ubuntu-24.04',
      disk_format: 'qcow2',
      virtual_size: 3_758_096_384,
      properties: { ...system('ubuntu', '24.04'), img_type: 'whole-disk' },
    },
    {
      ...shared,
      ...data(2, 2_147_483_648),
      id: imageIds.debian,
      name: 'debian-12',
      disk_format: 'raw',
      virtual_size: 2_147_483_648,
      properties: { ...system('debian', '12'), img_type: 'whole-disk' },
    },
    {
      ...shared,
      ...data(3, 1_073_741_824),
      id: imageIds.rocky,
      name: 'rocky-9',
      disk_format: 'raw',
      properties: {
        ...system('rocky', '9'),
        img_type: 'partition',
        kernel_id: imageIds.rockyKernel,
        ramdisk_id: imageIds.rockyRamdisk,
      },
    },
    {
      ...shared,
      id: imageIds.queued,
      name: 'fedora-41',
      disk_format: 'qcow2',
      status: 'queued',
      size: null,
      checksum: null,
      os_hash_algo: null,
      os_hash_value: null,
      created_at: start - 24 * DAY,
      properties: system('fedora', '41'),
    },
    {
      ...shared,
      ...data(5, 734_003_200),
      id: imageIds.broken,
      name: 'broken-image',
      disk_format: 'qcow2',
      virtual_size: 3_758_096_384,
      properties: { ...system('ubuntu', '24.04'), img_type: 'whole-disk' },
    },
    // Kernel and ramdisk of rocky-9: shared by their ids only, as `community` images are, not listed.
    kernelPart(6, imageIds.rockyKernel, 'rocky-9-kernel', 'aki', 14_680_064),
    kernelPart(7, imageIds.rockyRamdisk, 'rocky-9-ramdisk', 'ari', 62_914_560),
  ];

  function kernelPart(number: number, id: string, name: string, format: string, size: number): Image {
    const formats = { disk_format: format, container_format: format };
    return {
      ...shared,
      ...data(number, size),
      ...formats,
      id,
      name,
      visibility: 'community',
      tags: [],
      properties: {},
    };
  }
}

function digest(number: number, length: number): string {
  const words = Array.from({ length: length / 8 }, (_, word) => scramble(`digest/${number}/${word}`));
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}
