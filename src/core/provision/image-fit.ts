import type { Image } from '../image.js';
import type { Server } from '../server.js';
import { named } from '../text/untrusted.js';

/** The deploy interfaces of Ironic that refuse an http image without a checksum. */
const wantsChecksum = new Set(['direct', 'autodetect']);

/** Why an image cannot be deployed on a server, as a clause; undefined when nothing speaks against it. */
export function imageMisfit(image: Image, server: Server): string | undefined {
  if (server.diskGb !== null && image.minDiskGb > server.diskGb) {
    return `it needs a disk of ${image.minDiskGb} GB, and the server has ${server.diskGb} GB`;
  }
  if (image.architecture !== null && server.architecture !== null && image.architecture !== server.architecture) {
    return `it is for ${named(image.architecture, 40)}, and the server is ${named(server.architecture, 40)}`;
  }
  if (image.lacksChecksum && server.deployInterface !== null && wantsChecksum.has(server.deployInterface)) {
    return `the server's deploy interface ${server.deployInterface} wants a checksum, and none is known; give one in the image catalogue`;
  }
  return undefined;
}

/** What `instance_info` says of an image on this very server, and of what is to be done for the sake of traits. */
export function instanceInfoOf(image: Image, server: Server, traits: readonly string[] = []): Image['instanceInfo'] {
  // Ironic runs the deploy templates that are named like these.
  const asked = traits.length > 0 ? { traits } : {};
  if (!image.isPartition) return { ...image.instanceInfo, ...asked };
  // Ironic wants to know how large the partition is to be. The rest of the disk is for its own small partitions.
  const rootGb = Math.max(image.minDiskGb, (server.diskGb ?? 0) - 1);
  return { image_type: 'partition', ...(rootGb > 0 ? { root_gb: rootGb } : {}), ...image.instanceInfo, ...asked };
}
