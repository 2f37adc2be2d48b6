import { cleanRun, playCase, type Scenario } from '../../contract/fault-matrix.js';
import { casesOf, ordinaryScenarios, wordsOfCase } from '../../contract/fault-requests.js';
import type { Node } from '../../contract/lab.js';
import type { Injection } from '../../support/faults/fault-table.js';
import { type FaultGround, type FaultLane, openFaultLane } from './fault-lane.js';

/** One case for a lane. It returns the violations. */
export type Case = (lane: FaultLane) => Promise<readonly string[]>;

/** Plays all cases, in as many lanes as there are servers, and returns the violations. */
export async function playAll(ground: FaultGround, cases: readonly Case[]): Promise<readonly string[]> {
  const free = (await ground.admin.nodes('&provision_state=available&associated=false&maintenance=false')).filter(fits);
  const queue = [...cases];
  const wrong: string[] = [];
  const width = Math.min(ground.lanes, cases.length, Math.floor(free.length / 3));
  if (width === 0) throw new Error('there is nothing to play, or no free server to play it on');
  const each = Array.from({ length: width }, async (_, index) => {
    const servers = free.slice(index * 3, index * 3 + 3).map(({ uuid }) => uuid);
    const lane = await openFaultLane(ground, String(index), servers);
    try {
      for (let next = queue.shift(); next; next = queue.shift()) wrong.push(...(await next(lane)));
    } finally {
      await lane.close();
    }
  });
  await Promise.all(each);
  return wrong;
}

/** Servers with a lessee or an owner are for other tests. */
function fits({ name, resource_class, owner, lessee }: Node): boolean {
  return !name.includes('fail') && resource_class === 'baremetal.small' && !owner && !lessee;
}

/** The chosen faults, at each request of these deployments. */
export async function faultCases(
  ground: FaultGround,
  ways: readonly string[],
  isChosen: (injection: Injection) => boolean,
): Promise<readonly Case[]> {
  const cases: Case[] = [];
  for (const way of ways) {
    const scenario = ({ open }: FaultLane) => ordinaryScenarios(open).find(({ name }) => name === way) as Scenario;
    let log: readonly string[] = [];
    await playAll(ground, [
      async (lane) => {
        log = await cleanRun(scenario(lane));
        return [];
      },
    ]);
    for (const injection of casesOf(log).filter(isChosen)) {
      cases.push(async (lane) => {
        const { violations } = await playCase(scenario(lane), [injection]);
        return violations.map((words) => `${way}: ${wordsOfCase(injection)}: ${words}`);
      });
    }
  }
  return cases;
}

/** Plays the cases, and prints their number and the number of violations. */
export async function reported(what: string, ground: FaultGround, cases: readonly Case[]): Promise<readonly string[]> {
  const begun = Date.now();
  const wrong = await playAll(ground, cases);
  const seconds = Math.round((Date.now() - begun) / 1000);
  process.stderr.write(`${what}: ${cases.length} cases, ${wrong.length} violations, ${seconds} s\n`);
  return wrong;
}
