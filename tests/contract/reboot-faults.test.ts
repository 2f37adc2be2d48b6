import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import { Failure } from '../../src/core/failures.js';
import { createRebootService } from '../../src/core/reboot/reboot.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { imageIds } from '../../src/simulator/seed/seed-images.js';
import { seededRandom } from '../core/setup.js';
import { createFaultScript, type Injection, kindOf } from '../support/faults/fault-table.js';
import { createFaultyFetch } from '../support/faults/faulty-fetch.js';
import { createVirtualTime, inVirtualTime } from '../support/virtual-time.js';
import { casesOf, wordsOfCase } from './fault-requests.js';

const timeout = 30_000;
const name = 'rack1-small-01';

/** A server that runs a deployment of ours on the simulated cloud, and a program whose requests go through faults. */
async function openLab() {
  const time = createVirtualTime(timeout);
  const random = seededRandom(20_261_201);
  const simulator = createSimulator({ clock: time, random });
  const { fleet } = simulator.world;
  const script = createFaultScript();
  /** The state of the server at each reboot that Ironic accepted. */
  const reboots: string[] = [];
  const upstream = async (request: Request) => {
    const { provision_state: state = '' } = fleet.byName(name) ?? {};
    const response = await simulator.fetch(request);
    const isReboot = kindOf(request.method, new URL(request.url).pathname) === 'reboot';
    if (isReboot && response.status === 202) reboots.push(state);
    return response;
  };
  const fetch = createFaultyFetch(upstream, script, time);
  const service = { service: 'Ironic', endpoint: 'http://cloud', timeout, queue: createRequestQueue(8), fetch };
  const bareMetal = createIronic({ http: inVirtualTime(createHttp(service), time), clock: time, random });
  const { signal } = new AbortController();
  const ids = { deploymentId: randomUUID(), attemptId: randomUUID() };
  const { uuid = '' } = fleet.byName(name) ?? {};
  const entry = { started_at: new Date(time.now()).toISOString(), image: 'debian-12', digest: 'd' };
  await bareMetal.reserve(uuid, { ...ids, entry, instanceInfo: { image_source: imageIds.debian } }, signal);
  const lastLook = { at: time.now(), permits: () => true };
  await bareMetal.deploy(uuid, { configDrive: undefined, lastLook }, signal);
  time.pass(120_000);
  const { reboot } = createRebootService({ bareMetal, clock: time, random, changes: createChanges() });
  const request = { operation_id: uuid, confirm_server_name: name, force: true };
  return { script, reboots, reboot: () => reboot(request, signal).catch((failure: unknown) => failure) };
}

/** What is wrong with the answer to a reboot under this fault. */
async function play(injection: Injection): Promise<readonly string[]> {
  const { script, reboots, reboot } = await openLab();
  script.play(injection);
  const answer = await reboot();
  const atAnswer = reboots.length;
  await script.deliver('all');
  // If the network doubles the request, Ironic waits for the lock of the first one, and reboots the server again.
  const most = injection.fault.delivery === 'twice' ? 2 : 1;
  const isChanging = answer instanceof Failure && answer.reason === 'Ironic is changing its power already';
  const code = answer instanceof Failure ? answer.code : 'accepted';
  const hint = answer instanceof Failure ? answer.hint : '';
  const claims: readonly (readonly [truth: boolean, words: string])[] = [
    [reboots.length <= most, `${reboots.length} reboots`],
    [reboots.every((state) => state === 'active'), `a reboot while ${reboots.join()}`],
    [code !== 'accepted' || (atAnswer >= 1 && atAnswer <= most), `accepted, after ${atAnswer} reboots`],
    [
      code === 'accepted' || code === 'outcome_unknown' || isChanging || reboots.length === 0,
      `${code}, and it rebooted`,
    ],
    [!hint.includes('Nothing was changed') || reboots.length === 0, 'nothing was changed, it says, and it was'],
    [['accepted', 'outcome_unknown', 'ironic_unavailable', 'reboot_refused'].includes(code), `${code} is not true`],
  ];
  return claims.flatMap(([truth, words]) => (truth ? [] : [`${wordsOfCase(injection)}: ${words}`]));
}

it('a reboot happens at most once, and the answer is true, whatever goes wrong with each of its requests', async () => {
  const lab = await openLab();
  lab.script.play();
  expect(await lab.reboot()).toMatchObject({ status: 'accepted' });
  expect(lab.script.log).toEqual(['server', 'reboot']);
  const cases = casesOf(['server', 'reboot']);
  const wrong: string[] = [];
  for (const injection of cases) wrong.push(...(await play(injection)));
  expect(wrong).toEqual([]);
  process.stderr.write(`Fault matrix for a reboot on the simulator: ${cases.length} cases\n`);
}, 600_000);
