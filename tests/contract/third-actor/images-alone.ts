import type { Images } from '../../../src/core/ports.js';

/** The images where there is no Glance: every name is an image, and finding it takes no request. */
export function imagesAlone(describe: (image: string) => Readonly<Record<string, unknown>>): Images {
  return {
    list: async () => ({ images: [], complete: true, anyUrl: true }),
    find: async (ref) => ({
      id: ref,
      name: ref,
      instanceInfo: describe(ref),
      minDiskGb: 0,
      architecture: null,
      isPartition: false,
      loginUser: null,
      lacksChecksum: false,
    }),
  };
}
