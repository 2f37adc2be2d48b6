import { describe, expect, it } from 'vitest';
import type { Server } from '../../../src/core/server.js';
import { stallOf } from '../../../src/core/status/stall.js';
import { direct } from '../direct.js';
import { freeServer } from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';

const likelyCause = 'The checksum of the image may be wrong: then the agent downloads it again and again.';

const minutes = (count: number) => start + count * 60_000;
const step = (name: string) => ({ name, number: direct.indexOf(name) + 1, names: direct });

/** What `message` says this many minutes after the start of a deployment. */
function said(after: number, overrides: Partial<Server>): string | undefined {
  const server = freeServer(1, {
    provisionState: 'wait call-back',
    step: step('deploy'),
    provisionedAt: start,
    ...overrides,
  });
  return stallOf(server, start, minutes(after))?.words;
}

describe('a deployment stalls', () => {
  it('when the agent does not call', () => {
    expect(said(15, {})).toBeUndefined();
    expect(said(16, {})).toBe(
      'It seems stalled: the deployment agent has not called for 16 min; it usually calls within 15 min. By default Ironic gives up 30 min after the last sign of the agent: in about 14 min.',
    );
  });

  it('when the agent falls silent', () => {
    const writing = { step: step('write_image'), provisionedAt: minutes(10), heardAt: minutes(10) };
    expect(said(15, writing)).toBeUndefined();
    expect(said(16, writing)).toBe(
      'It seems stalled: the deployment agent was last heard 6 min ago; it usually reports every 1.5 to 3 min. By default Ironic gives up 30 min after the last sign of the agent: in about 24 min.',
    );
  });

  it('when the agent does not call, although it was heard in an earlier deployment', () => {
    expect(said(10, { heardAt: minutes(-20) })).toBeUndefined();
    expect(said(16, { heardAt: minutes(-20) })).toContain('has not called for 16 min');
  });

  it.each([
    ['write_image', 15],
    ['prepare_instance_boot', 5],
    ['boot_instance', 20],
  ])('when Ironic works on %s for more than %i minutes', (name, usual) => {
    const working = { provisionState: 'deploying', step: step(name) };
    expect(said(usual, working)).toBeUndefined();
    expect(said(usual + 1, working)).toBe(
      `It seems stalled: Ironic has worked on this for ${usual + 1} min. It usually takes less than ${usual} min, and Ironic sets no time limit here.`,
    );
  });

  it('when Ironic does not get to the first step', () => {
    expect(said(16, { provisionState: 'deploying', step: null })).toContain('has worked on this for 16 min');
  });

  it.each([
    ['deploying', step('write_image')],
    ['deploying', { name: 'raid', number: 2, names: ['deploy', 'raid'] }],
  ])('when no conductor works on it in state "%s"', (provisionState, step) => {
    const left = { provisionState, step, lockedBy: null };
    expect(said(0, left)).toBeUndefined();
    expect(said(1, left)).toBe(
      'It seems stalled: no conductor of Ironic holds its lock, so none works on it. The operator should restart the conductors of Ironic, one after the other: one of them then gives this deployment up.',
    );
    expect(said(1, { ...left, lockedBy: 'conductor' })).toBeUndefined();
  });

  it('but not because Ironic hides its lock from the caller', () => {
    const hidden = { provisionState: 'deploying', step: step('write_image'), lockedBy: null, showsLock: false };
    expect(said(1, hidden)).toBeUndefined();
  });

  it('when a step takes too long although the agent reports', () => {
    const alive = (after: number) => ({
      step: step('write_image'),
      provisionedAt: minutes(after),
      heardAt: minutes(after),
    });
    expect(said(45, alive(45))).toBeUndefined();
    expect(said(46, alive(46))).toBe(
      `It seems stalled: it has taken 46 min so far. It is usually past this within 45 min. ${likelyCause}`,
    );
  });

  it('when the agent reports but writes the image for too long, counted from its first call', () => {
    const alive = (after: number) => ({
      step: step('write_image'),
      calledAt: minutes(5),
      provisionedAt: minutes(after),
      heardAt: minutes(after),
    });
    expect(said(20, alive(20))).toBeUndefined();
    expect(said(21, alive(21))).toBe(
      `It seems stalled: the deployment agent reports, but has been at this for 16 min. It usually takes less than 15 min. ${likelyCause}`,
    );
    expect(said(21, { ...alive(21), calledAt: minutes(-60) })).toBeUndefined();
  });
});

describe('the time that Ironic will wait', () => {
  it('is above the default if the default limit has passed', () => {
    expect(said(31, {})).toContain("Ironic's default limit of 30 min has passed; this Ironic may use a longer one.");
  });

  it('is without limit while the server is in maintenance', () => {
    expect(said(20, { maintenance: true })).toMatch(
      /within 15 min\. The server is in maintenance, so Ironic sets no time limit\.$/,
    );
  });
});

describe('no stall is reported', () => {
  it.each(['available', 'deploy hold', 'active', 'no such state'])('in "%s"', (provisionState) => {
    expect(said(1_000, { provisionState })).toBeUndefined();
  });

  it('in unknown steps and in steps after one', () => {
    const names = ['deploy', 'flash_firmware', 'write_image'];
    expect(said(100, { step: { name: 'flash_firmware', number: 2, names } })).toBeUndefined();
    expect(said(100, { step: { name: 'write_image', number: 3, names } })).toBeUndefined();
    expect(said(100, { step: { name: 'deploy', number: 1, names } })).toBeDefined();
  });

  it('in deployments of another kind', () => {
    expect(said(100, { step: { name: 'deploy', number: 1, names: ['deploy'] } })).toBeUndefined();
  });

  it('if no time is known', () => {
    const server = freeServer(1, { provisionState: 'deploying', provisionedAt: null, step: step('deploy') });
    expect(stallOf(server, null, start)).toBeUndefined();
  });
});
