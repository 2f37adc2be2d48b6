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
import { createFakeClock, type FakeClock } from '../fake-clock.js';

const never = () => new AbortController().signal;
const fleet = (provisionState: string) =>
  Array.from({ length: 100 }, (_, index) => freeServer(index, { provisionState, deploymentId: uuid(1_000 + index) }));
const ids = Array.from({ length: 100 }, (_, index) => uuid(index));

function setup(servers: readonly Server[], misbehave?: FakeBareMetalOptions['misbehave']) {
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock, ...(misbehave ? { misbehave } : {}) });
  const count = (method: string) => bareMetal.requests.filter((request) => request.startsWith(`${method} `)).length;
  return { bareMetal, ...finding(bareMetal, clock), clock, count };
}

/** @param waiting How many servers calls wait for. */
function finding(bareMetal: BareMetal, clock: FakeClock, waiting = 0) {
  const batched = createBatchedFind(bareMetal, clock, () => waiting);
  const find = (id: string, signal: AbortSignal) => batched.find(id, 0, signal).then(({ server }) => server);
  return { batched, find };
}

describe('the servers of calls that do not wait', () => {
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
    const { bareMetal, clock } = setup(fleet('deploying'));
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
    const { find } = finding(slow, clock);
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

describe('the servers for which calls wait', () => {
  const look = 10_000;

  function crowd(waiting: number, servers = fleet('deploying'), misbehave?: FakeBareMetalOptions['misbehave']) {
    const { bareMetal, clock, count } = setup(servers, misbehave);
    const { batched } = finding(bareMetal, clock, waiting);
    const findAll = (some = ids) => Promise.all(some.map((id) => batched.find(id, look, never())));
    return { bareMetal, clock, count, batched, findAll };
  }

  it.each([
    [31, 'one by one', [100, 0]],
    [32, 'in one list', [0, 1]],
    [1_000, 'in one list', [0, 1]],
  ])('are read, if there are %i, %s', async (waiting, _, requests) => {
    const { count, findAll } = crowd(waiting);
    await findAll();
    expect([count('find'), count('listInDeployment')]).toEqual(requests);
  });

  it('share a list until it is too old', async () => {
    const { clock, count, findAll } = crowd(100);
    await findAll();
    clock.pass(look - 1);
    for (const { at } of await findAll()) expect(at).toBe(clock.now() - look + 1);
    expect(count('listInDeployment')).toBe(1);
    clock.pass(1);
    await findAll();
    expect([count('find'), count('listInDeployment')]).toEqual([0, 2]);
  });

  it('are read at most 64 at a time if no list shows them', async () => {
    const { bareMetal, clock } = setup(fleet('active'));
    let [now, most] = [0, 0];
    const counting: BareMetal = {
      ...bareMetal,
      async find(...asked) {
        now += 1;
        most = Math.max(most, now);
        await new Promise(setImmediate);
        now -= 1;
        return bareMetal.find(...asked);
      },
    };
    const { batched } = finding(counting, clock, 31);
    const found = await Promise.all(ids.map((id) => batched.find(id, look, never())));
    expect(found.map(({ server }) => server?.id)).toEqual(ids);
    expect(most).toBe(64);
  });

  it('are read alone if the list does not show them', async () => {
    const { bareMetal, count, batched, findAll } = crowd(100);
    bareMetal.set(uuid(7), { provisionState: 'active' });
    const found = await findAll();
    expect(found[7]?.server?.provisionState).toBe('active');
    expect(await batched.find(uuid(5_000), look, never())).toMatchObject({ server: null });
    expect([count('find'), count('listInDeployment')]).toEqual([2, 1]);
  });

  it('are read alone after our own change, until the next list', async () => {
    const { bareMetal, clock, count, batched, findAll } = crowd(100);
    await findAll();
    bareMetal.set(uuid(7), { provisionState: 'wait call-back' });
    batched.forget(uuid(7));
    const states = async () => (await findAll()).map(({ server }) => server?.provisionState);
    expect((await states())[7]).toBe('wait call-back');
    expect([count('find'), count('listInDeployment')]).toEqual([1, 1]);
    clock.pass(look);
    expect((await states())[7]).toBe('wait call-back');
    expect([count('find'), count('listInDeployment')]).toEqual([1, 2]);
  });

  it('are read one by one if the list is 20 times as long, and in a list again after ten minutes', async () => {
    const servers = Array.from({ length: 700 }, (_, index) => freeServer(index, { provisionState: 'deploying' }));
    const { clock, count, findAll } = crowd(34, servers);
    const some = ids.slice(0, 34);
    await findAll(some);
    expect([count('find'), count('listInDeployment')]).toEqual([0, 1]);
    clock.pass(look);
    await findAll(some);
    expect([count('find'), count('listInDeployment')]).toEqual([34, 1]);
    clock.pass(600_000);
    await findAll(some);
    expect([count('find'), count('listInDeployment')]).toEqual([34, 2]);
  });

  it('are read one by one if Ironic refuses the list, and nobody asks for it again at once', async () => {
    const refuse: FakeBareMetalOptions['misbehave'] = ({ method }) =>
      method === 'listInDeployment' ? refused('invalid') : undefined;
    const { count, findAll } = crowd(100, fleet('deploying'), refuse);
    for (let times = 1; times <= 2; times += 1) {
      for (const { server } of await findAll()) expect(server?.provisionState).toBe('deploying');
      expect([count('find'), count('listInDeployment')]).toEqual([100 * times, 1]);
    }
  });

  it('leave the more time between two lists, the longer these are', async () => {
    const pauses: number[] = [];
    for (const length of [100, 1_000, 4_000]) {
      const servers = Array.from({ length }, (_, index) => freeServer(index, { provisionState: 'deploying' }));
      const { batched, findAll } = crowd(length, servers);
      await findAll(ids.slice(0, 1));
      pauses.push(batched.pause());
    }
    expect(pauses).toEqual([950, 9_500, 38_000]);
    expect(crowd(31).batched.pause()).toBe(0);
  });
});
