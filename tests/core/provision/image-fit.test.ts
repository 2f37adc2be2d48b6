import { describe, expect, it } from 'vitest';
import type { Image } from '../../../src/core/image.js';
import { imageMisfit, instanceInfoOf } from '../../../src/core/provision/image-fit.js';
import type { Server } from '../../../src/core/server.js';
import { freeServer, uuid } from '../fake-bare-metal.js';
import { image } from '../setup.js';

describe('an image', () => {
  it.each<[string, Partial<Image>, Partial<Server>, string]>([
    [
      'needs more disk than the server has',
      { minDiskGb: 101 },
      { diskGb: 100 },
      'it needs a disk of 101 GB, and the server has 100 GB',
    ],
    [
      'is for another architecture',
      { architecture: 'aarch64' },
      { architecture: 'x86_64' },
      'it is for aarch64, and the server is x86_64',
    ],
    [
      'has no checksum where Ironic wants one',
      { lacksChecksum: true },
      { deployInterface: 'direct' },
      "the server's deploy interface direct needs a checksum, and this image has none; the operator can add it to the image catalogue",
    ],
  ])('does not fit when it %s', (_, ofImage, ofServer, reason) => {
    expect(imageMisfit(image(ofImage), freeServer(1, ofServer))).toBe(reason);
  });

  it.each<[string, Partial<Image>, Partial<Server>]>([
    ['the disk is just large enough', { minDiskGb: 100 }, { diskGb: 100 }],
    ['nobody knows how large the disk is', { minDiskGb: 100 }, { diskGb: null }],
    ['nobody knows what the image runs on', { architecture: null }, { architecture: 'x86_64' }],
    ['nobody knows what the server is', { architecture: 'x86_64' }, { architecture: null }],
    ['the deploy interface wants no checksum', { lacksChecksum: true }, { deployInterface: 'ramdisk' }],
    ['nobody knows the deploy interface', { lacksChecksum: true }, { deployInterface: null }],
  ])('fits when %s', (_, ofImage, ofServer) => {
    expect(imageMisfit(image(ofImage), freeServer(1, ofServer))).toBeUndefined();
  });

  it('of a whole disk is described without a size', () => {
    const whole = image({ instanceInfo: { image_source: 'a' } });
    expect(instanceInfoOf(whole, freeServer())).toEqual({ image_source: 'a' });
  });

  it('of a partition gets a size', () => {
    const partition = image({ isPartition: true, instanceInfo: { image_source: 'a' }, minDiskGb: 8 });
    const sized = (diskGb: number | null) => instanceInfoOf(partition, freeServer(1, { diskGb }));
    expect(sized(100)).toEqual({ image_source: 'a', image_type: 'partition', root_gb: 99 });
    expect(sized(null)).toEqual({ image_source: 'a', image_type: 'partition', root_gb: 8 });
    expect(instanceInfoOf({ ...partition, minDiskGb: 0 }, freeServer(1, { diskGb: null }))).toEqual({
      image_source: 'a',
      image_type: 'partition',
    });
  });

  it('of a partition keeps the size that the operator set', () => {
    const partition = image({ isPartition: true, instanceInfo: { image_source: 'a', root_gb: 20 } });
    expect(instanceInfoOf(partition, freeServer())).toMatchObject({ root_gb: 20 });
  });
});

describe('the traits of a request', () => {
  it('are sent to Ironic with the image, whatever its kind', () => {
    for (const isPartition of [true, false]) {
      expect(instanceInfoOf(image({ isPartition }), freeServer(1), ['CUSTOM_GPU'])).toMatchObject({
        image_source: uuid(700),
        traits: ['CUSTOM_GPU'],
      });
      expect(instanceInfoOf(image({ isPartition }), freeServer(1), [])).not.toHaveProperty('traits');
    }
  });
});
