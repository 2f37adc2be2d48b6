import { describe, expect, test } from 'vitest';
import { runs } from '../../support/length.js';
import { everyCourse } from './choices.js';
import { playTwoCalls, type Scenario } from './two-calls.js';

const together = [1, 1] as const;
const apart = [1, 2] as const;

const sameServer = { name: 'for the same server', aim: 'by id', seeds: together } as const;
const sameChoice = { name: 'for any server, who choose the same', aim: 'by class', seeds: together } as const;
const otherChoice = { name: 'for any server, who choose different ones', aim: 'by class', seeds: apart } as const;
const differ = { ...sameServer, name: 'for the same server with different images', differ: true } as const;

/** Every order of the requests. */
const orders: readonly Scenario[] = [sameServer, sameChoice, otherChoice, differ].map((each) => ({
  ...each,
  mayFail: false,
}));

/** Every order, and in each every one change lost or late. They take minutes: only the lane `long` plays them. */
const failures: readonly Scenario[] = [
  { ...sameServer, mayFail: true },
  { ...sameChoice, mayFail: true },
  { ...otherChoice, mayFail: true },
];

const scenarios = runs({ variable: 'FAILURES', few: 0, many: 1 }) > 0 ? [...orders, ...failures] : orders;

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
  return `${name}, with ${mayFail ? 'at most one change or its answer lost or late' : 'nothing lost'},`;
}
