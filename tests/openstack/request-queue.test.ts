import { describe, expect, it } from 'vitest';
import { createGate } from '../../src/openstack/request-queue.js';
import { forever } from './lab.js';

/** Actions that run until they are told to end. */
function setup(places: number, mostWaiting?: number) {
  const gate = createGate(places, mostWaiting);
  const started: number[] = [];
  const ends = new Map<number, (error?: Error) => void>();
  const pass = (number: number, signal = forever, first = false) =>
    gate.pass(
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
  return { gate, started, pass, end, turn };
}

describe('a gate', () => {
  it('lets so many through and makes the others wait', async () => {
    const { started, pass, end, turn } = setup(2);
    const results = Promise.all([1, 2, 3, 4].map((number) => pass(number)));
    await turn();
    expect(started).toEqual([1, 2]);
    await end(2);
    expect(started).toEqual([1, 2, 3]);
    await end(3);
    expect(started).toEqual([1, 2, 3, 4]);
    await end(1);
    await end(4);
    expect(await results).toEqual([1, 2, 3, 4]);
  });

  it('lets those who wait through in the order of their arrival', async () => {
    const { started, pass, end } = setup(1);
    const results = Promise.all([1, 2, 3, 4, 5].map((number) => pass(number)));
    for (const number of [1, 2, 3, 4, 5]) await end(number);
    await results;
    expect(started).toEqual([1, 2, 3, 4, 5]);
  });

  it('passes the place on when an action fails', async () => {
    const { started, pass, end } = setup(1);
    const error = new Error('no');
    const first = pass(1);
    const second = pass(2);
    first.catch(() => undefined);
    await end(1, error);
    await expect(first).rejects.toBe(error);
    expect(started).toEqual([1, 2]);
    await end(2);
    await expect(second).resolves.toBe(2);
  });

  it('lets one who waits leave, and keeps no place for it', async () => {
    const { started, pass, end } = setup(1);
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const first = pass(1);
    const second = pass(2, controller.signal);
    const third = pass(3);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    await end(1);
    expect(started).toEqual([1, 3]);
    await end(3);
    await expect(Promise.all([first, third])).resolves.toEqual([1, 3]);
  });

  it('does not stop one that has passed', async () => {
    const { pass, end, turn } = setup(1);
    const controller = new AbortController();
    const first = pass(1);
    const second = pass(2, controller.signal);
    await turn();
    await end(1);
    controller.abort(new Error('too late'));
    await end(2);
    await expect(Promise.all([first, second])).resolves.toEqual([1, 2]);
  });

  it('turns away at once whoever finds the line too long, until somebody has passed or left', async () => {
    const { started, pass, end, turn } = setup(1, 2);
    const leaving = new AbortController();
    const results = [pass(1), pass(2), pass(3, leaving.signal).catch(() => 'left')];
    const overloaded = { code: 'overloaded', reason: '2 requests wait for their turn already', retryable: true };
    await expect(pass(4)).rejects.toMatchObject(overloaded);
    leaving.abort();
    results.push(pass(5));
    await expect(pass(6)).rejects.toMatchObject(overloaded);
    await end(1);
    results.push(pass(7));
    for (const number of [2, 5, 7]) await end(number);
    await turn();
    expect(await Promise.all(results)).toEqual([1, 2, 'left', 5, 7]);
    expect(started).toEqual([1, 2, 5, 7]);
  });

  it('lets those of a change that has begun go first, and turns none of them away', async () => {
    const { started, pass, end } = setup(1, 1);
    const results = [pass(1), pass(2), pass(3, forever, true), pass(4, forever, true)];
    await expect(pass(5)).rejects.toMatchObject({ code: 'overloaded' });
    for (const number of [1, 3, 4, 2]) await end(number);
    await Promise.all(results);
    expect(started).toEqual([1, 3, 4, 2]);
  });

  it('turns away one that has left already', async () => {
    const { started, pass } = setup(1);
    const reason = new Error('the caller left');
    await expect(pass(1, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(started).toEqual([]);
  });

  it('is free again when everybody is through', async () => {
    const { gate, pass, end, turn } = setup(1);
    for (const number of [1, 2, 3]) {
      const passing = pass(number);
      await turn();
      await end(number);
      await passing;
    }
    await expect(gate.pass(forever, async () => 'through')).resolves.toBe('through');
  });
});
