import { createAuthenticatedHttp } from '../../../src/openstack/authenticated-http.js';
import { createHttp } from '../../../src/openstack/http.js';
import { createIdempotencyScope } from '../../../src/openstack/idempotency-scope.js';
import { createKeystoneSession } from '../../../src/openstack/keystone.js';
import { createRequestQueue } from '../../../src/openstack/request-queue.js';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { imageIds } from '../../../src/simulator/seed/seed-images.js';
import { seededRandom } from '../../core/setup.js';
import { addPorts } from '../../support/tenant-ports.js';
import { createVirtualTime, inVirtualTime } from '../../support/virtual-time.js';
import { auth, foreignPorts, keystone } from '../fault-cloud.js';
import type { ActorGround } from './actor-lab.js';
import { imagesAlone } from './images-alone.js';

const endpoint = 'http://cloud';
const timeout = 30_000;
const headers = { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' };

export interface ActorCloudOptions {
  /** Whether a Keystone signs the programs in; otherwise Ironic stands alone. */
  readonly signIn?: boolean;
  readonly networkInterface?: 'flat';
  /** How many requests a program may have open at once. */
  readonly places?: number;
}

/**
 * The simulated Ironic, in virtual time. Its own clock runs ahead whenever it rests, so that another client can wait
 * for it between two requests of ours while our clock stands still.
 */
export function createActorCloud({
  signIn = false,
  networkInterface,
  places = 8,
}: ActorCloudOptions = {}): ActorGround {
  const time = createVirtualTime(timeout);
  let ahead = 0;
  const simulator = createSimulator({
    clock: { now: () => time.now() + ahead },
    random: seededRandom(20_261_124),
    servers: 4,
  });
  const { fleet, agenda, now } = simulator.world;
  addPorts(simulator.world, ...foreignPorts);
  const sources: Readonly<Record<string, string>> = { ours: imageIds.debian, theirs: imageIds.ubuntu };
  const describe = (image: string) => ({ image_source: String(sources[image]) });

  const ground: ActorGround = {
    clock: time,
    pass: time.pass,
    stall: time.stall,
    skew: 0,
    async rest() {
      ahead += 10_000;
    },
    resourceClass: 'baremetal.small',
    images: { ours: 'ours', theirs: 'theirs' },
    describe,
    async send(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/auth/tokens')) return keystone(time.now() + 3_600_000);
      const response = await simulator.fetch(request);
      response.headers.set('date', new Date(time.now() + ground.skew).toUTCString());
      return response;
    },
    connect(fetch, random) {
      const open = (service: string, where: string) =>
        inVirtualTime(
          createHttp({ service, endpoint: where, timeout, queue: createRequestQueue(places), fetch }),
          time,
        );
      const images = imagesAlone(describe);
      if (!signIn) return { ironic: open('Ironic', endpoint), images, scope: async () => 'tests' };
      const session = createKeystoneSession({ auth, http: open('Keystone', auth.authUrl), clock: time, overrides: {} });
      const at = (where: string) => open('Ironic', where);
      const ironic = inVirtualTime(createAuthenticatedHttp({ session, service: 'baremetal', at, timeout }), time);
      return { ironic, images, scope: createIdempotencyScope({ session, timeout, clock: time, random }) };
    },
    configDrive: async (id) => JSON.stringify(fleet.byUuid(id)?.instance_info.configdrive ?? null),
    async ask(method, path, body) {
      const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
      const response = await simulator.fetch(new Request(`${endpoint}/v1/${path}`, init));
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    lock(id, milliseconds) {
      const node = fleet.byUuid(id);
      if (!node || node.reservation !== null) return false;
      fleet.update(node, { reservation: 'another-conductor' }, now());
      agenda.plan(`lock of ${id}`, now() + milliseconds, (at) => fleet.update(node, { reservation: null }, at));
      return true;
    },
    hasPorts: networkInterface !== undefined,
  };

  for (const node of [...fleet.section({ resourceClass: 'baremetal.small', provisionState: 'available' })]) {
    const isThird = node.name === 'rack1-small-03';
    const changes = isThird ? { instance_uuid: '0fbd4bd8-3a2f-4b64-9d6b-6a4f0a1b2c3d' } : {};
    fleet.update(node, { network_interface: networkInterface ?? 'noop', ...changes }, time.now());
  }
  return ground;
}
