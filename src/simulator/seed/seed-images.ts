import type { Image } from '../world/image.js';
import { fixedDigest, fixedUuid } from './fixed-uuid.js';

const DAY = 86_400_000;

export const imageIds = {
  ubuntu: fixedUuid('image', 1),
  debian: fixedUuid('image', 2),
  rocky: fixedUuid('image', 3),
  queued: fixedUuid('image', 4),
  broken: fixedUuid('image', 5),
  rockyKernel: fixedUuid('image', 6),
  rockyRamdisk: fixedUuid('image', 7),
} as const;

/** The built-in images at the start. */
export function images(start: number): readonly Image[] {
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
    checksum: fixedDigest(number, 32),
    os_hash_algo: 'sha512',
    os_hash_value: fixedDigest(number, 128),
    // Glance lists the newest first.
    created_at: start - (20 + number) * DAY,
  });
  const image = (number: number, id: string, name: string, format: string, size: number) => {
    return { ...shared, ...data(number, size), id, name, disk_format: format };
  };
  // Kernel and ramdisk of rocky-9 are `community` images: usable by their ids, but not listed.
  const bootPart = (number: number, id: string, name: string, format: string, size: number): Image => {
    const own = { disk_format: format, container_format: format, id, name };
    return { ...shared, ...data(number, size), ...own, visibility: 'community', tags: [], properties: {} };
  };
  const { rockyKernel, rockyRamdisk } = imageIds;
  return [
    {
      ...image(1, imageIds.ubuntu, 'ubuntu-24.04', 'qcow2', 622_067_712),
      virtual_size: 3_758_096_384,
      properties: { ...system('ubuntu', '24.04'), img_type: 'whole-disk' },
    },
    {
      ...image(2, imageIds.debian, 'debian-12', 'raw', 2_147_483_648),
      virtual_size: 2_147_483_648,
      properties: { ...system('debian', '12'), img_type: 'whole-disk' },
    },
    {
      ...image(3, imageIds.rocky, 'rocky-9', 'raw', 1_073_741_824),
      properties: { ...system('rocky', '9'), img_type: 'partition', kernel_id: rockyKernel, ramdisk_id: rockyRamdisk },
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
      ...image(5, imageIds.broken, 'broken-image', 'qcow2', 734_003_200),
      virtual_size: 3_758_096_384,
      properties: { ...system('ubuntu', '24.04'), img_type: 'whole-disk' },
    },
    bootPart(6, rockyKernel, 'rocky-9-kernel', 'aki', 14_680_064),
    bootPart(7, rockyRamdisk, 'rocky-9-ramdisk', 'ari', 62_914_560),
  ];
}

function system(distro: string, version: string) {
  return { os_distro: distro, os_version: version, os_admin_user: distro, architecture: 'x86_64' };
}
