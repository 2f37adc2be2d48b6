import { afterEach, describe, expect, it, vi } from 'vitest';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import { steadyClock, systemClock } from '../../src/local/clock.js';

const forever = new AbortController().signal;

afterEach(() => vi.restoreAllMocks());

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

describe('after somebody has set the clock of the machine back', () => {
  const setBack = () => {
    const now = Date.now();
    vi.spyOn(Date, 'now').mockReturnValue(now - 3_600_000);
  };

  it('the steady clock goes on', () => {
    const before = steadyClock.now();
    setBack();
    expect(steadyClock.now()).toBeGreaterThanOrEqual(before);
  });

  it('a call that does not wait still reads the server anew', async () => {
    let requests = 0;
    const core = await composeCore(await readConfig({}, {}), {
      observer: { onCloudRequest: () => requests++, watchQueue: () => undefined },
    });
    const { operation_id } = await core.provision.provision({ image_id: 'ubuntu-24.04' }, forever);
    const look = async () => {
      const before = requests;
      await core.status.status({ operation_id, wait_seconds: 0 }, forever);
      return requests - before;
    };
    expect(await look()).toBeGreaterThan(0);
    setBack();
    expect(await look()).toBeGreaterThan(0);
  });
});
