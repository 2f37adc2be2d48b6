import { describe, expect, it, vi } from 'vitest';
import { type Fault, faults } from '../../support/faults/fault-proxy.js';
import { openFaultyCloud, sharedFaultyCloud } from '../../support/faults/faulty-cloud.js';
import { type ClientLine, clientLines } from '../../support/mcp-session.js';
import { check, failureIn, provision } from '../../support/tool-answers.js';

// These tests mostly wait between attempts.
vi.setConfig({ maxConcurrency: 20 });

const options = { concurrent: true };
const image = { image_id: 'file:///images/debian.qcow2' };
const html = '<html><body><h1>Bad Gateway</h1></body></html>';
const locked = 'Node 1 is locked by host conductor-1, please retry after the current operation is completed.';
const noWorkers = 'Requested action cannot be performed due to lack of free conductor workers.';
const fault = (words: string) => ({ error_message: JSON.stringify({ faultcode: 'Client', faultstring: words }) });
const unexplained = (status: number) => `Ironic answered with HTTP status ${status}: no explanation given`;

/** Faults of one request, after which the deployment goes on. */
const mishaps: readonly (readonly [what: string, method: 'PATCH' | 'PUT', fault: Fault])[] = [
  ['whose reservation is lost on the way', 'PATCH', faults.resetBefore],
  ['whose reservation is lost on the way back', 'PATCH', faults.resetAfter],
  ['whose reservation is answered by a gateway', 'PATCH', faults.answerAfter(502, html)],
  ['whose reservation is answered with half a JSON', 'PATCH', faults.halfJson],
  ['whose reservation meets a lock', 'PATCH', faults.answerBefore(409, fault(locked))],
  ['whose start is lost on the way', 'PUT', faults.resetBefore],
  ['whose start is lost on the way back', 'PUT', faults.resetAfter],
  ['whose start is answered by a gateway', 'PUT', faults.answerAfter(504, html)],
  ['whose start meets a lock', 'PUT', faults.answerBefore(409, fault(locked))],
  ['whose start meets busy conductors', 'PUT', faults.answerBefore(503, fault(noWorkers))],
];

describe.each(clientLines)('a deployment for a %s client', options, (line: ClientLine) => {
  const cloud = sharedFaultyCloud(line);

  it('gives its server back if Ironic has no conductor for it', async () => {
    const { uuid } = await cloud.ironic.addNode('busy');
    cloud.proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(503, fault(noWorkers)));
    const [message, reason, , code, retryable] = failureIn(
      await cloud.session.callTool('provision_server', { ...image, server_id: 'busy' }),
    );
    expect([message, reason, code, retryable]).toEqual([
      'Server busy is not available for provisioning',
      `Reason: Ironic says: "${noWorkers}"`,
      'Code: server_not_available',
      'Retryable: yes',
    ]);
    expect(await cloud.ironic.node('busy')).toMatchObject({ instance_uuid: null, instance_info: {} });
  });

  it('says how the operator releases a server that it could not give back', async () => {
    const { uuid } = await cloud.ironic.addNode('stuck');
    cloud.proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(400, fault('No.')));
    cloud.proxy.on({ method: 'PATCH', path: uuid, nth: 2 }, (exchange) => {
      cloud.proxy.on({ method: 'PATCH', path: uuid }, faults.answerBefore(500));
      return faults.resetBefore(exchange);
    });
    const lines = failureIn(await cloud.session.callTool('provision_server', { ...image, server_id: 'stuck' }));
    expect(lines).toEqual([
      'Ironic refused to deploy server stuck',
      expect.stringMatching(
        /^Reason: Ironic says: "No\."\. Server stuck is still reserved as deployment [-0-9a-f]{36}, because it could not be released: /,
      ),
      'Next: Choose another server. The operator can release this one by removing its instance_uuid.',
      'Code: deploy_refused',
      'Retryable: no',
    ]);
  });

  it.each(mishaps)('%s starts anyway', async (what, method, mishap) => {
    const name = what.replaceAll(' ', '-');
    const { uuid } = await cloud.ironic.addNode(name);
    cloud.proxy.on({ method, path: uuid, nth: 1 }, mishap);

    const accepted = await provision(cloud.session, { ...image, server_id: name });
    expect(accepted).toMatchObject({ status: 'accepted', server_id: uuid });
    expect(await cloud.ironic.node(name)).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
      instance_info: { image_source: image.image_id },
    });
    const { operation_id, deployment_id } = accepted;
    expect(await check(cloud.session, { operation_id, deployment_id })).toMatchObject({ status: 'in_progress' });
  });

  it('whose reservation never arrives reserves nothing, and says what may still happen', async () => {
    const { uuid } = await cloud.ironic.addNode('unreachable');
    cloud.proxy.on({ method: 'PATCH', path: uuid }, faults.resetBefore);
    expect(failureIn(await cloud.session.callTool('provision_server', { ...image, server_id: 'unreachable' }))).toEqual(
      [
        'Failed to communicate with Ironic',
        expect.stringMatching(
          new RegExp(
            `\\. The reservation of server unreachable may still take effect: operation ${uuid}, deployment [-0-9a-f]{36}\\. Its deployment was not started$`,
          ),
        ),
        'Next: Nothing was deployed. Call check_provision_status with the operation id before you provision again.',
        'Code: outcome_unknown',
        'Retryable: no',
      ],
    );
    expect(await cloud.ironic.node('unreachable')).toMatchObject({ provision_state: 'available', instance_uuid: null });
  });

  it('whose start gets no answer keeps its reservation, because the start may still arrive', async () => {
    const { uuid } = await cloud.ironic.addNode('silent');
    cloud.proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(502, html));
    const lines = failureIn(await cloud.session.callTool('provision_server', { ...image, server_id: 'silent' }));
    const { instance_uuid: deployment, provision_state: state } = await cloud.ironic.node('silent');
    expect(state).toBe('available');
    expect(lines).toContain('Code: outcome_unknown');
    expect(lines[1]).toBe(
      `Reason: ${unexplained(502)}. Server silent may be deploying: operation ${uuid}, deployment ${deployment}`,
    );
    expect(await check(cloud.session, { operation_id: uuid })).toMatchObject({
      status: 'in_progress',
      deployment_id: deployment,
      message: 'Server silent is reserved; its deployment is about to start.',
    });
  });

  it('is made once if its request arrives twice', async () => {
    const { uuid } = await cloud.ironic.addNode('late');
    const first = cloud.proxy.on({ method: 'PUT', path: uuid, nth: 1 }, faults.deliverLate);
    const accepted = await provision(cloud.session, { ...image, server_id: 'late' });
    first.release();
    expect(await cloud.ironic.node('late')).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
    });
  });
});

describe.each(clientLines)('a deployment for a %s client', options, (line: ClientLine) => {
  it.each([
    ['whose reservation is never answered', 'PATCH'],
    ['whose start is never answered', 'PUT'],
  ])('%s within its time limit starts anyway', async (_, method) => {
    const cloud = await openFaultyCloud(line, { IRONIC_MCP_REQUEST_TIMEOUT: '5' });
    const { ironic, proxy, session } = cloud;
    const silent = proxy.on({ method, nth: 1 }, faults.stallAfter);
    const accepted = await provision(session, { ...image, server_id: 'rack1-small-01' });
    await silent.abandoned;
    expect(await ironic.node('rack1-small-01')).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
    });
    await cloud.close();
  });
});

describe.each(clientLines)('a deployment for a %s client costs Ironic', options, (line: ClientLine) => {
  it.each([
    ['by name', { server_id: 'rack1-small-01' }],
    ['by class', { resource_class: 'baremetal.large' }],
    ['without wishes', {}],
  ])('three requests %s', async (_, wishes) => {
    const cloud = await openFaultyCloud(line);
    const { proxy, session } = cloud;
    const { server_id: id } = await provision(session, { ...image, ...wishes });
    const seen = proxy.log.map(({ method, path, status }) => `${method} ${path.split('?')[0]} ${status}`);
    const found = 'server_id' in wishes ? '/v1/nodes/rack1-small-01' : '/v1/nodes';
    // A machine that is busy for more than a second has the program look again, and where the network interface is flat,
    // it looks for ports of others.
    const looks = [`GET /v1/nodes/${id} 200`, 'GET /v1/ports 200'];
    expect(seen.filter((request) => !looks.includes(request))).toEqual([
      `GET ${found} 200`,
      `PATCH /v1/nodes/${id} 200`,
      `PUT /v1/nodes/${id}/states/provision 202`,
    ]);
    await cloud.close();
  });
});
