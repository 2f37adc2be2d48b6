import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { ironics } from '../ironics.js';
import type { RealIronic } from '../setup.js';
import { type Accepted, accepted } from './accepted-differences.js';
import { requests } from './recorded-requests.js';
import { type Answer, alike, differ, record, without } from './recording.js';

let server: Server;
let simulated: readonly Answer[];

beforeAll(async () => {
  server = createAdaptorServer({ fetch: createSimulator({ servers: 90, speed: 60 }).fetch }) as Server;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const fates = {
    deployed: { sim: {} },
    failing: { sim: { fail: 'write_image', message: 'disk full' } },
    waiting: { sim: { hang: 'write_image' } },
    // A hanging step of the conductor never ends.
    locked: { sim: { hang: 'prepare_instance_boot' } },
  };
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const lockingStep = 'prepare_instance_boot';
  const side = { endpoint, strictInterface: 'direct', stagedInterface: 'direct', lockingStep, fates };
  simulated = await record(side, requests);
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

describe.each(ironics)('as Ironic $version ($release)', ({ endpoint, release, version }: RealIronic) => {
  const mine = accepted.filter((each) => each.on === undefined || each.on === release);
  const used = new Set<Accepted>();
  let real: readonly Answer[];

  beforeAll(async () => {
    const fates = {
      deployed: { staged: { delay: 0 } },
      failing: { staged: { delay: 0, fail: 'write_image', message: 'disk full' } },
      waiting: { staged: { delay: 0, hang: 'write_image' } },
      locked: { staged: { delay: 30 } },
    };
    const side = { endpoint, strictInterface: 'direct', stagedInterface: 'staged', lockingStep: 'deploy', fates };
    real = await record(side, requests);
  });
  afterAll(() => {
    const pairs = `${requests.length} pairs compared`;
    process.stderr.write(`Ironic ${version} and the simulator: ${pairs}, ${used.size} accepted differences\n`);
  });

  test.each(requests.map((request, index) => [request.what, index] as const))(
    'the simulator answers %s',
    (what, index) => {
      const [wanted, got] = [real[index], simulated[index]];
      if (!wanted || !got) throw new Error('nothing was recorded');
      const leniency = mine.filter((each) => each.of?.includes(what) ?? true);
      for (const each of leniency) if (differ(wanted, got, each.members)) used.add(each);
      const members = leniency.flatMap((each) => each.members);
      expect(alike(without(got, members), without(wanted, members))).toEqual(without(wanted, members));
    },
  );

  test('every listed difference is one', () => {
    expect(mine.filter((each) => !used.has(each)).map((each) => each.why)).toEqual([]);
  });
});
