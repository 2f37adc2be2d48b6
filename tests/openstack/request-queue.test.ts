import { describe, expect, it } from 'vitest';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { forever } from './lab.js';

/** Actions that run until the test ends them. */
function setup(places: number, mostWaiting?: number) {
  const queue = createRequestQueue(places, mostWaiting);
  const started: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const run = (number: number, signal = forever, first = false) =>
    queue.run(
      signal,
      () => {
        started.push(number);
        return new Promise<number>((resolve, reject) => {
          ends.set(number, (error) => (error ? reject(error) : resolve(number)));
        });
      },
      first,
    );
  const turn = () => new Promise(setImmediate);
  const end = async (number: number, error?: Error) => {
    await turn();
    ends.get(number)?.(error);
    await turn();
  };
  return { queue, started, run, end, turn };
}

describe('a request queue', () => {
  it('runs a limited number at a time and makes the others wait', async () => {
    const { queue, started, run, end, turn } = setup(2);
    const results = Promise.all([1, 2, 3, 4].map((number) => run(number)));
    await turn();
    expect(started).toEqual([1, 2]);
    expect(queue.load()).toEqual({ running: 2, waiting: 2 });
    await end(2);
    expect(started).toEqual([1, 2, 3]);
    await end(3);
    expect(started).toEqual([1, 2, 3, 4]);
    await end(1);
    await end(4);
    expect(await results).toEqual([1, 2, 3, 4]);
  });

  it('serves the waiting requests in order of arrival', async () => {
    const { started, run, end } = setup(1);
    const results = Promise.all([1, 2, 3, 4, 5].map((number) => run(number)));
    for (const number of [1, 2, 3, 4, 5]) await end(number);
    await results;
    expect(started).toEqual([1, 2, 3, 4, 5]);
  });

  it('keeps a quarter of its places for the others while requests that go first take long', async () => {
    const { started, run, end, turn } = setup(4);
    const results = Promise.all([
      ...[1, 2, 3, 4, 5].map((number) => run(number, forever, true)),
      ...[6, 7].map((number) => run(number)),
    ]);
    await turn();
    expect(started).toEqual([1, 2, 3, 6]);
    await end(6);
    expect(started).toEqual([1, 2, 3, 6, 7]);
    await end(7);
    expect(started).toHaveLength(5);
    for (const number of [1, 2, 3, 4, 5]) await end(number);
    expect(await results).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('passes the place on when an action fails', async () => {
    const { started, run, end } = setup(1);
    const error = new Error('no');
    const first = run(1);
    const second = run(2);
    first.catch(() => undefined);
    await end(1, error);
    await expect(first).rejects.toBe(error);
    expect(started).toEqual([1, 2]);
    await end(2);
    await expect(second).resolves.toBe(2);
  });

  it('lets a waiting request leave, and keeps no place for it', async () => {
    const { started, run, end } = setup(1);
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const first = run(1);
    const second = run(2, controller.signal);
    const third = run(3);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    await end(1);
    expect(started).toEqual([1, 3]);
    await end(3);
    await expect(Promise.all([first, third])).resolves.toEqual([1, 3]);
  });

  it('does not stop a running request', async () => {
    const { run, end, turn } = setup(1);
    const controller = new AbortController();
    const first = run(1);
    const second = run(2, controller.signal);
    await turn();
    await end(1);
    controller.abort(new Error('too late'));
    await end(2);
    await expect(Promise.all([first, second])).resolves.toEqual([1, 2]);
  });

  it('refuses a request at once if too many wait, until one of them runs or leaves', async () => {
    const { started, run, end, turn } = setup(1, 2);
    const leaving = new AbortController();
    const results = [run(1), run(2), run(3, leaving.signal).catch(() => 'left')];
    const overloaded = { code: 'overloaded', reason: '2 requests are already waiting', retryable: true };
    await expect(run(4)).rejects.toMatchObject(overloaded);
    leaving.abort();
    results.push(run(5));
    await expect(run(6)).rejects.toMatchObject(overloaded);
    await end(1);
    results.push(run(7));
    for (const number of [2, 5, 7]) await end(number);
    await turn();
    expect(await Promise.all(results)).toEqual([1, 2, 'left', 5, 7]);
    expect(started).toEqual([1, 2, 5, 7]);
  });

  it('serves the requests of a running change first, and refuses none of them', async () => {
    const { started, run, end } = setup(1, 1);
    const results = [run(1), run(2), run(3, forever, true), run(4, forever, true)];
    await expect(run(5)).rejects.toMatchObject({ code: 'overloaded' });
    for (const number of [1, 3, 4, 2]) await end(number);
    await Promise.all(results);
    expect(started).toEqual([1, 3, 4, 2]);
  });

  it('refuses a request that has already left', async () => {
    const { started, run } = setup(1);
    const reason = new Error('the caller left');
    await expect(run(1, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(started).toEqual([]);
  });

  it('is free again after the last request', async () => {
    const { queue, run, end, turn } = setup(1);
    for (const number of [1, 2, 3]) {
      const passing = run(number);
      await turn();
      await end(number);
      await passing;
    }
    await expect(queue.run(forever, async () => 'through')).resolves.toBe('through');
  });
});
