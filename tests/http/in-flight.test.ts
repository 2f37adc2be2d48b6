import { describe, expect, it } from 'vitest';
import type { Core } from '../../src/core/operation.js';
import { allOperations } from '../../src/core/operations.js';
import { createInFlight } from '../../src/http/in-flight.js';

describe('the limit of calls in progress', () => {
  it('refuses one core that has its share, and no other, until one of its calls has ended', async () => {
    const ends: (() => void)[] = [];
    const held = () => new Promise<object>((resolve) => ends.push(() => resolve({})));
    const { operations, isRunning } = createInFlight(
      allOperations.map((operation) => ({ ...operation, call: held as never })),
      3,
      2,
    );
    const [one, other] = [{} as Core, {} as Core];
    const ask = (core: Core) => operations[0]?.call(core, {}, {} as never);
    const calls = [ask(one), ask(one)];
    await expect(ask(one)).rejects.toMatchObject({
      code: 'overloaded',
      reason: '2 requests with this credential are in progress',
    });
    calls.push(ask(other));
    await expect(ask(other)).rejects.toMatchObject({ reason: '3 requests are in progress' });
    ends[0]?.();
    await calls[0];
    calls.push(ask(one));
    expect([isRunning(one), isRunning(other)]).toEqual([true, true]);
    for (const end of ends) end();
    await Promise.all(calls);
    expect([isRunning(one), isRunning(other)]).toEqual([false, false]);
  });
});
