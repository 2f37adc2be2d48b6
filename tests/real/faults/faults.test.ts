import { describe, expect, test } from 'vitest';
import { isChange } from '../../contract/fault-requests.js';
import { administrator } from '../../contract/lab.js';
import { lateCases, playLate } from '../../contract/late-arrivals.js';
import { ironics } from '../ironics.js';
import type { RealIronic } from '../setup.js';
import type { FaultGround, FaultLane } from './fault-lane.js';
import { faultCases, reported } from './fault-lanes.js';

/** The other two ways are played with a whole cloud. */
const ways = ['by id, without a key', 'by class, with a key'];

const checksum = 'd41d8cd98f00b204e9800998ecf8427e';
const sourceOf = (image: string) => `http://127.0.0.1:9/${image}.img`;

/** An Ironic alone, without Glance and Keystone. */
function groundOf({ endpoint, state }: RealIronic): FaultGround {
  return {
    admin: administrator(endpoint),
    state,
    services: [endpoint],
    images: { first: 'first', firstById: 'first', second: 'second' },
    timeout: 5_000,
    lanes: 6,
    sourceOf,
    connect: ({ open, at }) => ({
      ironic: open('Ironic', at(endpoint)),
      images: {
        list: async () => ({ images: [], complete: true, anyUrl: true }),
        find: async (ref) => ({
          id: ref,
          name: ref,
          instanceInfo: { image_source: sourceOf(ref), image_checksum: checksum },
          minDiskGb: 0,
          architecture: null,
          isPartition: false,
          loginUser: null,
          lacksChecksum: false,
        }),
      },
    }),
  };
}

// The two releases play each test at the same time.
describe('whatever goes wrong once with a real Ironic', () => {
  test.concurrent.each(ironics)(
    '$version ($release): the answer is true, nothing happens twice, and nothing is lost',
    async (ironic) => {
      const ground = groundOf(ironic);
      // Every fault at every change, and for each read the fault that loses a first attempt. The simulator plays the faults of
      // a single kind of request: they make no difference to Ironic.
      const cases = await faultCases(ground, ways, ({ kind, fault, extent }) =>
        isChange(kind)
          ? extent !== 'with all of its kind'
          : fault.name === 'reset, never delivered' && extent === 'once',
      );
      const what = `Fault matrix on Ironic ${ironic.version} (${ways.join('; ')}; all faults on changes, one on each read)`;
      expect(await reported(what, ground, cases)).toEqual([]);
    },
    1_800_000,
  );
});

describe('a change that arrives late at a real Ironic', () => {
  test.concurrent.each(ironics)(
    '$version ($release) never makes a mixture of two',
    async (ironic) => {
      const ground = groundOf(ironic);
      const cases = lateCases.map((late) => async (lane: FaultLane) => {
        const violations = await playLate(await lane.open(), late);
        return violations.map((words) => `${JSON.stringify(late)}: ${words}`);
      });
      expect(await reported(`Late arrivals on Ironic ${ironic.version}`, ground, cases)).toEqual([]);
    },
    1_800_000,
  );
});
