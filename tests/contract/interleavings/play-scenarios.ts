import { expect, test } from 'vitest';
import { runs } from '../../support/length.js';
import { everyCourse } from './choices.js';
import { playTwoCalls, type Scenario } from './two-calls.js';

/** Seeds of the order in which each of two calls looks at the servers. */
export const together = [1, 1] as const;
export const apart = [1, 2] as const;

/**
 * Plays every order of the requests of two calls with one key. Those with `mayFail` also lose or delay one change, in every
 * order: they take minutes, so only the lane `long` plays them.
 */
export function playScenarios(scenarios: readonly Scenario[]): void {
  const long = runs({ variable: 'FAILURES', few: 0, many: 1 }) > 0;
  const played = scenarios.filter(({ mayFail }) => long || !mayFail);
  test.each(played.map((scenario) => [nameOf(scenario), scenario] as const))(
    '%s make one deployment in every order of their requests',
    async (name, scenario) => {
      const wrong: string[] = [];
      const begun = Date.now();
      let count = 0;
      await everyCourse(async (choose) => {
        const violations = await playTwoCalls(scenario, choose);
        if (!violations) return;
        count += 1;
        wrong.push(...violations);
      });
      const seconds = Math.round((Date.now() - begun) / 1_000);
      process.stderr.write(`Two calls ${name}: ${count} interleavings, ${wrong.length} violations, ${seconds} s\n`);
      expect(wrong.slice(0, 10)).toEqual([]);
    },
    1_800_000,
  );
}

function nameOf({ name, mayFail }: Scenario): string {
  return `${name}, with ${mayFail ? 'at most one change or its answer lost or late' : 'nothing lost'},`;
}
