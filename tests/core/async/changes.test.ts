import { describe, expect, it } from 'vitest';
import { createChanges } from '../../../src/core/async/changes.js';

/** A promise that is settled from outside. */
function deferred<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<Value>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** Whether a promise has been fulfilled, once everything that can happen has happened. */
async function isFulfilled(promise: Promise<unknown>): Promise<boolean> {
  let fulfilled = false;
  promise.then(
    () => {
      fulfilled = true;
    },
    () => undefined,
  );
  await new Promise(setImmediate);
  return fulfilled;
}

describe('the changes under way', () => {
  it('are settled when there are none', async () => {
    await expect(createChanges().settled()).resolves.toBeUndefined();
  });

  it('pass their results on', async () => {
    const { run } = createChanges();
    const error = new Error('no');
    await expect(run(async () => 7)).resolves.toBe(7);
    await expect(run(() => Promise.reject(error))).rejects.toBe(error);
  });

  it('are settled only when each one has succeeded or failed', async () => {
    const { run, settled } = createChanges();
    const first = deferred<number>();
    const second = deferred<number>();
    const ran = Promise.allSettled([run(() => first.promise), run(() => second.promise)]);
    const all = settled();
    first.reject(new Error('no'));
    expect(await isFulfilled(all)).toBe(false);
    second.resolve(2);
    await all;
    expect((await ran).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });

  it('include those that began during the wait', async () => {
    const { run, settled } = createChanges();
    const first = deferred<void>();
    const second = deferred<void>();
    const ran = run(async () => {
      await first.promise;
      void run(() => second.promise);
    });
    const all = settled();
    first.resolve();
    await ran;
    expect(await isFulfilled(all)).toBe(false);
    second.resolve();
    await expect(all).resolves.toBeUndefined();
  });
});
