import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/core/ports.js';
import { createSharedReads } from '../../../src/core/status/shared-reads.js';
import { createStatusService } from '../../../src/core/status/wait-for-change.js';
import { openPolicy } from '../../support/open-policy.js';
import { createFakeBareMetal, freeServer, uuid } from '../fake-bare-metal.js';
import { createFakeClock, start } from '../fake-clock.js';
import { seededRandom } from '../setup.js';

const never = new AbortController().signal;

function reads() {
  const clock = createFakeClock();
  const begun: string[] = [];
  const endings: ((value: string | Error) => void)[] = [];
  const signals: AbortSignal[] = [];
  const dated = createSharedReads(clock, (id, _, signal) => {
    begun.push(id);
    signals.push(signal);
    return new Promise<{ readonly at: number; readonly value: string }>((resolve, reject) => {
      const at = clock.now();
      endings.push((value) => (value instanceof Error ? reject(value) : resolve({ at, value })));
    });
  });
  const shared = {
    ...dated,
    read: async (...asked: Parameters<typeof dated.read>) => (await dated.read(...asked)).value,
  };
  return { clock, begun, signals, end: (value: string | Error) => endings.shift()?.(value), shared };
}

describe('shared reads', () => {
  test('cost one request for any number of simultaneous callers', async () => {
    const { begun, end, shared } = reads();
    const all = Promise.all(Array.from({ length: 100 }, () => shared.read('a', 0, new AbortController().signal)));
    end('news');
    expect(new Set(await all)).toEqual(new Set(['news']));
    expect(begun).toEqual(['a']);
  });

  test('are separate for each id', async () => {
    const { begun, shared } = reads();
    void shared.read('a', 0, never);
    void shared.read('b', 0, never);
    expect(begun).toEqual(['a', 'b']);
  });

  test('are valid for as long as the caller says', async () => {
    const { begun, clock, end, shared } = reads();
    const first = shared.read('a', 0, never);
    end('old');
    await first;
    await clock.sleep(1_000, never);
    expect(await shared.read('a', 2_000, never)).toBe('old');
    void shared.read('a', 1_000, never);
    expect(begun).toHaveLength(2);
  });

  test('are as old as what they show', async () => {
    const clock = createFakeClock();
    let begun = 0;
    const shared = createSharedReads(clock, async () => {
      begun += 1;
      return { at: start - 5_000 };
    });
    await shared.read('a', 10_000, never);
    await shared.read('a', 5_001, never);
    expect(begun).toBe(1);
    await shared.read('a', 5_000, never);
    expect(begun).toBe(2);
  });

  test('begin again once they are out of date, even while one is under way', async () => {
    const { begun, end, shared } = reads();
    const before = shared.read('a', 0, never);
    shared.forget('a');
    const after = shared.read('a', 0, never);
    end('of the time before');
    end('of the time after');
    expect([await before, await after]).toEqual(['of the time before', 'of the time after']);
    expect(begun).toHaveLength(2);
  });

  test('go on for the others when one caller leaves', async () => {
    const { end, shared } = reads();
    const leaving = new AbortController();
    const left = shared.read('a', 0, leaving.signal);
    const stays = shared.read('a', 0, never);
    leaving.abort(new Error('the caller left'));
    await expect(left).rejects.toThrow('the caller left');
    end('news');
    expect(await stays).toBe('news');
  });

  test('end when the last caller has left, and begin again for the next', async () => {
    const { begun, end, signals, shared } = reads();
    const leaving = [new AbortController(), new AbortController()];
    const left = leaving.map(({ signal }) => shared.read('a', 0, signal).catch(({ message }) => message));
    leaving[0]?.abort(new Error('the first left'));
    expect(await left[0]).toBe('the first left');
    expect(signals[0]?.aborted).toBe(false);
    leaving[1]?.abort(new Error('the second left'));
    expect(await left[1]).toBe('the second left');
    expect(signals[0]?.aborted).toBe(true);

    const next = shared.read('a', 1_000, never);
    expect(begun).toHaveLength(2);
    end(new Error('broken off'));
    end('news');
    expect(await next).toBe('news');
    expect(signals[1]?.aborted).toBe(false);
  });

  test('do not begin for a caller who has already left', async () => {
    const { begun, shared } = reads();
    await expect(shared.read('a', 0, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
    expect(begun).toEqual([]);
  });

  test('stay valid after all callers have their answer', async () => {
    const { begun, end, signals, shared } = reads();
    const first = shared.read('a', 0, never);
    end('news');
    await first;
    expect(signals[0]?.aborted).toBe(false);
    expect(await shared.read('a', 1_000, never)).toBe('news');
    expect(begun).toHaveLength(1);
  });

  test('fail for all waiting callers, and begin again for the next', async () => {
    const { begun, end, shared } = reads();
    const all = [shared.read('a', 0, never), shared.read('a', 0, never)];
    end(new Error('no answer'));
    for (const each of all) await expect(each).rejects.toThrow('no answer');
    void shared.read('a', 0, never);
    expect(begun).toHaveLength(2);
  });
});

/** A clock whose sleepers wake in the order of their times, as soon as nobody else has anything to do. */
function virtualClock(): Clock {
  let now = start;
  const sleepers: { at: number; wake: () => void }[] = [];
  const next = () => {
    const earliest = sleepers.sort((left, right) => left.at - right.at).shift();
    if (!earliest) return;
    now = Math.max(now, earliest.at);
    earliest.wake();
  };
  return {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        sleepers.push({ at: now + milliseconds, wake });
        setImmediate(next);
      }),
  };
}

test('100 waiting calls cost Ironic hardly more requests than one', async () => {
  const requestsOf = async (callers: number) => {
    const clock = virtualClock();
    const servers = [freeServer(1, { provisionState: 'deploying', deploymentId: uuid(9) })];
    const bareMetal = createFakeBareMetal({ servers, clock });
    const random = seededRandom(callers);
    const service = createStatusService({ policy: openPolicy, bareMetal, clock, random });
    const request = { operation_id: uuid(1), wait_seconds: 50 };
    await Promise.all(Array.from({ length: callers }, () => service.status(request, new AbortController().signal)));
    return bareMetal.requests.length;
  };
  const one = await requestsOf(1);
  expect(one).toBeGreaterThan(5);
  expect(await requestsOf(100)).toBeLessThanOrEqual(2 * one);
});
