import { describe, expect, it } from 'vitest';
import type { Server } from '../../../src/core/server.js';
import { stallOf } from '../../../src/core/status/stall.js';
import { direct } from '../direct.js';
import { freeServer } from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';

const minutes = (count: number) => start + count * 60_000;
const step = (name: string) => ({ name, number: direct.indexOf(name) + 1, names: direct });

/** What is said of a server, so many minutes after its deployment has been asked for. */
function said(after: number, overrides: Partial<Server>): string | undefined {
  const server = freeServer(1, {
    provisionState: 'wait call-back',
    step: step('deploy'),
    provisionedAt: start,
    ...overrides,
  });
  return stallOf(server, start, minutes(after));
}

describe('a deployment stalls', () => {
  it('when the agent does not call', () => {
    expect(said(15, {})).toBeUndefined();
    expect(said(16, {})).toBe(
      'It seems stalled: the deployment agent has not called for 16 minutes, which it usually does within 15. Ironic gives up 30 minutes after the last sign, unless its operator has set another limit: in about 14 min.',
    );
  });

  it('when the agent falls silent', () => {
    const writing = { step: step('write_image'), provisionedAt: minutes(10), heardAt: minutes(10) };
    expect(said(15, writing)).toBeUndefined();
    expect(said(16, writing)).toBe(
      'It seems stalled: nothing was heard of the deployment agent for 6 minutes, which usually reports every 1 to 3. Ironic gives up 30 minutes after the last sign, unless its operator has set another limit: in about 24 min.',
    );
  });

  it('not because of an agent that was heard in an earlier deployment', () => {
    expect(said(10, { heardAt: minutes(-20) })).toBeUndefined();
    expect(said(16, { heardAt: minutes(-20) })).toContain('has not called for 16 minutes');
  });

  it.each([
    ['write_image', 15],
    ['prepare_instance_boot', 5],
    ['boot_instance', 20],
  ])('when Ironic works on %s for more than %i minutes', (name, usual) => {
    const working = { provisionState: 'deploying', step: step(name) };
    expect(said(usual, working)).toBeUndefined();
    expect(said(usual + 1, working)).toBe(
      `It seems stalled: Ironic has worked on this for ${usual + 1} minutes, which usually takes less than ${usual}, and sets itself no limit.`,
    );
  });

  it('when Ironic does not come to the first step', () => {
    expect(said(16, { provisionState: 'deploying', step: null })).toContain('has worked on this for 16 minutes');
  });

  it('when a step takes too long although the agent reports', () => {
    const alive = (after: number) => ({
      step: step('write_image'),
      provisionedAt: minutes(after),
      heardAt: minutes(after),
    });
    expect(said(45, alive(45))).toBeUndefined();
    expect(said(46, alive(46))).toBe(
      'It seems stalled: it has taken 46 minutes so far, and is usually past this within 45.',
    );
  });
});

describe('how long Ironic will wait', () => {
  it('is another time than usual where the usual one is over', () => {
    expect(said(31, {})).toContain('unless its operator has set another limit, which seems to be so: they are over.');
  });

  it('is without limit while the server is in maintenance', () => {
    expect(said(20, { maintenance: true })).toMatch(
      /within 15\. The server is in maintenance: Ironic sets it no limit meanwhile\.$/,
    );
  });
});

describe('nothing is said', () => {
  it.each(['available', 'deploy hold', 'active', 'no such state'])('in "%s"', (provisionState) => {
    expect(said(1_000, { provisionState })).toBeUndefined();
  });

  it('of steps that are not known, nor of those that come after one', () => {
    const names = ['deploy', 'flash_firmware', 'write_image'];
    expect(said(100, { step: { name: 'flash_firmware', number: 2, names } })).toBeUndefined();
    expect(said(100, { step: { name: 'write_image', number: 3, names } })).toBeUndefined();
    expect(said(100, { step: { name: 'deploy', number: 1, names } })).toBeDefined();
  });

  it('of deployments of another kind', () => {
    expect(said(100, { step: { name: 'deploy', number: 1, names: ['deploy'] } })).toBeUndefined();
  });

  it('where no time is known', () => {
    const server = freeServer(1, { provisionState: 'deploying', provisionedAt: null, step: step('deploy') });
    expect(stallOf(server, null, start)).toBeUndefined();
  });
});
