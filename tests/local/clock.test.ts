import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/local/clock.js';

const forever = new AbortController().signal;

describe("the machine's clock", () => {
  it('tells the time', () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now()).toBeLessThanOrEqual(Date.now());
  });

  it('wakes up again', async () => {
    await expect(systemClock.sleep(0, forever)).resolves.toBeUndefined();
  });

  it('does not sleep for a caller who has left', async () => {
    const reason = new Error('the caller left');
    await expect(systemClock.sleep(3_600_000, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  it('wakes a caller who leaves, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const sleep = systemClock.sleep(3_600_000, controller.signal);
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
  });
});
