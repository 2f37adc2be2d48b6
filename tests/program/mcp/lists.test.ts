import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageListing } from '../../../src/core/inventory/image-list.js';
import { ServerListing } from '../../../src/core/inventory/server-list.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../../support/mcp-session.js';
import { dataIn, failureIn, provision } from '../../support/tool-answers.js';

describe.each(clientLines)('an agent with a %s client, on the simulator', (line: ClientLine) => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession(line);
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  const images = async (input: object) => ImageListing.parse(dataIn(await session.callTool('list_images', input)));

  it('is shown the images to choose from, and why one cannot be deployed', async () => {
    const { images: listed, message, next_cursor } = await images({});
    expect(message).toMatch(/^Simulated: 5 images; 4 can be deployed\./);
    expect(next_cursor).toBeNull();
    expect(listed.map(({ name, deployable }) => [name, deployable])).toEqual([
      ['broken-image', true],
      ['debian-12', true],
      ['fedora-41', false],
      ['rocky-9', true],
      ['ubuntu-24.04', true],
    ]);
    expect(listed[2]?.note).toBe('its status is queued');
    expect(listed[4]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: 'ubuntu-24.04',
      size_mb: 594,
      min_disk_gb: 10,
      architecture: 'x86_64',
      format: 'qcow2',
      deployable: true,
    });
  });

  it('goes through the images page after page', async () => {
    const first = await images({ limit: 3 });
    const second = await images({ limit: 3, cursor: first.next_cursor });
    expect([...first.images, ...second.images]).toEqual((await images({})).images);
    expect(second.next_cursor).toBeNull();
  });

  const servers = async (input: object) => ServerListing.parse(dataIn(await session.callTool('list_servers', input)));

  it('sees how many servers of each class there are, and why some are not available', async () => {
    const { counts, servers: listed, message } = await servers({ resource_class: 'baremetal.large' });
    expect(message).toMatch(/Simulated: 5 servers match: 3 available, 1 in_use, 1 unusable\./);
    expect(counts).toEqual([{ resource_class: 'baremetal.large', available: 3, in_use: 1, unusable: 1 }]);
    expect(listed.map(({ name, state, note }) => [name, state, note])).toEqual([
      ['rack2-large-01', 'available', undefined],
      ['rack2-large-02', 'available', undefined],
      ['rack2-large-03', 'in_use', 'deployed'],
      ['rack2-large-04', 'unusable', 'it is in maintenance'],
      ['rack3-large-fail-write-image', 'available', 'leased to somebody else: choose another'],
    ]);
    expect((await servers({ name_contains: 'gpu-01' })).servers).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        name: 'rack3-gpu-01',
        resource_class: 'baremetal.gpu',
        state: 'available',
        cpus: 96,
        memory_gb: 512,
        disk_gb: 3600,
        traits: ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'],
      },
    ]);
  });

  it('goes through the servers page after page', async () => {
    const first = await servers({ limit: 7 });
    const second = await servers({ limit: 7, cursor: first.next_cursor });
    expect([...first.servers, ...second.servers]).toEqual((await servers({})).servers);
    expect(second).toMatchObject({ next_cursor: null });
  });

  it('learns why no server matched, and which servers there are', async () => {
    const reasonFor = async (wish: object) =>
      failureIn(await session.callTool('provision_server', { image_id: 'debian-12', ...wish })).slice(0, 2);
    expect(await reasonFor({ resource_class: 'baremetal.huge' })).toEqual([
      'No available servers matching criteria',
      'Reason: no server has class baremetal.huge; the classes are baremetal.large 5, baremetal.small 4, baremetal.gpu 3',
    ]);
    expect(await reasonFor({ resource_class: 'baremetal.small', traits: ['CUSTOM_GPU'] })).toEqual([
      'No available servers matching criteria',
      'Reason: servers of class baremetal.small: 4, with trait CUSTOM_GPU: 0; free in other classes: baremetal.gpu 2; free without trait CUSTOM_GPU: baremetal.small 3',
    ]);
    expect(await reasonFor({ server_id: 'rack1-small-01', traits: ['CUSTOM_GPU'] })).toEqual([
      'Server rack1-small-01 is not available for provisioning',
      'Reason: it does not have the trait CUSTOM_GPU',
    ]);
  });

  it('gets a server that has the traits it wants', async () => {
    const { server_name } = await provision(session, { image_id: 'debian-12', traits: ['CUSTOM_GPU'] });
    expect(server_name).toMatch(/^rack3-gpu-0[12]$/);
  });

  it.each<[object, string]>([
    [{ limit: 0 }, 'Reason: limit: must be 1 to 200'],
    [{ limit: '3' }, 'Reason: limit: must be a whole number'],
    [{ cursor: 'nosuch' }, 'Reason: cursor: is unknown or has expired; start again without it'],
    [{ name: 'debian' }, 'Reason: unknown argument "name"'],
  ])('is told what is wrong with %j', async (input, reason) => {
    const [message, second] = failureIn(await session.callTool('list_images', input));
    expect([message, second]).toEqual(['Invalid request', reason]);
  });
});
