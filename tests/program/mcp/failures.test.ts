import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSimulator } from '../../../src/simulator/cloud.js';
import { faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { sharedFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { localImages } from '../../support/local-images.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../../support/mcp-session.js';
import { failureIn, provision } from '../../support/tool-answers.js';

// Mostly waiting for pauses between attempts.
vi.setConfig({ maxConcurrency: 20 });

const options = { concurrent: true };
const image = { image_id: 'file:///images/debian.qcow2' };
const nobody = '00000000-0000-4000-8000-000000000000';
const uuidOf = (name: string) => createSimulator().world.fleet.byName(name)?.uuid ?? '';
const isoTime = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/;

const chooseAnother = 'Next: Name another server, or leave out server_id to deploy on any free one.';
const checkId =
  'Next: Call list_servers to see the ids and names. If the server exists, this account may lack the right to see it.';
const tryLater =
  'Next: Nothing was changed. Try again in a minute. If it fails again, ask the operator to run "ironic-mcp check".';
const useOperationId =
  'Next: Pass the operation_id from the answer of provision_server. If you did, that deployment is gone: call list_servers to see the servers as they are now.';

/** A tool, its input, and the lines of the failure. */
type Row = readonly [tool: string, input: object, ...lines: readonly string[]];

const rows: readonly Row[] = [
  [
    'provision_server',
    { image_id: 'debian-12', server_id: 'rack9' },
    'Server rack9 not found',
    checkId,
    'Code: server_not_found',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', server_id: nobody },
    `Server ${nobody} not found`,
    checkId,
    'Code: server_not_found',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', server_id: 'rack1-small-04' },
    'Server rack1-small-04 is not available for provisioning',
    'Reason: its state is active',
    chooseAnother,
    'Code: server_not_available',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', server_id: uuidOf('rack3-gpu-03') },
    `Server ${uuidOf('rack3-gpu-03')} is not available for provisioning`,
    'Reason: its state is manageable',
    chooseAnother,
    'Code: server_not_available',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', server_id: 'rack2-large-04' },
    'Server rack2-large-04 is not available for provisioning',
    'Reason: it is in maintenance',
    chooseAnother,
    'Code: server_not_available',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', server_id: 'rack1-small-01', resource_class: 'baremetal.gpu' },
    'Server rack1-small-01 is not available for provisioning',
    'Reason: its resource class is baremetal.small',
    `${chooseAnother} To deploy on this one, leave out the resource_class, traits, conductor_group or networks that it does not have.`,
    'Code: server_not_available',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'debian-12', resource_class: 'baremetal.huge' },
    'No available servers matching criteria',
    'Reason: no server has class baremetal.huge; the classes are baremetal.large 5, baremetal.small 4, baremetal.gpu 3',
    'Next: Call again with a resource_class that the reason names.',
    'Code: no_available_servers',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: 'ubuntu-94.04', server_id: 'rack1-small-01' },
    'Image ubuntu-94.04 not found',
    'Reason: Did you mean ubuntu-24.04?',
    'Next: Call list_images to see the images, then pass an id or an exact name.',
    'Code: image_not_found',
    'Retryable: no',
  ],
  [
    'provision_server',
    { image_id: nobody },
    `Image ${nobody} not found`,
    'Next: Call list_images to see the images, then pass an id or an exact name.',
    'Code: image_not_found',
    'Retryable: no',
  ],
  [
    // Its data has not been uploaded yet.
    'provision_server',
    { image_id: 'fedora-41' },
    'Image fedora-41 cannot be deployed',
    'Reason: its status is queued',
    'Next: Call list_images to choose another image, or ask the operator to repair this one.',
    'Code: image_not_deployable',
    'Retryable: no',
  ],
  [
    'check_provision_status',
    { operation_id: nobody },
    `Server ${nobody} not found`,
    checkId,
    'Code: server_not_found',
    'Retryable: no',
  ],
  [
    'check_provision_status',
    { operation_id: uuidOf('rack1-small-01').toUpperCase() },
    `Server ${uuidOf('rack1-small-01')} has no provisioning operation`,
    'Reason: its state is available: free for deployment',
    useOperationId,
    'Code: operation_not_found',
    'Retryable: no',
  ],
  [
    'check_provision_status',
    { operation_id: uuidOf('rack3-gpu-03') },
    `Server ${uuidOf('rack3-gpu-03')} has no provisioning operation`,
    'Reason: its state is manageable: not offered for deployment',
    useOperationId,
    'Code: operation_not_found',
    'Retryable: no',
  ],
  [
    'check_provision_status',
    { operation_id: uuidOf('rack1-small-04'), deployment_id: nobody },
    `Server ${uuidOf('rack1-small-04')} has no provisioning operation`,
    `Reason: it now carries another deployment: ${createSimulator().world.fleet.byName('rack1-small-04')?.instance_uuid}`,
    useOperationId,
    'Code: operation_not_found',
    'Retryable: no',
  ],
  [
    'check_provision_status',
    { operation_id: 'rack1-small-01' },
    'Invalid request',
    'Reason: operation_id: must be a UUID',
    'Next: Fix the arguments that the reason names, then call again.',
    'Code: invalid_request',
    'Retryable: no',
  ],
];

describe.each(clientLines)('a %s client, on the simulator, reads', options, (line: ClientLine) => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession(line);
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  it.each(rows.map((row) => [row[2], row] as const))('"%s"', async (_, [tool, input, ...lines]) => {
    expect(failureIn(await session.callTool(tool, input))).toEqual(lines);
  });
});

describe.each(clientLines)('a %s client, of an Ironic that fails during a call, reads', options, (line: ClientLine) => {
  const cloud = sharedFaultyCloud(line, { IRONIC_MCP_REQUEST_TIMEOUT: '5' });
  afterAll(async () => {
    expect(await cloud.ironic.leftReserved()).toEqual([]);
  });

  it('"Failed to communicate with Ironic" when Ironic fails before anything is changed', async () => {
    cloud.proxy.on({ path: '/out-of-order' }, faults.answerBefore(503, '<html><h1>Service Unavailable</h1></html>'));
    const answer = await cloud.session.callTool('provision_server', { ...image, server_id: 'out-of-order' });
    expect(failureIn(answer)).toEqual([
      'Failed to communicate with Ironic',
      'Reason: Ironic answered with HTTP status 503: no explanation given',
      tryLater,
      'Code: ironic_unavailable',
      'Retryable: yes',
    ]);
  });

  it('"Failed to communicate with Ironic" when the outcome of the start stays unknown, and learns the operation_id', async () => {
    const { uuid } = await cloud.ironic.addNode('lost');
    cloud.proxy.on({ method: 'PUT', path: uuid }, async (exchange) => {
      await faults.resetAfter(exchange);
      cloud.proxy.on({ method: 'GET', path: uuid }, faults.answerBefore(500));
    });
    const lines = failureIn(await cloud.session.callTool('provision_server', { ...image, server_id: 'lost' }));
    const { instance_uuid: deployment, provision_state: state } = await cloud.ironic.node('lost');
    expect(state).not.toBe('available');
    expect(lines).toEqual([
      'Failed to communicate with Ironic',
      expect.stringMatching(
        new RegExp(`^Reason: .+\\. Server lost may be deploying: operation ${uuid}, deployment ${deployment}$`),
      ),
      'Next: The deployment may have started. Call check_provision_status with the operation id before you provision again.',
      'Code: outcome_unknown',
      'Retryable: no',
    ]);
  });

  it('"Ironic refused to deploy server" when Ironic rejects the data, and the server is free again', async () => {
    const { uuid } = await cloud.ironic.addNode('refused');
    const words = `Failed to validate deploy or power info for node ${uuid}: no power supply.`;
    const body = { error_message: JSON.stringify({ faultcode: 'Client', faultstring: words, debuginfo: null }) };
    cloud.proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(400, body));
    expect(failureIn(await cloud.session.callTool('provision_server', { ...image, server_id: 'refused' }))).toEqual([
      'Ironic refused to deploy server refused',
      `Reason: Ironic says: "${words}"`,
      'Next: Change the image or config drive if the reason names it, or choose another server. Only the operator can repair the set-up of this one.',
      'Code: deploy_refused',
      'Retryable: no',
    ]);
    expect(await cloud.ironic.node('refused')).toMatchObject({
      provision_state: 'available',
      instance_uuid: null,
      instance_info: {},
    });
  });

  it('"Image … cannot be deployed" when the server needs a checksum, and nothing is reserved', async () => {
    const url = 'http://images.example.com/without-checksum.qcow2';
    await cloud.ironic.addNode('careful');
    expect(
      failureIn(await cloud.session.callTool('provision_server', { image_id: url, server_id: 'careful' })),
    ).toEqual([
      `Image ${url} cannot be deployed`,
      "Reason: the server's deploy interface direct needs a checksum, and this image has none; the operator can add it to the image catalogue",
      'Next: Call list_images to choose another image, or ask the operator to repair this one.',
      'Code: image_not_deployable',
      'Retryable: no',
    ]);
    expect(cloud.proxy.log.filter(({ method, path }) => method !== 'GET' && path.includes('careful'))).toEqual([]);
  });

  it('"Idempotency key was already used" when a key comes with a different request', async () => {
    await cloud.ironic.addNode('keyed');
    const first = { ...image, server_id: 'keyed', idempotency_key: `order 66 of ${line}` };
    const { deployment_id: deployment, started_at: startedAt } = await provision(cloud.session, first);
    expect(await provision(cloud.session, first)).toMatchObject({ status: 'in_progress', deployment_id: deployment });
    expect(failureIn(await cloud.session.callTool('provision_server', { ...first, hostname: 'other' }))).toEqual([
      'Idempotency key was already used for a different request',
      `Reason: it was used for image ${image.image_id} at ${startedAt}, on server keyed`,
      'Next: Use a new idempotency_key for a new request, or repeat the first request unchanged.',
      'Code: idempotency_conflict',
      'Retryable: no',
    ]);
  });

  it('"Server … is not available" when somebody else is faster, who keeps the server', async () => {
    const { uuid } = await cloud.ironic.addNode('contested');
    const theirs = '99999999-9999-4999-8999-999999999999';
    const held = cloud.proxy.on({ method: 'PATCH', path: uuid }, faults.holdBefore);
    const call = cloud.session.callTool('provision_server', { ...image, server_id: 'contested' });
    await held.reached;
    await cloud.ironic.ask('PATCH', `/v1/nodes/${uuid}`, [{ op: 'add', path: '/instance_uuid', value: theirs }]);
    held.release();
    expect(failureIn(await call)).toEqual([
      'Server contested is not available for provisioning',
      `Reason: Ironic says: "Node ${uuid} is associated with instance ${theirs}."`,
      chooseAnother,
      'Code: server_not_available',
      'Retryable: no',
    ]);
    expect(await cloud.ironic.node('contested')).toMatchObject({ provision_state: 'available', instance_uuid: theirs });

    expect(failureIn(await cloud.session.callTool('check_provision_status', { operation_id: uuid }))).toEqual([
      `Server ${uuid} has no provisioning operation`,
      `Reason: it is reserved by somebody else, as deployment ${theirs}`,
      useOperationId,
      'Code: operation_not_found',
      'Retryable: no',
    ]);
    await cloud.ironic.ask('PATCH', `/v1/nodes/${uuid}`, [{ op: 'remove', path: '/instance_uuid' }]);
  });

  it('"Server … is not available" with its image and the time, after a deployment', async () => {
    await cloud.ironic.addNode('given');
    const request = { ...image, server_id: 'given' };
    const { started_at: startedAt } = await provision(cloud.session, request);
    expect(startedAt).toMatch(isoTime);
    const [message, reason] = failureIn(await cloud.session.callTool('provision_server', request));
    expect(message).toBe('Server given is not available for provisioning');
    expect(reason).toBe(`Reason: its state is deploying; it was given image ${image.image_id} at ${startedAt}`);
  });

  it('"Image … not found" for a name that is in no catalogue', async () => {
    expect(failureIn(await cloud.session.callTool('provision_server', { image_id: 'ubuntu-24.04' }))).toEqual([
      'Image ubuntu-24.04 not found',
      'Next: Call list_images to see the images, then pass an id or an exact name.',
      'Code: image_not_found',
      'Retryable: no',
    ]);
  });
});

describe.each(clientLines)('a %s client, of an old Ironic, reads', options, (line: ClientLine) => {
  it.each([
    ['provision_server', { ...image, server_id: 'rack1-small-01' }],
    ['check_provision_status', { operation_id: nobody }],
  ])('"This Ironic is too old for the request" from %s', async (tool, input) => {
    const old = faults.answerBefore(
      406,
      { error_message: '{"code": 406, "title": "Not Acceptable", "description": "Version 1.65 was requested"}' },
      { 'x-openstack-ironic-api-minimum-version': '1.1', 'x-openstack-ironic-api-maximum-version': '1.58' },
    );
    const proxy = await startFaultProxy('http://127.0.0.1:9');
    proxy.on({}, old);
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
    expect(failureIn(await session.callTool(tool, input))).toEqual([
      'This Ironic is too old for the request',
      'Reason: Ironic speaks API 1.58; 1.59 is needed',
      'Next: Ask the operator to upgrade Ironic, or leave out the argument that needs the newer version.',
      'Code: ironic_too_old',
      'Retryable: no',
    ]);
    expect(proxy.log.map(({ method }) => method)).toEqual(['GET']);
    await session.close();
    await proxy.close();
  });
});
