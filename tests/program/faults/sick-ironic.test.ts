import { afterAll, describe, expect, it } from 'vitest';
import { type Fault, faults } from '../../support/faults/fault-proxy.js';
import { openFaultyCloud, sharedFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { type ClientLine, clientLines, openSession } from '../../support/mcp-session.js';
import { nowhere } from '../../support/nowhere.js';
import { failureIn, provision } from '../../support/tool-answers.js';

const options = { concurrent: true };
const image = { image_id: 'file:///images/debian.qcow2' };
const html = '<html><body><h1>It works!</h1></body></html>';
const noWorkers = 'Requested action cannot be performed due to lack of free conductor workers.';
const fault = (words: string) => ({ error_message: JSON.stringify({ faultcode: 'Client', faultstring: words }) });

/** The text of a failed answer after which nothing has changed. */
const unavailable = (reason: string | RegExp) => [
  'Failed to communicate with Ironic',
  typeof reason === 'string' ? `Reason: ${reason}` : expect.stringMatching(reason),
  'Next: Nothing was changed. Try again in a minute. If it fails again, ask the operator to run "ironic-mcp check".',
  'Code: ironic_unavailable',
  'Retryable: yes',
];

const late = 'Ironic did not answer within 1 s';
const unexplained = (status: number) => `Ironic answered with HTTP status ${status}: no explanation given`;
const brokenOff = /^Reason: Ironic at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(\w+\)/;
const nobodyListens = /^Reason: Ironic at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/;

type Row = readonly [what: string, fault: Fault, reason: string | RegExp];

const slow: readonly Row[] = [
  ['that never answers', faults.stallBefore, late],
  ['whose answers stall in the middle', faults.stallInBody, late],
  [
    'whose answers never end',
    faults.endlessBody,
    /^Reason: Ironic (did not answer within 1 s|answered with more than 16 MiB)$/,
  ],
];

const doubt = '; check that Ironic runs at this address (OS_ENDPOINT)';
const unreadable = `Ironic's answer cannot be read (HTTP status 200)${doubt}`;

const wrong: readonly Row[] = [
  ['that cuts the connection', faults.resetBefore, brokenOff],
  ['that cuts the connection in the middle of an answer', faults.cutInBody, brokenOff],
  ['that answers with HTML', faults.answerBefore(200, html), unreadable],
  ['that answers with nothing', faults.answerBefore(200), unreadable],
  ['that answers with other JSON', faults.answerBefore(200, []), unreadable],
  [
    'that answers with half a JSON',
    faults.halfJson,
    /^Reason: Ironic('s answer cannot be read| answered with HTTP status)/,
  ],
  ['behind a gateway that finds it dead', faults.answerBefore(502, html), unexplained(502)],
  ['that is overloaded', faults.answerBefore(503, html), unexplained(503)],
  ['with a defect', faults.answerBefore(500), unexplained(500)],
  [
    'that redirects',
    faults.answerBefore(302, html, { location: 'http://127.0.0.1:9/' }),
    `${unexplained(302)}${doubt}`,
  ],
  ['without free workers', faults.answerBefore(503, fault(noWorkers)), `Ironic says: "${noWorkers}"`],
];

/** The rows, each with its own arguments, so that all can be called at the same time. */
const numbered = (rows: readonly Row[]) =>
  rows.map(([what, sickness, reason], index) => [what, `sick-${index}x`, sickness, reason] as const);

describe.each(clientLines)('a %s client of an Ironic', options, (line: ClientLine) => {
  describe.each([
    ['1', numbered(slow)],
    ['20', numbered(wrong)],
  ])('with a time limit of %s s', (seconds, rows) => {
    const cloud = sharedFaultyCloud(line, { IRONIC_MCP_REQUEST_TIMEOUT: seconds });
    afterAll(async () => {
      expect(new Set(cloud.proxy.log.map(({ method }) => method))).toEqual(new Set(['GET']));
      expect(await cloud.ironic.leftReserved()).toEqual([]);
      // Ironic is well again, so the call succeeds.
      cloud.proxy.clear();
      expect(await provision(cloud.session, { ...image, server_id: 'rack1-small-01' })).toMatchObject({
        status: 'accepted',
      });
    });

    it.each(rows)('%s learns why from each tool, and nothing is changed', async (_, name, sickness, reason) => {
      const id = `00000000-0000-4000-8000-${(rows.findIndex((row) => row[1] === name) + 1).toString().padStart(12, '0')}`;
      for (const path of [name, id]) cloud.proxy.on({ path }, sickness);
      const answers = await Promise.all([
        cloud.session.callTool('provision_server', { ...image, server_id: name }),
        cloud.session.callTool('provision_server', { ...image, resource_class: name }),
        cloud.session.callTool('check_provision_status', { operation_id: id }),
      ]);
      for (const answer of answers) expect(failureIn(answer)).toEqual(unavailable(reason));
    });
  });
});

describe.each(clientLines)('a %s client of an Ironic that wants a sign-in', options, (line: ClientLine) => {
  it('learns after one request which setting is missing, and that a repeat is useless', async () => {
    const cloud = await openFaultyCloud(line);
    const { proxy, session } = cloud;
    const refusal = { error: { code: 401, title: 'Unauthorized', message: 'Authentication required' } };
    proxy.on({}, faults.answerBefore(401, refusal));
    expect(failureIn(await session.callTool('provision_server', { ...image, server_id: 'rack1-small-01' }))).toEqual([
      'Failed to communicate with Ironic',
      'Reason: Ironic refused the sign-in: "Authentication required"; set OS_AUTH_TYPE and the settings of that type',
      'Next: Nothing was changed. Ask the operator to fix the settings that the reason names.',
      'Code: ironic_unavailable',
      'Retryable: no',
    ]);
    expect(proxy.log).toHaveLength(1);
    await cloud.close();
  });
});

describe.each(clientLines)('a %s client of an Ironic that is down', options, (line: ClientLine) => {
  it('learns so from each tool', async () => {
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: nowhere });
    const answers = await Promise.all([
      session.callTool('provision_server', { ...image, server_id: 'rack1-small-01' }),
      session.callTool('check_provision_status', { operation_id: '00000000-0000-4000-8000-000000000000' }),
    ]);
    const refused = unavailable(nobodyListens);
    for (const answer of answers) expect(failureIn(answer)).toEqual(refused);
    await session.close();
  });

  it('reserves nothing if Ironic goes down before the reservation', async () => {
    const cloud = await openFaultyCloud(line);
    const { ironic, proxy, session } = cloud;
    proxy.on({ method: 'GET' }, faults.down);
    const answer = await session.callTool('provision_server', { ...image, server_id: 'rack1-small-01' });
    expect(failureIn(answer)).toEqual(unavailable(nobodyListens));
    expect(await ironic.leftReserved()).toEqual([]);

    await proxy.up();
    proxy.clear();
    expect(await provision(session, { ...image, server_id: 'rack1-small-01' })).toMatchObject({ status: 'accepted' });
    await cloud.close();
  });
});
