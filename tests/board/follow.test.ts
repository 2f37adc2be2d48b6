import { describe, expect, it } from 'vitest';
import { type Followed, type Following, follow } from '../../src/board/follow.js';
import { CallFailed } from '../../src/board/link.js';

const id = '1a049bf3-8234-4c54-abc6-eeccc75cd2f7';
const answer = (status: string, more = {}) => ({ operation_id: id, status, message: status, ...more });

/** Follows a deployment with these answers, each after so many milliseconds, and records calls, pauses and states. */
async function followed(answers: readonly (object | CallFailed)[], time = 5_000) {
  const calls: object[] = [];
  const pauses: number[] = [];
  const states: Followed[] = [];
  const stop = new AbortController();
  const left = [...answers];
  let now = 0;
  const options: Following = {
    id,
    deploymentId: null,
    signal: stop.signal,
    now: () => now,
    pause: async (pause) => void pauses.push(pause),
    seen: async () => undefined,
    onChange: (state) => states.push(state),
    link: {
      ask: null,
      async call(_, input) {
        calls.push(input);
        now += time;
        const next = left.shift();
        if (next === undefined) stop.abort();
        stop.signal.throwIfAborted();
        if (next instanceof CallFailed) throw next;
        return { data: next };
      },
    },
  };
  await follow(options);
  return { calls, pauses, states };
}

describe('following a deployment', () => {
  it('asks once now, then waits on the server for each change, and ends with the deployment', async () => {
    const { calls, pauses, states } = await followed([
      answer('in_progress', { provision_state: 'deploying' }),
      answer('in_progress', { provision_state: 'wait call-back' }),
      answer('completed'),
      answer('completed'),
    ]);
    expect(calls).toEqual([
      { operation_id: id },
      { operation_id: id, wait_seconds: 50 },
      { operation_id: id, wait_seconds: 50 },
    ]);
    expect(pauses).toEqual([]);
    expect(states.at(-1)).toMatchObject({ over: true, trouble: null, status: { status: 'completed' } });
  });

  it('pauses if the server answers at once with nothing new', async () => {
    const same = answer('in_progress', { poll_after_seconds: 7 });
    const { pauses } = await followed([same, same, same], 10);
    expect(pauses).toEqual([7_000, 7_000]);
  });

  it('tries again after a failure, ever later, and looks then without waiting', async () => {
    const away = new CallFailed('away');
    const { calls, pauses, states } = await followed([answer('in_progress'), away, away, away, answer('failed')]);
    expect(pauses).toEqual([2_000, 5_000, 10_000]);
    expect(calls.map((call) => 'wait_seconds' in call)).toEqual([false, true, false, false, false]);
    expect(states.map(({ trouble }) => trouble?.message)).toEqual([undefined, 'away', 'away', 'away', undefined]);
    expect(states[2]).toMatchObject({ status: { status: 'in_progress' }, over: false });
  });

  it.each([
    ['a failure that does not pass', new CallFailed('gone', { retryable: false })],
    ['an answer about something else', { servers: [] }],
  ])('ends at %s', async (_, last) => {
    const { calls, states } = await followed([answer('in_progress'), last]);
    expect(calls).toHaveLength(2);
    expect(states.at(-1)).toMatchObject({ over: true, trouble: { retryable: false } });
  });

  it('goes on after the end of the deployment while the report of the machine is awaited', async () => {
    const completed_at = new Date().toISOString();
    const { calls, states } = await followed([
      answer('completed', { boot: 'waiting', completed_at }),
      answer('completed', { boot: 'reported', completed_at }),
    ]);
    expect(calls[1]).toEqual({ operation_id: id, wait_seconds: 50, until: 'booted' });
    expect(states.map(({ over }) => over)).toEqual([false, true]);
    const late = await followed([answer('completed', { boot: 'waiting', completed_at: '2020-01-01T00:00:00Z' })]);
    expect(late.states.at(-1)).toMatchObject({ over: true });
  });
});
