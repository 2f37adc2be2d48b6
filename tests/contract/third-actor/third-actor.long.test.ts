import { afterAll, describe, expect, test } from 'vitest';
import { chosen } from '../../support/length.js';
import { createActorCloud } from './actor-cloud.js';
import { type Case, casesOf, playCase, undisturbed, wordsOfCase } from './case.js';
import { deprovisioningWays, undeploying } from './deprovisioning-ways.js';
import { withHiccups, withLasting } from './hiccups.js';
import { provisioningWays, type Way } from './ways.js';

const openGround = (way: Way) => createActorCloud(way.cloud);

const named = (...names: readonly string[]) => provisioningWays.filter(({ name }) => names.includes(name));

const ways: readonly Way[] = [
  ...provisioningWays,
  ...withHiccups(named('by id', 'by id with a key', 'by class with a key', 'again in place', 'with a port'), 'start'),
  ...withHiccups(named('by id', 'by id with a key', 'by class', 'again in place'), 'change of the server'),
  ...withLasting(named('by id', 'by id with a key', 'with a port')),
  ...deprovisioningWays,
  ...withHiccups([undeploying], 'start'),
];

describe('when somebody else changes the server between two requests', () => {
  const total = { ways: 0, gaps: 0, cases: 0, happened: 0, lastLook: 0, violations: 0 };
  afterAll(() => {
    const { cases, gaps, happened, lastLook, violations } = total;
    process.stderr.write(
      `Third actor on the simulator: ${cases} cases (${total.ways} ways, ${gaps} gaps; something came of ${happened}), ${violations} violations; ${lastLook} in the gap that cannot be closed\n`,
    );
  });

  test.each(ways.map((way) => [way.name, way] as const))(
    '%s: nothing of theirs is touched, and the answer is true',
    async (_, way) => {
      const all = await casesOf(way, openGround);
      const cases = chosen(all);
      const wrong: string[] = [];
      for (const each of cases) wrong.push(...(await wrongIn(each)));
      total.ways += 1;
      total.gaps += new Set(all.map(({ gap }) => gap)).size;
      total.cases += cases.length;
      total.violations += wrong.length;
      expect(wrong).toEqual([]);
    },
    600_000,
  );

  async function wrongIn(each: Case): Promise<readonly string[]> {
    const { violations, happened, lastLook } = await playCase(each, openGround);
    if (happened) total.happened += 1;
    if (lastLook) total.lastLook += 1;
    return violations.map((words) => `${wordsOfCase(each)}: ${words}`);
  }
});

describe('a deployment that nobody disturbs', () => {
  test.each([
    ['by id', 3],
    ['by class', 3],
    ['by id with a key', 5],
    ['by class with a key', 5],
  ])('reads no more than it must: %s, %d requests', async (name, requests) => {
    const [way] = named(name);
    if (!way) throw new Error(`there is no way "${name}"`);
    expect((await undisturbed(way, openGround)).kinds).toHaveLength(requests);
  });
});
