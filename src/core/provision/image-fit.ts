import type { Image } from '../image.js';
import type { Server } from '../server.js';
import { named } from '../text/untrusted.js';

/** The deploy interfaces of Ironic that refuse an http image without a checksum. */
const needsChecksum = new Set(['direct', 'autodetect']);

/** Why an image cannot be deployed on a server, as a clause; undefined if it can. */
export function imageMisfit(image: Image, server: Server): string | undefined {
  if (server.diskGb !== null && image.minDiskGb > server.diskGb) {
    return `it needs a disk of ${image.minDiskGb} GB, and the server has ${server.diskGb} GB`;
  }
  if (image.architecture !== null && server.architecture !== null && image.architecture !== server.architecture) {
    return `it is for ${named(image.architecture, 40)}, and the server is ${named(server.architecture, 40)}`;
  }
  if (image.lacksChecksum && server.deployInterface !== null && needsChecksum.has(server.deployInterface)) {
    return `the server's deploy interface ${server.deployInterface} needs a checksum, and this image has none; the operator can add it to the image catalogue`;
  }
  return undefined;
}

/** The `instance_info` of an image on this very server, with the traits that the caller asked for. */
export function instanceInfoOf(image: Image, server: Server, traits: readonly string[] = []): Image['instanceInfo'] {
  // Ironic runs the deploy templates with these names.
  const asked = traits.length > 0 ? { traits } : {};
  if (!image.isPartition) return { ...image.instanceInfo, ...asked };
  // Ironic needs the size of the partition. It keeps the rest of the disk for its own small partitions.
  const rootGb = Math.max(image.minDiskGb, (server.diskGb ?? 0) - 1);
  return { image_type: 'partition', ...(rootGb > 0 ? { root_gb: rootGb } : {}), ...image.instanceInfo, ...asked };
}
