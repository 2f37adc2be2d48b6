import { describe, expect, test } from 'vitest';
import { ImageListing } from '../../../src/core/inventory/image-list.js';
import { failureIn } from '../../support/tool-answers.js';
import { type Cloud, given } from './cloud.js';
import { deployed } from './ways-to-sign-in.js';

type Refusal = readonly [what: string, imageId: (cloud: Cloud) => string, message: RegExp, reason: RegExp | undefined];

const undeployable: readonly Refusal[] = [
  ['that two images share', () => 'twins', /^Image twins cannot be deployed$/, /^2 active images have this name: /],
  [
    'of an image that has no data yet',
    () => 'queued-only',
    /^Image queued-only cannot be deployed$/,
    /^its status is queued$/,
  ],
  [
    'of a deactivated image',
    () => 'deactivated',
    /^Image deactivated cannot be deployed$/,
    /^its status is deactivated$/,
  ],
  ['of a deleted image', () => 'deleted', /^Image deleted not found$/, undefined],
  [
    'that is the id of a deleted image',
    ({ images }) => given(images.deleted),
    /^Image [0-9a-f-]{36} not found$/,
    undefined,
  ],
  ['of no image', () => 'ubunut-22.04', /^Image ubunut-22\.04 not found$/, /^Did you mean ubuntu-22\.04\?$/],
  [
    'of an image that is too big',
    () => 'too-big',
    /^Image too-big cannot be deployed$/,
    /^it needs a disk of 100000 GB, and the server has 240 GB$/,
  ],
  [
    'that is the id of an image that is too big',
    ({ images }) => given(images['too-big']),
    /^Image [0-9a-f-]{36} cannot be deployed$/,
    /^it needs a disk of 100000 GB, and the server has 240 GB$/,
  ],
  [
    'of an image for another processor',
    () => 'arm-only',
    /^Image arm-only cannot be deployed$/,
    /^it is for aarch64, and the server is x86_64$/,
  ],
];

export function imagesOfGlance(cloud: () => Cloud): void {
  describe('the list', () => {
    test('has every image of a system, says which cannot be deployed, and has no kernel and no ramdisk', async () => {
      const { session, openrc, images } = cloud();
      await session(openrc('provisioner'), async (mcp) => {
        const { data, text } = await mcp.callTool('list_images', {});
        const { images: listed, next_cursor } = ImageListing.parse(data ?? text);
        const names = listed.map(({ name, deployable, note }) => [name, deployable, note]);
        expect(names).toEqual(
          expect.arrayContaining([
            ['ubuntu-22.04', true, undefined],
            ['partition-1', true, undefined],
            ['queued-only', false, 'its status is queued'],
            ['deactivated', false, 'its status is deactivated'],
          ]),
        );
        expect(listed.filter(({ name }) => name === 'twins').map(({ id }) => id)).toEqual(
          [...(images.twins as readonly string[])].sort(),
        );
        expect(listed.find(({ name }) => name === 'debian-12')).toMatchObject({ format: 'qcow2', min_disk_gb: 10 });
        expect(listed.map(({ name }) => name).filter((name) => /kernel|ramdisk|deleted/.test(name ?? ''))).toEqual([]);
        expect(next_cursor).toBeNull();
      });
    });

    test('continues where a page ended', async () => {
      const { session, openrc } = cloud();
      await session(openrc('provisioner'), async (mcp) => {
        const all = ImageListing.parse((await mcp.callTool('list_images', {})).data);
        const first = ImageListing.parse((await mcp.callTool('list_images', { limit: 3 })).data);
        const rest = ImageListing.parse((await mcp.callTool('list_images', { cursor: first.next_cursor })).data);
        expect([...first.images, ...rest.images]).toEqual(all.images);
      });
    });
  });

  describe('the name', () => {
    test.each(undeployable)(
      '%s is refused with its reason, and Ironic is asked for no change',
      async (_, id, message, reason) => {
        const { session, openrc, changes } = cloud();
        const image_id = id(cloud());
        const before = await changes();
        await session(openrc('provisioner'), async (mcp) => {
          for (const criteria of [{ resource_class: 'baremetal.small' }, { server_id: 'bm-0004' }]) {
            const answer = await mcp.callTool('provision_server', { image_id, ...criteria });
            const [first, second] = failureIn(answer);
            expect(first).toMatch(message);
            if (reason) expect(second?.replace('Reason: ', '')).toMatch(reason);
          }
        });
        expect(await changes()).toEqual(before);
      },
    );

    test('of two images gets an answer with the ids of both', async () => {
      const { session, openrc, images } = cloud();
      await session(openrc('provisioner'), async (mcp) => {
        const { text } = await mcp.callTool('provision_server', { image_id: 'twins' });
        for (const id of images.twins as readonly string[]) expect(text).toContain(id);
      });
    });

    test("of another project's image is unknown to a user who may not see it", async () => {
      const { session, openrc, images, changes } = cloud();
      const before = await changes();
      await session(openrc('member'), async (mcp) => {
        for (const image_id of ['private-other', given(images['private-other'])]) {
          const answer = await mcp.callTool('provision_server', { image_id });
          expect(failureIn(answer)[0]).toBe(`Image ${image_id} not found`);
        }
      });
      expect(await changes()).toEqual(before);
    });

    test('of a partition image is enough: Ironic gets its type and its size', async () => {
      const { session, openrc, node, images } = cloud();
      await session(openrc('provisioner'), async (mcp) => {
        const status = await deployed(mcp, { image_id: 'partition-1', resource_class: 'baremetal.large' });
        expect((await node(status.server_id)).instance_info).toMatchObject({
          image_source: images['partition-1'],
          image_type: 'partition',
          root_gb: 1799,
        });
      });
    });
  });
}
