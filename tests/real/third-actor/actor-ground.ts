import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/core/ports.js';
import { systemClock } from '../../../src/local/clock.js';
import { createHttp } from '../../../src/openstack/http.js';
import { createRequestQueue } from '../../../src/openstack/request-queue.js';
import type { FaultLab } from '../../contract/fault-lab.js';
import type { ActorGround } from '../../contract/third-actor/actor-lab.js';
import { imagesAlone } from '../../contract/third-actor/images-alone.js';
import { configDriveIn } from '../config-drive.js';
import type { FaultGround } from '../faults/fault-lane.js';

/** The default time limit of one request, in milliseconds. */
const usualTimeout = 30_000;

/** The interval between two looks at a real Ironic, in milliseconds. */
const lookInterval = 100;

const checksum = 'd41d8cd98f00b204e9800998ecf8427e';

/**
 * The servers of a lane, for calls with somebody else's actions between their requests. The programs' time passes faster than the
 * machine's time, as in the lanes of the fault matrix. The other actor uses the machine's time.
 */
export function createActorGround(ground: FaultGround, { resourceClass }: FaultLab): ActorGround {
  const { admin, timeout } = ground;
  const [endpoint] = ground.services;
  if (endpoint === undefined) throw new Error('this lane has no Ironic');
  const speed = usualTimeout / timeout;
  const epoch = Date.now();
  let passed = 0;
  // The remains of an earlier case are under other keys.
  const scope = randomUUID();
  const clock: Clock = {
    now: () => epoch + (Date.now() - epoch) * speed + passed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };
  const describe = (image: string) => ({ image_source: ground.sourceOf(image), image_checksum: checksum });

  const actors: ActorGround = {
    clock,
    pass(milliseconds) {
      passed += milliseconds;
    },
    stall() {
      throw new Error('at a real Ironic nothing is made to time out');
    },
    rest: () => systemClock.sleep(lookInterval, new AbortController().signal),
    resourceClass,
    images: { ours: 'ours', theirs: 'theirs' },
    describe,
    skew: 0,
    async send(request) {
      const response = await fetch(request);
      const headers = new Headers(response.headers);
      headers.set('date', new Date(clock.now() + actors.skew).toUTCString());
      const body = await response.arrayBuffer();
      return new Response(body.byteLength === 0 ? null : body, { status: response.status, headers });
    },
    connect: (send) => ({
      ironic: createHttp({ service: 'Ironic', endpoint, timeout, queue: createRequestQueue(8), fetch: send }),
      images: imagesAlone(describe),
      scope: async () => scope,
    }),
    configDrive: (id) => configDriveIn(ground, id),
    ask: (method, path, body) => admin.ask(method, path, body),
    hasPorts: false,
  };
  return actors;
}
