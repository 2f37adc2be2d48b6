import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageListing } from '../../src/core/image-list.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../support/mcp-session.js';
import { dataIn, failureIn } from '../support/tool-answers.js';

const options = { concurrent: true, timeout: 30_000 };

describe.each(clientLines)('an agent with a %s client, on the simulator', options, (line: ClientLine) => {
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
    expect(message).toMatch(/^Simulated: 5 images, of which 4 can be deployed\./);
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

  it.each<[object, string]>([
    [{ limit: 0 }, 'Reason: limit: must be 1 to 200'],
    [{ limit: '3' }, 'Reason: limit: must be a whole number'],
    [{ cursor: 'nosuch' }, 'Reason: cursor: leads nowhere, or to what is gone by now; begin again without it'],
    [{ name: 'debian' }, 'Reason: unknown argument "name"'],
  ])('is told what is wrong with %j', async (input, reason) => {
    const [message, second] = failureIn(await session.callTool('list_images', input));
    expect([message, second]).toEqual(['Invalid request', reason]);
  });
});
