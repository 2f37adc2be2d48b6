import { describe, expect, it } from 'vitest';
import { NoAnswer } from '../../src/core/ports.js';
import { createGlance } from '../../src/openstack/glance.js';
import { uuid } from '../core/fake-bare-metal.js';
import { createFakeClock } from '../core/fake-clock.js';
import faults from '../golden/ironic-faults.json' with { type: 'json' };
import { broken, createService, forever, html, httpTo, json, type Reply, stalled, text } from './lab.js';

const service = createService('http://glance.test');

/** An image as Glance shows it, with some of its many members. */
const ubuntu = {
  id: uuid(700),
  name: 'ubuntu-24.04',
  status: 'active',
  min_disk: 10,
  virtual_size: 65_536,
  img_type: 'whole-disk',
  disk_format: 'qcow2',
};

function setup(replies: readonly Reply[], timeout = 5_000) {
  service.replies(...replies);
  const clock = createFakeClock();
  const http = httpTo(service.endpoint, { service: 'The image service', timeout });
  return { clock, images: createGlance({ http, clock, random: () => 0 }) };
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

const list = (...images: object[]) => json({ images, schema: '/v2/schemas/images' });

/** What Glance said when it was recorded. */
function recorded(file: string): Reply {
  const found = faults.find((each) => each.file === file);
  if (!found) throw new Error(`${file} was not recorded.`);
  return text(found.body, found.status);
}

describe('an image by its id', () => {
  it('takes one request', async () => {
    const { images } = setup([json(ubuntu)]);
    const mixed = 'ABCDEF00-0000-4000-8000-00000000000a';
    await expect(images.find(mixed, forever)).resolves.toMatchObject({
      id: uuid(700),
      name: 'ubuntu-24.04',
      instanceInfo: { image_source: uuid(700) },
    });
    expect(service.seen).toMatchObject([{ method: 'GET', path: `/v2/images/${mixed.toLowerCase()}` }]);
  });

  it('is null if there is none', async () => {
    const { images } = setup([recorded('92-image-404')]);
    await expect(images.find(uuid(5), forever)).resolves.toBeNull();
  });

  it('is not missing just because a proxy says so', async () => {
    const { images } = setup([html(404)]);
    expect(await errorOf(images.find(uuid(5), forever))).toBeInstanceOf(NoAnswer);
  });

  it.each(['queued', 'saving', 'importing', 'deactivated', 'killed', 'deleted', 'pending_delete'])(
    'cannot be deployed while it is %s',
    async (status) => {
      const { images } = setup([json({ ...ubuntu, status })]);
      expect(await errorOf(images.find(uuid(700), forever))).toMatchObject({
        code: 'image_not_deployable',
        message: `Image ${uuid(700)} cannot be deployed`,
        reason: `its status is ${status}`,
      });
    },
  );
});

describe('an image by its name', () => {
  it('takes one request with the whole name', async () => {
    const name = 'Ubuntu & friends = 24%20/04?#ü';
    const { images } = setup([list({ ...ubuntu, name })]);
    await expect(images.find(name, forever)).resolves.toMatchObject({ id: uuid(700), name });
    expect(new URL(service.seen[0]?.path ?? '', service.endpoint).searchParams.get('name')).toBe(name);
  });

  it('cannot be deployed if it is a kernel or a ramdisk', async () => {
    const { images } = setup([list({ ...ubuntu, disk_format: 'ari' })]);
    expect(await errorOf(images.find('ubuntu-24.04', forever))).toMatchObject({
      code: 'image_not_deployable',
      reason: 'it is a kernel or a ramdisk',
    });
  });

  it('is null if there is none', async () => {
    const { images } = setup([list()]);
    await expect(images.find('nosuch', forever)).resolves.toBeNull();
  });

  it.each(['in:ubuntu-24.04,debian-12', 'neq:debian-12'])(
    'is exactly that one, although Glance reads "%s" as a filter',
    async (name) => {
      const { images } = setup([list(ubuntu)]);
      await expect(images.find(name, forever)).resolves.toBeNull();
    },
  );

  it('is the one that is active', async () => {
    const { images } = setup([list({ ...ubuntu, id: uuid(701), status: 'queued' }, ubuntu)]);
    await expect(images.find('ubuntu-24.04', forever)).resolves.toMatchObject({ id: uuid(700) });
  });

  it('cannot be deployed if none is active', async () => {
    const { images } = setup([list({ ...ubuntu, status: 'queued' })]);
    expect(await errorOf(images.find('ubuntu-24.04', forever))).toMatchObject({
      code: 'image_not_deployable',
      reason: 'its status is queued',
    });
  });

  it('cannot be chosen if several are active, and the failure lists their ids', async () => {
    const { images } = setup([list(ubuntu, { ...ubuntu, id: uuid(701) })]);
    expect(await errorOf(images.find('ubuntu-24.04', forever))).toMatchObject({
      code: 'image_not_deployable',
      id: 'ubuntu-24.04',
      reason: `2 active images have this name: ${uuid(700)}, ${uuid(701)}`,
      hint: 'Call again with the id of one of them.',
    });
  });

  it('shows only a bounded part of foreign text in a refusal', async () => {
    const status = `queued\u202e${'x'.repeat(1_000_000)}`;
    const { images } = setup([list({ ...ubuntu, status })]);
    const { reason } = (await errorOf(images.find('ubuntu-24.04', forever))) as { reason: string };
    expect(reason).toMatch(/^its status is "queued x+…"$/);
    expect(reason.length).toBeLessThan(80);
  });
});

describe('what Glance knows about an image', () => {
  const imageOf = async (changes: object) => {
    const { images } = setup([json({ ...ubuntu, ...changes })]);
    return images.find(uuid(700), forever);
  };

  it.each([
    [{ min_disk: 10, virtual_size: 5 * 2 ** 30 }, 10],
    [{ min_disk: 0, virtual_size: 5 * 2 ** 30 + 1 }, 6],
    [{ min_disk: 0, virtual_size: null }, 0],
    [{ min_disk: 'ten', virtual_size: 'large' }, 0],
    [{ min_disk: undefined, virtual_size: undefined }, 0],
  ])('includes the disk that it needs (%#)', async (changes, minDiskGb) => {
    expect(await imageOf(changes)).toMatchObject({ minDiskGb });
  });

  it('includes the architecture, if it is set', async () => {
    expect(await imageOf({ architecture: 'aarch64' })).toMatchObject({ architecture: 'aarch64' });
    expect(await imageOf({ architecture: 7 })).toMatchObject({ architecture: null });
    expect(await imageOf({})).toMatchObject({ architecture: null });
  });

  it.each([
    [{ img_type: 'partition' }, true],
    [{ img_type: 'whole-disk', kernel_id: uuid(3) }, false],
    [{ img_type: undefined, kernel_id: uuid(3) }, true],
    [{ img_type: undefined }, false],
  ])('includes whether it is a partition image (%#)', async (changes, isPartition) => {
    expect(await imageOf(changes)).toMatchObject({ isPartition });
  });

  it('includes the checksum, so that Ironic needs none from us', async () => {
    expect(await imageOf({ os_hash_value: null })).toMatchObject({ lacksChecksum: false });
  });

  it.each([
    ['ubuntu', 'ubuntu'],
    ['-oProxyCommand=sh', null],
    ['a b', null],
    [undefined, null],
  ])('includes the user for logging in, if the property os_admin_user is one: %s', async (user, loginUser) => {
    expect(await imageOf({ os_admin_user: user })).toMatchObject({ loginUser });
  });

  it('need not include a name', async () => {
    expect(await imageOf({ name: null })).toMatchObject({ name: null });
    expect(await imageOf({ name: 7 })).toMatchObject({ name: null });
  });
});

describe('all images', () => {
  it('take one request, with everything that a choice needs', async () => {
    const { images } = setup([
      list({ ...ubuntu, size: 3_000, architecture: 'x86_64' }, { ...ubuntu, id: uuid(701), name: null, min_disk: 0 }),
    ]);
    await expect(images.list(forever)).resolves.toEqual({
      images: [
        {
          id: uuid(700),
          name: 'ubuntu-24.04',
          instanceInfo: { image_source: uuid(700) },
          sizeBytes: 3_000,
          minDiskGb: 10,
          architecture: 'x86_64',
          format: 'qcow2',
          obstacle: null,
          caveat: null,
        },
        expect.objectContaining({ id: uuid(701), name: null, sizeBytes: null, minDiskGb: 1, architecture: null }),
      ],
      complete: true,
      anyUrl: false,
    });
    expect(service.seen).toHaveLength(1);
    const { searchParams } = new URL(service.seen[0]?.path ?? '', service.endpoint);
    expect(Object.fromEntries(searchParams)).toEqual({ sort: 'name:asc', limit: '1000' });
  });

  it('leave out kernels and ramdisks, by their formats and because another image boots with them', async () => {
    const { images } = setup([
      list(
        { ...ubuntu, id: uuid(1), disk_format: 'aki', container_format: 'aki' },
        { ...ubuntu, id: uuid(2), disk_format: 'raw', container_format: 'ari' },
        { ...ubuntu, id: uuid(3), disk_format: 'raw' },
        { ...ubuntu, id: uuid(4), disk_format: 'raw' },
        { ...ubuntu, id: uuid(5), kernel_id: uuid(3), ramdisk_id: uuid(4) },
      ),
    ]);
    expect((await images.list(forever)).images.map(({ id }) => id)).toEqual([uuid(5)]);
  });

  it('say why one cannot be deployed', async () => {
    const { images } = setup([list({ ...ubuntu, status: 'queued\u202e' })]);
    expect((await images.list(forever)).images).toMatchObject([{ obstacle: 'its status is queued' }]);
  });

  it('are read page by page, each after the last id of the page before', async () => {
    const page = (number: number, next?: string) => json({ images: [{ ...ubuntu, id: uuid(number) }], next });
    const { images } = setup([page(1, '/v2/images?marker=elsewhere'), page(2, '/v2/images?marker=x'), page(3)]);
    const { images: all, complete } = await images.list(forever);
    expect(all.map(({ id }) => id)).toEqual([uuid(1), uuid(2), uuid(3)]);
    expect(complete).toBe(true);
    expect(service.seen.map(({ path }) => new URL(path, service.endpoint).searchParams.get('marker'))).toEqual([
      null,
      uuid(1),
      uuid(2),
    ]);
  });

  it('are read up to a limit, and then marked as incomplete', async () => {
    const { images } = setup([json({ images: [ubuntu], next: '/v2/images?marker=x' })]);
    await expect(images.list(forever)).resolves.toMatchObject({ complete: false });
    expect(service.seen).toHaveLength(5);
  });

  it('cannot be read if one of them cannot', async () => {
    const { images } = setup([list(ubuntu, { ...ubuntu, id: 'x' })]);
    expect(await errorOf(images.list(forever))).toBeInstanceOf(NoAnswer);
  });
});

describe('an image service with problems', () => {
  it('is asked three times in all', async () => {
    const { images, clock } = setup([broken, text('', 500), list(ubuntu)]);
    await expect(images.find('ubuntu-24.04', forever)).resolves.toMatchObject({ id: uuid(700) });
    expect(clock.sleeps).toEqual([100, 200]);
    const dead = setup([html(503)]);
    expect(await errorOf(dead.images.find('ubuntu-24.04', forever))).toMatchObject({
      name: 'NoAnswer',
      words: 'The image service answered with HTTP status 503: no explanation given',
    });
    expect(service.seen).toHaveLength(6);
  });

  it.each<[string, Reply, RegExp]>([
    [
      'refuses the sign-in',
      recorded('93-glance-401'),
      /^The image service answered with HTTP status 401: "The request you have made requires/,
    ],
    ['forbids it', json({ message: 'no' }, { status: 403 }), /HTTP status 403: "no"$/],
    ['sends a page', html(200), /^The image service's answer cannot be read$/],
    ['sends half a JSON', text('{"images": ['), /cannot be read/],
    ['sends something else', json({ images: {} }), /cannot be read/],
    ['sends images without an id', list({ ...ubuntu, id: undefined }), /cannot be read/],
    ['sends images without a status', list({ ...ubuntu, status: 7 }), /cannot be read/],
    ['sends one elsewhere', () => new Response(null, { status: 302, headers: { location: '/' } }), /HTTP status 302/],
  ])('gives no answer if it %s, and is not asked again', async (_, reply, words) => {
    const { images } = setup([reply]);
    const error = await errorOf(images.find('ubuntu-24.04', forever));
    expect(error).toBeInstanceOf(NoAnswer);
    expect((error as NoAnswer).words).toMatch(words);
    expect((error as NoAnswer).mayHaveTakenEffect).toBe(false);
    expect(service.seen).toHaveLength(1);
  });

  it('has one deadline for all tries', async () => {
    const { images, clock } = setup([stalled], 50);
    expect(await errorOf(images.find('ubuntu-24.04', forever))).toMatchObject({
      words: 'The image service did not answer within 0.05 s',
    });
    expect(service.seen).toHaveLength(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('does not hold up a caller who leaves', async () => {
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const { images } = setup([
      (request) => {
        controller.abort(reason);
        return stalled(request);
      },
    ]);
    expect(await errorOf(images.find('ubuntu-24.04', controller.signal))).toBe(reason);
  });
});
