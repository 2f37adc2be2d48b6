import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Fault, type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../support/mcp-session.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { check, failureIn, provision } from '../support/tool-answers.js';

// Mostly waiting for pauses between attempts.
vi.setConfig({ maxConcurrency: 20 });

const options = { concurrent: true, timeout: 40_000 };
const image = { image_id: 'file:///images/debian.qcow2' };
const html = '<html><body><h1>Bad Gateway</h1></body></html>';
const locked = 'Node 1 is locked by host conductor-1, please retry after the current operation is completed.';
const noWorkers = 'Requested action cannot be performed due to lack of free conductor workers.';
const fault = (words: string) => ({ error_message: JSON.stringify({ faultcode: 'Client', faultstring: words }) });
const unexplained = (status: number) =>
  `Ironic answered with HTTP status ${status}: HTTP status ${status} without an explanation`;

/** Faults of one request in the middle of a deployment, after which it takes its course. */
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
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let session: McpSession;
  beforeAll(async () => {
    ironic = await startSimulatedIronic();
    proxy = await startFaultProxy(ironic.url);
    session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url });
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
    await proxy.close();
    await ironic.close();
  });

  it('that finds no conductor gives its server back', async () => {
    const { uuid } = await ironic.addNode('busy');
    proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(503, fault(noWorkers)));
    const [message, reason, , code, retryable] = failureIn(
      await session.callTool('provision_server', { ...image, server_id: 'busy' }),
    );
    expect([message, reason, code, retryable]).toEqual([
      'Server busy is not available for provisioning',
      `Reason: Ironic says: "${noWorkers}"`,
      'Code: server_not_available',
      'Retryable: yes',
    ]);
    expect(await ironic.node('busy')).toMatchObject({ instance_uuid: null, instance_info: {} });
  });

  it('that is refused and cannot give its server back says so, and how the operator can', async () => {
    const { uuid } = await ironic.addNode('stuck');
    proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(400, fault('No.')));
    proxy.on({ method: 'PATCH', path: uuid, nth: 2 }, (exchange) => {
      proxy.on({ method: 'PATCH', path: uuid }, faults.answerBefore(500));
      return faults.resetBefore(exchange);
    });
    const lines = failureIn(await session.callTool('provision_server', { ...image, server_id: 'stuck' }));
    expect(lines).toEqual([
      'Ironic refused to deploy server stuck',
      `Reason: Ironic says: "No.". The server is still reserved, for it could not be released: ${unexplained(500)}`,
      'Next: Choose another server; the operator can release this one by removing its instance_uuid.',
      'Code: deploy_refused',
      'Retryable: no',
    ]);
  });

  it.each(mishaps)('%s is started all the same', async (what, method, mishap) => {
    const name = what.replaceAll(' ', '-');
    const { uuid } = await ironic.addNode(name);
    proxy.on({ method, path: uuid, nth: 1 }, mishap);

    const accepted = await provision(session, { ...image, server_id: name });
    expect(accepted).toMatchObject({ status: 'accepted', server_id: uuid });
    expect(await ironic.node(name)).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
      instance_info: { image_source: image.image_id },
    });
    const { operation_id, deployment_id } = accepted;
    expect(await check(session, { operation_id, deployment_id })).toMatchObject({ status: 'in_progress' });
  });

  it('whose reservation never gets through reserves nothing, and says what may still happen', async () => {
    const { uuid } = await ironic.addNode('unreachable');
    proxy.on({ method: 'PATCH', path: uuid }, faults.resetBefore);
    expect(failureIn(await session.callTool('provision_server', { ...image, server_id: 'unreachable' }))).toEqual([
      'Failed to communicate with Ironic',
      expect.stringMatching(
        new RegExp(
          `\\. The reservation of server unreachable may still take effect: operation ${uuid}, deployment [-0-9a-f]{36}\\. Its deployment was not started$`,
        ),
      ),
      'Next: Nothing was deployed. Check the operation id with check_provision_status before you provision again.',
      'Code: outcome_unknown',
      'Retryable: no',
    ]);
    expect(await ironic.node('unreachable')).toMatchObject({ provision_state: 'available', instance_uuid: null });
  });

  it('whose start never gets an answer keeps its reservation, for the start may still arrive', async () => {
    const { uuid } = await ironic.addNode('silent');
    proxy.on({ method: 'PUT', path: uuid }, faults.answerBefore(502, html));
    const lines = failureIn(await session.callTool('provision_server', { ...image, server_id: 'silent' }));
    const { instance_uuid: deployment, provision_state: state } = await ironic.node('silent');
    expect(state).toBe('available');
    expect(lines).toContain('Code: outcome_unknown');
    expect(lines[1]).toBe(
      `Reason: ${unexplained(502)}. Server silent may be deploying: operation ${uuid}, deployment ${deployment}`,
    );
    expect(await check(session, { operation_id: uuid })).toMatchObject({
      status: 'in_progress',
      deployment_id: deployment,
      message: 'Server silent is reserved; its deployment is about to start.',
    });
  });

  it('that arrives twice, the first time late, is made once', async () => {
    const { uuid } = await ironic.addNode('late');
    const first = proxy.on({ method: 'PUT', path: uuid, nth: 1 }, faults.deliverLate);
    const accepted = await provision(session, { ...image, server_id: 'late' });
    first.release();
    expect(await ironic.node('late')).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
    });
  });
});

describe.each(clientLines)('a deployment for a %s client', options, (line: ClientLine) => {
  it.each([
    ['whose reservation is never answered', 'PATCH'],
    ['whose start is never answered', 'PUT'],
  ])('%s within its time is started all the same', async (_, method) => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, IRONIC_MCP_REQUEST_TIMEOUT: '2' };
    const session = await openSession(line, env);
    const silent = proxy.on({ method, nth: 1 }, faults.stallAfter);
    const accepted = await provision(session, { ...image, server_id: 'rack1-small-01' });
    await silent.abandoned;
    expect(await ironic.node('rack1-small-01')).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: accepted.deployment_id,
    });
    await session.close();
    await proxy.close();
    await ironic.close();
  });
});

describe.each(clientLines)('a deployment for a %s client costs Ironic', options, (line: ClientLine) => {
  it.each([
    ['by name', { server_id: 'rack1-small-01' }],
    ['by class', { resource_class: 'baremetal.large' }],
    ['without wishes', {}],
  ])('three requests %s', async (_, wishes) => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url });
    const { server_id: id } = await provision(session, { ...image, ...wishes });
    const seen = proxy.log.map(({ method, path, status }) => [method, path.split('?')[0], status]);
    expect(seen).toEqual([
      ['GET', 'server_id' in wishes ? '/v1/nodes/rack1-small-01' : '/v1/nodes', 200],
      ['PATCH', `/v1/nodes/${id}`, 200],
      ['PUT', `/v1/nodes/${id}/states/provision`, 202],
    ]);
    await session.close();
    await proxy.close();
    await ironic.close();
  });
});
