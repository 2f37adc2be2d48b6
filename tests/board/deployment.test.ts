import { describe, expect, it } from 'vitest';
import { readDrawing, readStatus } from '../../src/board/answers.js';
import {
  elapsedAt,
  fillOf,
  loginLine,
  percentAt,
  retryWords,
  segmentsOf,
  standing,
} from '../../src/board/deployment.js';

const id = '1a049bf3-8234-4c54-abc6-eeccc75cd2f7';
const answer = { operation_id: id, status: 'in_progress', message: '', progress_percent: 60 };
const statusOf = (more: object) => readStatus({ ...answer, ...more }) ?? expect.fail('no status');
const steps = [
  { name: 'deploy', words: 'Booting the agent', percent: 4 },
  { name: 'write_image', words: 'Writing', percent: 40 },
  { name: 'boot_instance', words: null, percent: 80 },
];
const drawingOf = (more: object) => readDrawing({ steps, current: 1, half_share_seconds: 120, ...more });

describe('the steps of a deployment', () => {
  it('are segments as wide as their share, the first with the time before it', () => {
    const segments = segmentsOf(statusOf({}), drawingOf({}));
    expect(segments.map(({ share, state }) => [share, state])).toEqual([
      [40, 'done'],
      [40, 'now'],
      [20, 'todo'],
    ]);
  });

  it.each([
    ['before the first step', { status: 'in_progress' }, { current: null }, ['now', 'todo', 'todo']],
    ['after a failure', { status: 'failed' }, { current: 1 }, ['done', 'failed', 'todo']],
    ['at the end', { status: 'completed' }, { current: null }, ['done', 'done', 'done']],
  ])('show %s where it stands', (_, status, drawing, states) => {
    expect(segmentsOf(statusOf(status), drawingOf(drawing)).map(({ state }) => state)).toEqual(states);
  });

  it.each([
    ['accepted', 'now'],
    ['failed', 'failed'],
    ['completed', 'done'],
  ])('are one segment while they are unknown: %s is %s', (status, state) => {
    for (const drawing of [null, readDrawing({ steps: [] })]) {
      expect(segmentsOf(statusOf({ status }), drawing)).toMatchObject([{ share: 100, state }]);
    }
  });
});

describe('the percentage', () => {
  it('begins at the answer, never goes back, and stays within the share of its step', () => {
    const percents = Array.from(
      { length: 3_600 },
      (_, seconds) => percentAt(statusOf({}), drawingOf({}), seconds) ?? 0,
    );
    expect(percents[0]).toBe(60);
    expect(percents).toEqual([...percents].sort((one, other) => one - other));
    expect(percents.at(-1)).toBe(78);
  });

  it.each([
    ['a step that time does not move', { half_share_seconds: null }],
    ['no step', { current: null }],
    ['a step that is not in the list', { current: 9 }],
    ['a percentage outside of its step', { current: 2 }],
  ])('stays as it is with %s', (_, drawing) => {
    expect(percentAt(statusOf({}), drawingOf(drawing), 1_000)).toBe(60);
  });

  it('is unknown if the server does not know it', () => {
    expect(percentAt(statusOf({ progress_percent: null }), drawingOf({}), 5)).toBeNull();
  });

  it('fills the segment of the step as far as it is done', () => {
    expect(fillOf(60, drawingOf({}))).toBe(0.5);
    expect(fillOf(20, drawingOf({ current: 0 }))).toBe(0.5);
    expect(fillOf(60, readDrawing({ steps: [] }))).toBe(0.6);
    expect(fillOf(null, drawingOf({}))).toBe(0);
    expect(fillOf(90, drawingOf({ steps: [{ name: 'only', percent: 100 }], current: 0 }))).toBe(0.9);
  });
});

describe('the time', () => {
  const times = { started_at: '2026-12-01T10:00:00Z', completed_at: '2026-12-01T10:01:56Z' };

  it('goes on while a deployment is in progress, by the clock of the server', () => {
    expect(elapsedAt(statusOf({}), drawingOf({ elapsed_seconds: 60 }), 5)).toBe(65);
    expect(elapsedAt(statusOf({ status: 'failed' }), drawingOf({ elapsed_seconds: 60 }), 5)).toBe(60);
    expect(elapsedAt(statusOf({}), null, 5)).toBeNull();
  });

  it('is the whole time of a deployment that has ended', () => {
    expect(elapsedAt(statusOf({ status: 'completed', ...times }), drawingOf({}), 99)).toBe(116);
  });
});

describe('the command to log in', () => {
  const login = (login_user: unknown, ...addresses: string[]) =>
    loginLine(statusOf({ login_user, addresses: addresses.map((address) => ({ address })) }));

  it('takes the first address', () => {
    expect(login('debian', '192.0.2.7', '192.0.2.8')).toBe('ssh debian@192.0.2.7');
    expect(login('debian', '2001:db8::7')).toBe('ssh debian@2001:db8::7');
  });

  it.each([
    [null, '192.0.2.7'],
    ['debian', ''],
    ['debian; reboot', '192.0.2.7'],
    ['-oProxyCommand=reboot', '192.0.2.7'],
    ['$(reboot)', '192.0.2.7'],
    ['debian', '192.0.2.7; reboot'],
    ['debian', '$(reboot)'],
    ['debian', 'abc'],
  ])('is not made of the user %j and the address %j', (user, address) => {
    expect(login(user, address)).toBeNull();
  });
});

describe('the words for a deployment', () => {
  it('say how it stands', () => {
    expect(
      ['accepted', 'in_progress', 'completed', 'failed'].map((status) => standing(statusOf({ status })).word),
    ).toEqual(['Deploying', 'Deploying', 'Deployed', 'Failed']);
  });

  it('say what is worth trying, if that is known', () => {
    expect(['same_server', 'other_server', 'no', 'constructor', null].map(retryWords)).toEqual([
      'The same server may work',
      'Another server may work',
      'Trying again does not help',
      null,
      null,
    ]);
  });
});
