import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pauseAfter, type RetryPolicy, retries, retrying } from '../../../src/core/async/retry.js';
import { createFakeClock } from '../fake-clock.js';

const policy: RetryPolicy = { attempts: 3, firstPause: 100, longestPause: 150 };
const forever = new AbortController().signal;

/** An action that fails so many times before it succeeds. */
function failing(times: number) {
  const errors = Array.from({ length: times }, (_, index) => new Error(`failure ${index + 1}`));
  let calls = 0;
  return {
    calls: () => calls,
    async action() {
      calls += 1;
      const error = errors.shift();
      if (error) throw error;
      return `done at ${calls}`;
    },
  };
}

describe('retrying', () => {
  it('does not repeat an action that succeeds', async () => {
    const clock = createFakeClock();
    const { action, calls } = failing(0);
    await expect(
      retrying({ clock, random: () => 0, policy, signal: forever, again: () => true }, action),
    ).resolves.toBe('done at 1');
    expect(calls()).toBe(1);
    expect(clock.sleeps).toEqual([]);
  });

  it('pauses longer each time, up to the longest pause', async () => {
    const clock = createFakeClock();
    const { action } = failing(2);
    await expect(
      retrying({ clock, random: () => 1, policy, signal: forever, again: () => true }, action),
    ).resolves.toBe('done at 3');
    expect(clock.sleeps).toEqual([100, 150]);
  });

  it('throws the last error when all tries are used up', async () => {
    const { action, calls } = failing(9);
    const retry = retrying(
      { clock: createFakeClock(), random: () => 0, policy, signal: forever, again: () => true },
      action,
    );
    await expect(retry).rejects.toThrow('failure 3');
    expect(calls()).toBe(3);
  });

  it('throws an error at once if the policy does not retry it', async () => {
    const { action, calls } = failing(9);
    const retry = retrying(
      { clock: createFakeClock(), random: () => 0, policy, signal: forever, again: () => false },
      action,
    );
    await expect(retry).rejects.toThrow('failure 1');
    expect(calls()).toBe(1);
  });

  it('ends during a pause when the caller leaves', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const reason = new Error('the caller left');
    clock.meanwhile = () => controller.abort(reason);
    const { action, calls } = failing(9);
    const retry = retrying({ clock, random: () => 0, policy, signal: controller.signal, again: () => true }, action);
    await expect(retry).rejects.toBe(reason);
    expect(calls()).toBe(1);
  });
});

describe('a pause', () => {
  it('is between half and all of the time that the policy sets', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(retries)), fc.integer({ min: 1, max: 60 }), random, (row, n, r) => {
        const full = Math.min(row.longestPause, row.firstPause * 2 ** (n - 1));
        const pause = pauseAfter(n, row, () => r);
        expect(pause).toBeGreaterThanOrEqual(full / 2);
        expect(pause).toBeLessThanOrEqual(full);
      }),
    );
  });
});
