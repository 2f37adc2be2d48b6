import { describe, expect, it } from 'vitest';
import { type Sim, setup } from '../harness.js';

const names = async (sim: Sim, query: string): Promise<string[]> =>
  (await sim.get(`/v2/images?${query}`)).body.images.map(({ name }: { name: string }) => name);

describe('the images of Glance', () => {
  it('are five, the newest first', async () => {
    const sim = setup();
    expect(await names(sim, '')).toEqual(['ubuntu-24.04', 'debian-12', 'rocky-9', 'fedora-41', 'broken-image']);
    const { body, headers } = await sim.get('/v2/images');
    expect(body).toMatchObject({ first: '/v2/images', schema: '/v2/schemas/images' });
    expect(body).not.toHaveProperty('next');
    expect(headers.get('X-Openstack-Request-Id')).toMatch(/^req-/);
    expect(headers.get('X-OpenStack-Ironic-API-Version')).toBeNull();
  });

  it('look like real ones', async () => {
    const sim = setup();
    const id = await sim.image('ubuntu-24.04');
    const { body } = await sim.get(`/v2/images/${id}`);
    expect(body).toMatchObject({
      id,
      name: 'ubuntu-24.04',
      status: 'active',
      disk_format: 'qcow2',
      os_hash_algo: 'sha512',
      min_disk: 10,
      tags: ['baremetal'],
      img_type: 'whole-disk',
      created_at: '2026-11-01T08:00:00Z',
      self: `/v2/images/${id}`,
    });
    expect(body.checksum).toMatch(/^[0-9a-f]{32}$/);
    expect(body.os_hash_value).toMatch(/^[0-9a-f]{128}$/);
  });

  it('include one without data, and a partition image with its own kernel', async () => {
    const sim = setup();
    const { images } = (await sim.get('/v2/images?status=queued')).body;
    expect(images).toEqual([expect.objectContaining({ name: 'fedora-41', size: null, checksum: null })]);
    const rocky = (await sim.get(`/v2/images/${await sim.image('rocky-9')}`)).body;
    const kernel = await sim.get(`/v2/images/${rocky.kernel_id}`);
    expect(kernel.body).toMatchObject({ name: 'rocky-9-kernel', visibility: 'community', disk_format: 'aki' });
  });

  it("give Glance's own HTML error when an id is unknown", async () => {
    const { status, body } = await setup().get('/v2/images/ubuntu-24.04');
    expect(status).toBe(404);
    expect(body).toEqual({
      message: 'No image found with ID ubuntu-24.04<br /><br />\n\n\n',
      code: '404 Not Found',
      title: 'Not Found',
    });
  });

  it('can be filtered by any of their properties', async () => {
    const sim = setup();
    expect(await names(sim, 'name=nosuch')).toEqual([]);
    expect(await names(sim, 'name=in:ubuntu-24.04,debian-12&status=active')).toHaveLength(2);
    expect(await names(sim, 'os_distro=rocky')).toEqual(['rocky-9']);
    expect(await names(sim, 'tag=baremetal')).toHaveLength(5);
    expect(await names(sim, 'tag=other')).toHaveLength(0);
    expect(await names(sim, 'size_min=1000000000')).toHaveLength(2);
    expect(await names(sim, 'size_max=700000000&size_min=1')).toEqual(['ubuntu-24.04']);
    expect(await names(sim, 'visibility=community')).toEqual(['rocky-9-kernel', 'rocky-9-ramdisk']);
    expect(await names(sim, 'visibility=all')).toHaveLength(7);
    expect(await names(sim, 'os_hidden=False')).toHaveLength(5);
    expect((await sim.get('/v2/images?name=in:a,b&limit=1')).body.first).toBe('/v2/images?name=in%3Aa%2Cb&limit=1');
  });

  it('come in pages and in any order', async () => {
    const sim = setup();
    const seen: string[] = [];
    for (let path = '/v2/images?limit=2&sort=name:asc'; path !== undefined; ) {
      const { body } = await sim.get(path);
      for (const { name } of body.images) seen.push(name);
      path = body.next;
    }
    expect(seen).toEqual(['broken-image', 'debian-12', 'fedora-41', 'rocky-9', 'ubuntu-24.04']);
    expect(await names(sim, 'sort_key=name&sort_dir=desc')).toEqual([...seen].reverse());
    expect(await names(sim, 'sort=status,name:asc')).toHaveLength(5);
  });

  it.each([
    ['limit=-1', 'limit param must be positive'],
    ['limit=x', 'limit param must be an integer'],
    ['marker=x', 'Invalid marker: Image could not be found.'],
  ])('are not listed for %s', async (query, problem) => {
    const { status, body } = await setup().get(`/v2/images?${query}`);
    expect(status).toBe(400);
    expect(body.message).toBe(`${problem}<br /><br />\n\n\n`);
  });

  it('have a list of versions', async () => {
    const { status, body } = await setup().get('/v2');
    expect(status).toBe(300);
    expect(body.versions[0]).toEqual({
      id: 'v2.15',
      status: 'CURRENT',
      links: [{ rel: 'self', href: 'http://127.0.0.1:6385/v2/' }],
    });
  });
});
