import { describe, expect, it } from 'vitest';
import { pagesOf } from '../../../src/core/inventory/pages.js';
import type { Server } from '../../../src/core/server.js';
import { freeServer, uuid } from '../fake-bare-metal.js';

async function walk(
  pages: ReadonlyMap<string | undefined, readonly [readonly Server[], string | null]>,
  start?: string,
) {
  const asked: (string | undefined)[] = [];
  const seen: (readonly string[])[] = [];
  const load = async (after: string | undefined) => {
    asked.push(after);
    const [servers, next] = pages.get(after) ?? [[], null];
    return { servers, next };
  };
  for await (const { servers } of pagesOf(load, start)) seen.push(servers.map(({ id }) => id));
  return { asked, seen };
}

const [one, two] = [freeServer(1), freeServer(2)];

describe('the pages of a list', () => {
  it('are read one after the other, up to the last', async () => {
    const { asked, seen } = await walk(
      new Map([
        [undefined, [[one], uuid(1)] as const],
        [uuid(1), [[two], null] as const],
      ]),
    );
    expect(asked).toEqual([undefined, uuid(1)]);
    expect(seen).toEqual([[uuid(1)], [uuid(2)]]);
  });

  it('may begin after a server', async () => {
    const { asked, seen } = await walk(new Map([[uuid(1), [[two], null] as const]]), uuid(1));
    expect({ asked, seen }).toEqual({ asked: [uuid(1)], seen: [[uuid(2)]] });
  });

  it('fail if they never end', async () => {
    let asked = 0;
    const load = async () => {
      asked += 1;
      return { servers: [freeServer(asked)], next: uuid(asked) };
    };
    const walked = async () => {
      for await (const _ of pagesOf(load));
    };
    await expect(walked()).rejects.toMatchObject({ name: 'NoAnswer', words: expect.stringContaining('does not end') });
    expect(asked).toBe(500);
  });

  it('end with a page that brings nothing new, because a proxy may drop the marker', async () => {
    const same = [[one, two], uuid(2)] as const;
    const { asked, seen } = await walk(
      new Map([
        [undefined, same],
        [uuid(2), same],
      ]),
    );
    expect(asked).toHaveLength(2);
    expect(seen).toEqual([[uuid(1), uuid(2)], []]);
  });
});
