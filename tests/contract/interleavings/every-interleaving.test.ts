import { describe, expect, test } from 'vitest';
import { everyCourse } from './choices.js';
import { playTwoCalls, type Scenario } from './two-calls.js';

const together = [1, 1] as const;
const apart = [1, 2] as const;

const scenarios: readonly Scenario[] = [
  { name: 'for the same server', aim: 'by id', seeds: together, mayFail: false },
  { name: 'for any server, who choose the same', aim: 'by class', seeds: together, mayFail: false },
  { name: 'for any server, who choose different ones', aim: 'by class', seeds: apart, mayFail: false },
  { name: 'for the same server', aim: 'by id', seeds: together, mayFail: true },
  { name: 'for any server, who choose the same', aim: 'by class', seeds: together, mayFail: true },
  { name: 'for any server, who choose different ones', aim: 'by class', seeds: apart, mayFail: true },
  { name: 'for the same server with different images', aim: 'by id', seeds: together, differ: true, mayFail: false },
];

describe('two calls with one key', () => {
  test.each(scenarios.map((scenario) => [nameOf(scenario), scenario] as const))(
    '%s make one deployment in every order of their requests',
    async (name, scenario) => {
      const wrong: string[] = [];
      const begun = Date.now();
      let played = 0;
      await everyCourse(async (choose) => {
        const violations = await playTwoCalls(scenario, choose);
        if (!violations) return;
        played += 1;
        wrong.push(...violations);
      });
      const seconds = Math.round((Date.now() - begun) / 1_000);
      process.stderr.write(`Two calls ${name}: ${played} interleavings, ${wrong.length} violations, ${seconds} s\n`);
      expect(wrong.slice(0, 10)).toEqual([]);
    },
    1_800_000,
  );
});

function nameOf({ name, mayFail }: Scenario): string {
  return `${name}, ${mayFail ? 'with at most one change or its answer lost or late' : 'with nothing lost'},`;
}
