import { describe, expect, test } from 'vitest';
import { administrator } from '../../contract/lab.js';
import type { ActorGround } from '../../contract/third-actor/actor-lab.js';
import { createBystander } from '../../contract/third-actor/bystander.js';
import { type Case, casesOf, playCase, wordsOfCase } from '../../contract/third-actor/case.js';
import { undeploying } from '../../contract/third-actor/deprovisioning-ways.js';
import { withHiccups } from '../../contract/third-actor/hiccups.js';
import { nodesNow } from '../../contract/third-actor/journal.js';
import { provisioningWays, type Way } from '../../contract/third-actor/ways.js';
import type { FaultGround } from '../faults/fault-lane.js';
import { type Case as LaneCase, playAll, reported } from '../faults/fault-lanes.js';
import { ironics } from '../ironics.js';
import type { RealIronic } from '../setup.js';
import { createActorGround } from './actor-ground.js';

/** Every fourth case, because a real Ironic needs seconds for one. */
const every = 4;

const named = (name: string) => provisioningWays.filter((way) => way.name === name);

const ways: readonly Way[] = [
  ...named('by id'),
  ...named('by class with a key'),
  ...withHiccups(named('by id'), 'start').filter(({ hiccups }) => hiccups[0]?.fault.name === '409 locked'),
  undeploying,
];

function groundOf({ endpoint, state }: RealIronic): FaultGround {
  return {
    admin: administrator(endpoint),
    state,
    services: [endpoint],
    images: { first: 'ours', firstById: 'ours', second: 'theirs' },
    timeout: 5_000,
    lanes: 6,
    sourceOf: (image) => `http://127.0.0.1:9/${image}.img`,
    connect: () => {
      throw new Error('here programs have grounds of their own');
    },
  };
}

describe('an action of somebody else between two requests to a real Ironic', () => {
  test.concurrent.each(ironics)(
    '$version ($release): nothing of others is touched, and the answer is true',
    async (ironic) => {
      const ground = groundOf(ironic);
      const cases: LaneCase[] = [];
      let [index, all] = [0, 0];
      for (const way of ways) {
        let found: readonly Case[] = [];
        await playAll(ground, [
          async (lane) => {
            const actors = createActorGround(ground, await lane.open());
            found = await casesOf(way, () => actors);
            await tidy(ground, actors);
            return [];
          },
        ]);
        // A lane has only its own servers.
        const possible = found.filter(({ action }) => !action.simulatedOnly && !action.endsNode);
        all += found.length;
        for (const each of possible.filter(() => index++ % every === 0)) cases.push(played(ground, each));
      }
      const what = `Third actor on Ironic ${ironic.version}, a sample of ${cases.length} of ${all} cases in ${ways.length} ways`;
      expect(await reported(what, ground, cases)).toEqual([]);
    },
    1_800_000,
  );
});

function played(ground: FaultGround, each: Case): LaneCase {
  return async (lane) => {
    const actors = createActorGround(ground, await lane.open());
    const { violations } = await playCase(each, () => actors);
    await tidy(ground, actors);
    return violations.map((words) => `${wordsOfCase(each)}: ${words}`);
  };
}

/** A lane cannot give servers back while Ironic works on them, and does not handle maintenance. */
async function tidy({ admin }: FaultGround, actors: ActorGround): Promise<void> {
  for (const { uuid, maintenance } of await nodesNow(actors, `resource_class=${actors.resourceClass}`)) {
    if (maintenance) await admin.done('DELETE', `nodes/${uuid}/maintenance`);
    await createBystander(actors).until(uuid, 'available', 'active', 'deploy failed', 'error');
  }
}
