import { describe, expect, it } from 'vitest';
import { survey } from '../../../src/core/inventory/survey.js';
import type { Server } from '../../../src/core/server.js';
import { openPolicy } from '../../support/open-policy.js';
import { createFakeBareMetal, freeServer, script, unsent, uuid } from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';

const forever = new AbortController().signal;

function surveyOf(servers: readonly Server[]) {
  return survey(createFakeBareMetal({ servers, clock: createFakeClock() }), forever, openPolicy);
}

describe('a survey', () => {
  it('counts all servers as the list of servers does, over several pages', async () => {
    const { total, available, tally, notes, sample } = await surveyOf([
      freeServer(1, { provisionState: 'active' }),
      freeServer(2),
      freeServer(3),
      freeServer(4, { resourceClass: 'gpu', maintenance: true }),
      freeServer(5, { resourceClass: null }),
    ]);
    expect(total).toBe(5);
    expect(available).toBe(3);
    expect(sample?.id).toBe(uuid(2));
    expect(tally.byClass()).toEqual([
      { resource_class: '(none)', available: 1 },
      { resource_class: 'baremetal.small', available: 2, in_use: 1 },
      { resource_class: 'gpu', unusable: 1 },
    ]);
    expect(notes.get('in_use')).toEqual(new Map([['deployed', 1]]));
    expect(notes.get('unusable')).toEqual(new Map([['it is in maintenance', 1]]));
  });

  it('finds nothing when there are no servers', async () => {
    await expect(surveyOf([])).resolves.toMatchObject({ total: 0, available: 0, sample: undefined, abandoned: [] });
  });

  it('finds the servers that a dead call of ours left reserved, and no others', async () => {
    const entry = (time: string) => ({ started_at: `2026-11-22T${time}Z`, image: 'a', digest: 'd' });
    const { abandoned } = await surveyOf([
      freeServer(1, { deploymentId: uuid(9), entry: entry('07:56:59') }),
      freeServer(2, { deploymentId: uuid(9), entry: entry('07:57:01') }),
      freeServer(3, { deploymentId: uuid(9) }),
      freeServer(4, { deploymentId: uuid(9), entry: entry('07:00:00'), provisionState: 'deploy failed' }),
    ]);
    expect(abandoned.map(({ id }) => id)).toEqual([uuid(1)]);
  });

  it('finds the servers of Metal3', async () => {
    const { metal3, available } = await surveyOf([freeServer(1, { name: 'metal3~one' }), freeServer(2)]);
    expect(metal3.map(({ id }) => id)).toEqual([uuid(1)]);
    expect(available).toBe(1);
  });

  it("fails with Ironic's failure", async () => {
    const bareMetal = createFakeBareMetal({
      servers: [freeServer(1), freeServer(2), freeServer(3)],
      clock: createFakeClock(),
      misbehave: script({ list: [null, unsent] }),
    });
    await expect(survey(bareMetal, forever, openPolicy)).rejects.toMatchObject({ name: 'NoAnswer' });
  });
});
