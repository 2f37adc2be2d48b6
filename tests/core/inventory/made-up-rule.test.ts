import { describe, expect, it, vi } from 'vitest';
import { obstacleTo, type Rule } from '../../../src/core/inventory/eligibility.js';
import { ServerListRequest } from '../../../src/core/inventory/server-list.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { survey } from '../../../src/core/inventory/survey.js';
import { createPolicy } from '../../../src/core/policy.js';
import type { Server } from '../../../src/core/server.js';
import { createFakeBareMetal, freeServer, uuid } from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';

/** A rule that only this test has. */
const { cool } = vi.hoisted(() => {
  const cool: Rule = {
    name: 'cool enough',
    test: ({ name }) => !name?.startsWith('hot'),
    sentence: ({ name }) => `it is too hot for ${name}`,
    note: () => 'too hot',
  };
  return { cool };
});

// The list is all that is changed.
vi.mock(import('../../../src/core/inventory/eligibility.js'), async (original) => {
  const eligibility = await original();
  return { ...eligibility, ...eligibility.createEligibility([...eligibility.serverRules, cool]) };
});

const forever = new AbortController().signal;
const hot = (number: number) => freeServer(number, { name: `hot-${number}` });

function setup(servers: readonly Server[]) {
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock, pageLength: 1_000 });
  const policy = createPolicy({});
  return { bareMetal, service: createServerService({ bareMetal, clock, policy, random: () => 0 }) };
}

describe('a rule that stands only in the list of rules', () => {
  it('keeps a server from being chosen', async () => {
    const { service } = setup([hot(1), freeServer(2), hot(3)]);
    const chosen = await service.candidates({}, new Set(), forever).next();
    expect(chosen.value).toMatchObject({ id: uuid(2) });
    expect(
      await setup([hot(1)])
        .service.candidates({}, new Set(), forever)
        .next(),
    ).toMatchObject({ done: true });
  });

  it('gives the reason to a caller who names the server', async () => {
    expect(obstacleTo(hot(1))).toBe('it is too hot for hot-1');
    await expect(setup([hot(1)]).service.findNamed('hot-1', {}, forever)).rejects.toMatchObject({
      code: 'server_not_available',
      reason: 'it is too hot for hot-1',
    });
  });

  it('is counted by its name when no server matches', async () => {
    const failure = await setup([hot(1), hot(2)]).service.noneAvailable({}, forever);
    expect(failure.reason).toMatch(/^servers: 2, available: 2, .*, cool enough: 0$/);
    const elsewhere = await setup([
      freeServer(1, { provisionState: 'active' }),
      freeServer(2, { resourceClass: 'gpu' }),
      { ...hot(3), resourceClass: 'gpu' },
    ]).service.noneAvailable({ resourceClass: 'baremetal.small' }, forever);
    expect(elsewhere.reason).toMatch(/; free in other classes: gpu 1$/);
  });

  it('appears in the counts and in the notes of the list', async () => {
    const { service, bareMetal } = setup([hot(1), freeServer(2)]);
    const { message, counts, servers } = await service.list(ServerListRequest.parse({}), forever);
    expect(message).toBe('2 servers: 1 available, 1 unusable.');
    expect(counts).toEqual([{ resource_class: 'baremetal.small', available: 1, unusable: 1 }]);
    expect(servers[0]).toMatchObject({ id: uuid(1), state: 'unusable', note: 'too hot' });
    expect(servers[1]).not.toHaveProperty('note');
    expect(await survey(bareMetal, forever, createPolicy({}))).toMatchObject({
      total: 2,
      available: 1,
      sample: { id: uuid(2) },
    });
  });
});
