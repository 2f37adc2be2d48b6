import { expect, it } from 'vitest';
import { createChanges } from '../../../src/core/async/changes.js';
import { createDiagnoseService } from '../../../src/core/diagnose/diagnose.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { createProvisionService } from '../../../src/core/provision/provision.js';
import { createStatusService } from '../../../src/core/status/wait-for-change.js';
import { systemClock } from '../../../src/local/clock.js';
import { createGlance } from '../../../src/openstack/glance.js';
import { createHttp } from '../../../src/openstack/http.js';
import { createIronic } from '../../../src/openstack/ironic.js';
import { createRequestQueue } from '../../../src/openstack/request-queue.js';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { openPolicy } from '../../support/open-policy.js';
import { start } from '../fake-clock.js';
import { seededRandom } from '../setup.js';

const forever = new AbortController().signal;
const name = 'rack1-small-01';

/** The program on a simulated cloud, where the system on the server never boots. */
async function openLab() {
  let now = start;
  // Its pauses are only limits for answers, which come at once.
  const clock = { ...systemClock, now: () => now };
  const pass = (minutes: number) => {
    now += minutes * 60_000;
  };
  const random = seededRandom();
  const { fetch, world } = createSimulator({ clock, random });
  const reports: string[] = [];
  Object.assign(world, { post: (url: string) => reports.push(url) });
  const path = `http://cloud/v1/nodes/${name}`;
  const headers = { 'x-openstack-ironic-api-version': '1.78', 'content-type': 'application/json' };
  const body = JSON.stringify([{ op: 'add', path: '/extra/sim', value: { after: 'never_boots' } }]);
  expect((await fetch(new Request(path, { method: 'PATCH', headers, body }))).status).toBe(200);
  const queue = createRequestQueue(8);
  const http = createHttp({ service: 'Ironic', endpoint: 'http://cloud', timeout: 30_000, queue, fetch });
  const bareMetal = createIronic({ http, clock, random });
  const common = { bareMetal, clock, random, policy: openPolicy };
  const servers = createServerService(common);
  const { provision } = createProvisionService({
    ...common,
    images: createGlance({ http, clock, random }),
    servers,
    changes: createChanges(),
    idempotencyScope: async () => 'tests',
    bootReportUrl: 'http://10.0.0.1:7386',
  });
  return { pass, reports, provision, ...createStatusService(common), ...createDiagnoseService({ ...common, servers }) };
}

it('a simulated machine that never boots keeps waiting for its report, and is called unclear after 15 minutes', async () => {
  const { pass, reports, provision, status, diagnose } = await openLab();
  const { operation_id } = await provision({ image_id: 'debian-12', server_id: name }, forever);
  const other = await provision({ image_id: 'debian-12', server_id: 'rack1-small-02' }, forever);
  const look = () => status({ operation_id, wait_seconds: 0 }, forever);
  pass(5);
  expect(await look()).toMatchObject({ status: 'completed', boot: 'waiting', booted_at: null });
  expect(await diagnose({ server_id: name }, forever)).toMatchObject({ verdict: 'healthy', causes: [] });
  expect(reports).toEqual([expect.stringContaining(other.operation_id)]);
  pass(15);
  expect(await look()).toMatchObject({ status: 'completed', boot: 'waiting', booted_at: null, failure: null });
  expect(await diagnose({ server_id: name }, forever)).toMatchObject({
    verdict: 'unclear',
    message: expect.stringMatching(
      / is deployed\. Perhaps: The system on the server has not reported that it has booted\.$/,
    ),
    causes: [{ code: 'no_boot_report', evidence: [expect.stringContaining('Its boot report has not come since')] }],
  });
});
