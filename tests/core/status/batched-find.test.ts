import { describe, expect, it } from 'vitest';
import type { BareMetal } from '../../../src/core/ports.js';
import type { Server } from '../../../src/core/server.js';
import { createBatchedFind } from '../../../src/core/status/batched-find.js';
import {
  createFakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  refused,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';

const never = () => new AbortController().signal;
const fleet = (provisionState: string) =>
  Array.from({ length: 100 }, (_, index) => freeServer(index, { provisionState, deploymentId: uuid(1_000 + index) }));
const ids = Array.from({ length: 100 }, (_, index) => uuid(index));

function setup(servers: readonly Server[], misbehave?: FakeBareMetalOptions['misbehave']) {
  const bareMetal = createFakeBareMetal({ servers, clock: createFakeClock(), ...(misbehave ? { misbehave } : {}) });
  const count = (method: string) => bareMetal.requests.filter((request) => request.startsWith(`${method} `)).length;
  return { bareMetal, find: createBatchedFind(bareMetal), count };
}

describe('the servers of waiting calls', () => {
  it('are read one by one when they are few', async () => {
    const { find, count } = setup(fleet('deploying'));
    await Promise.all(ids.slice(0, 16).map((id) => find(id, never())));
    for (const id of ids) await find(id, never());
    expect([count('find'), count('listInDeployment')]).toEqual([116, 0]);
  });

  it.each(['deploying', 'wait call-back'])('are read in one list when many of them are %s', async (state) => {
    const { find, count } = setup(fleet(state));
    const found = await Promise.all(ids.map((id) => find(id, never())));
    expect(found.map((server) => server?.id)).toEqual(ids);
    expect([count('find'), count('listInDeployment')]).toEqual([16, 1]);
  });

  it.each(['active', 'deploy failed', 'available'])('are read one by one when they are %s', async (state) => {
    const { find, count } = setup(fleet(state));
    const found = await Promise.all(ids.map((id) => find(id, never())));
    expect(new Set(found.map((server) => server?.provisionState))).toEqual(new Set([state]));
    expect([count('find'), count('listInDeployment')]).toEqual([100, 1]);
  });

  it.each([
    ['gives no answer', unsent],
    ['refuses it', refused('invalid')],
  ])('are read one by one when Ironic %s for a list', async (_, mishap) => {
    const { find } = setup(fleet('deploying'), ({ method }) => (method === 'listInDeployment' ? mishap : undefined));
    const found = await Promise.all(ids.map((id) => find(id, never())));
    expect(found.every((server) => server?.provisionState === 'deploying')).toBe(true);
  });

  it('are never shown as they were before the call', async () => {
    const { bareMetal } = setup(fleet('deploying'));
    const lists: (() => void)[] = [];
    const slow: BareMetal = {
      ...bareMetal,
      find: () => new Promise(() => undefined),
      async listInDeployment(signal) {
        const servers = await bareMetal.listInDeployment(signal);
        await new Promise<void>((resolve) => lists.push(resolve));
        return servers;
      },
    };
    const find = createBatchedFind(slow);
    for (const id of ids.slice(0, 16)) void find(id, never());
    const before = find(uuid(50), never());
    await new Promise(setImmediate);
    // The first list is under way, and does not know of this.
    bareMetal.set(uuid(51), { provisionState: 'wait call-back' });
    const after = [find(uuid(51), never()), find(uuid(52), never())];
    lists[0]?.();
    await before;
    await new Promise(setImmediate);
    lists[1]?.();
    expect((await Promise.all(after)).map((server) => server?.provisionState)).toEqual(['wait call-back', 'deploying']);
    expect(lists).toHaveLength(2);
  });

  it('are no longer awaited by a caller who leaves, but by all others', async () => {
    const { find } = setup(fleet('deploying'));
    const leaving = new AbortController();
    const all = ids.map((id, index) =>
      find(id, index === 40 ? leaving.signal : never()).catch(({ message }) => message),
    );
    leaving.abort(new Error('left'));
    const found = await Promise.all(all);
    expect(found[40]).toBe('left');
    expect(found.filter((server) => server === 'left')).toHaveLength(1);
  });
});
