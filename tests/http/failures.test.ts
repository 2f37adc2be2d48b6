import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import { Failure, type FailureCode, failures } from '../../src/core/failures.js';
import type { Core } from '../../src/core/operation.js';
import { createPolicy } from '../../src/core/policy.js';
import { titleOf } from '../../src/http/problem.js';
import { createSimulator } from '../../src/simulator/cloud.js';
import { type FaultProxy, faults, startFaultProxy } from '../support/faults/fault-proxy.js';
import { localImages } from '../support/local-images.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { expectDocumented } from './documented.js';
import { expectFailure, failingRequests, nobody, sameFailure } from './failing-requests.js';
import { expectLostStart } from './lost-start.js';
import { createRestApp, type RestApp } from './rest-app.js';

/** A core that does only this. */
function coreOf(service: object): Core {
  return { provision: service, status: service, policy: createPolicy({}) } as unknown as Core;
}

const codes = Object.keys(failures) as FailureCode[];

describe('each failure of the table', () => {
  it.each(codes)('%s has the same message in REST and MCP, and its HTTP status', async (code) => {
    const fail = async () => {
      throw new Failure(code, { id: 'bm-7', reason: 'it is so' });
    };
    const app = await createRestApp({ core: coreOf({ provision: fail, status: fail }) });
    const rest = await app.ask('GET', `/provision/${nobody}`);
    const { http, message } = failures[code];
    expect(rest.status).toBe(http);
    expect(rest.headers.get('content-type')).toBe('application/problem+json');
    expect(sameFailure(rest, await app.callTool('check_provision_status', { operation_id: nobody }))).toMatchObject({
      type: `/docs#${code}`,
      title: titleOf(code),
      status: http,
      detail: message.replace('{id}', 'bm-7'),
      code,
      reason: 'it is so',
    });
  });

  it('always has the same title', () => {
    for (const code of codes) expect(titleOf(code)).not.toContain('{');
  });
});

describe('each failure of the table, on the simulated cloud', () => {
  let app: RestApp;
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let faulty: RestApp;
  const name = 'rack1-small-01';
  const deployment = (input: object = {}) => {
    const body = { image_id: 'debian-12', server_id: name, ...input };
    return { method: 'POST', target: '/provision', body, tool: ['provision_server', body] } as const;
  };
  const question = {
    target: `/provision/${nobody}`,
    tool: ['check_provision_status', { operation_id: nobody }],
  } as const;
  /** An Ironic behind a proxy, without Glance. */
  const image = { image_id: 'file:///srv/images/x.img' };

  beforeAll(async () => {
    app = await createRestApp();
    ironic = await startSimulatedIronic({ speed: 10_000 });
    proxy = await startFaultProxy(ironic.url);
    faulty = await createRestApp({
      env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages, IRONIC_MCP_REQUEST_TIMEOUT: '5' },
    });
  });
  afterEach(() => proxy.clear());
  afterAll(async () => {
    await proxy.close();
    await ironic.close();
  });

  const onAnyCloud = failingRequests({
    image: 'debian-12',
    taken: 'rack1-small-04',
    free: String(createSimulator().world.fleet.byName('rack1-small-01')?.uuid),
    unfit: { image_id: 'fedora-41' },
  });

  /** All requests of the list that fail with this code. */
  async function listed(code: FailureCode): Promise<void> {
    const requests = onAnyCloud.filter((request) => request.code === code);
    expect(requests).not.toEqual([]);
    for (const request of requests) await expectFailure(app, request);
  }

  /** A deployment on an Ironic in which time stands still, and a request to undeploy it that names this server. */
  async function undeployment(server_id: string, confirm_server_name: string) {
    const env = {
      OS_AUTH_TYPE: 'none',
      OS_ENDPOINT: ironic.url,
      ...localImages,
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
      IRONIC_MCP_ALLOW_REBOOT: 'true',
    };
    const client = await createRestApp({ env });
    const { json } = await client.ask('POST', '/provision', deployment({ ...image, server_id }).body);
    const operation_id = String(json.operation_id);
    const body = { confirm_server_name };
    const tool = ['deprovision_server', { operation_id, ...body }] as const;
    return { client, request: { method: 'DELETE', target: `/provision/${operation_id}`, body, tool } } as const;
  }

  // A missing code does not compile.
  const provoked: Record<FailureCode, (code: FailureCode) => Promise<void>> = {
    server_not_found: listed,
    server_not_available: listed,
    no_available_servers: listed,
    image_not_found: listed,
    image_not_deployable: listed,
    operation_not_found: listed,
    invalid_request: listed,
    malformed: listed,
    not_found: listed,
    method_not_allowed: listed,
    too_large: listed,
    unsupported_media: listed,

    async ironic_unavailable(code) {
      proxy.on({}, faults.answerBefore(500, 'out of order'));
      expect(await expectFailure(faulty, { code, ...question })).toMatchObject({ retryable: true });
      expect((await faulty.ask('GET', question.target)).headers.get('retry-after')).toBe('60');
    },

    async ironic_too_old(code) {
      proxy.on({}, faults.answerBefore(406, { error_message: { faultstring: 'Version 1.1 is not supported' } }));
      await expectFailure(faulty, { code, ...question });
    },

    async deploy_refused(code) {
      const refusal = { error_message: { faultstring: 'Failed to validate deploy image info', faultcode: 'Client' } };
      proxy.on({ method: 'PUT' }, faults.answerBefore(400, refusal));
      await expectFailure(faulty, { code, id: name, ...deployment(image) });
    },

    async outcome_unknown() {
      const { uuid: server_id } = await ironic.node('rack1-small-02');
      const { body } = deployment({ ...image, server_id, idempotency_key: 'one' });
      await expectLostStart(faulty, proxy, body, () =>
        ironic.ask('PATCH', `/v1/nodes/${server_id}`, [
          { op: 'remove', path: '/instance_uuid' },
          { op: 'remove', path: '/instance_info' },
        ]),
      );
    },

    async deprovision_refused(code) {
      const name = 'rack1-small-03';
      const { client, request } = await undeployment(name, name);
      await expectFailure(client, { code, id: request.tool[1].operation_id, ...request });
    },

    async reboot_refused(code) {
      const name = 'rack2-large-01';
      const { client, request } = await undeployment(name, name);
      const { target, body, tool } = request;
      const reboot = { method: 'POST', target: `${target}/reboot`, body, tool: ['reboot_server', tool[1]] } as const;
      await expectFailure(client, { code, id: tool[1].operation_id, ...reboot });
    },

    async idempotency_conflict(code) {
      const first = deployment({ idempotency_key: 'the-same' });
      expect((await app.ask(first.method, first.target, first.body)).status).toBe(202);
      const other = { image_id: 'ubuntu-24.04', server_id: 'rack1-small-02' };
      await expectFailure(app, { code, ...deployment({ ...other, idempotency_key: 'the-same' }) });
    },

    async not_confirmed(code) {
      const { client, request } = await undeployment('rack2-large-02', 'rack2-large-01');
      await expectFailure(client, { code, ...request });
    },

    async not_permitted(code) {
      const client = await createRestApp({ env: { IRONIC_MCP_IMAGES: 'ubuntu-*' } });
      await expectFailure(client, { code, ...deployment() });
      await expectFailure(client, { code, target: question.target, headers: { host: 'evil.example' } });
    },

    async audit_unavailable(code) {
      const client = await createRestApp({ env: { IRONIC_MCP_AUDIT_LOG: '/dev/full' } });
      const { method, target, body, tool } = deployment();
      const rest = await client.ask(method, target, body);
      expectDocumented(rest);
      expect(rest.headers.get('retry-after')).toBe('60');
      const problem = sameFailure(rest, await client.callTool(...tool));
      expect(problem).toMatchObject({ code, status: 503, detail: failures[code].message, retryable: true });
    },

    async unauthorized(code) {
      const client = await createRestApp({ token: 'right' });
      for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
        await expectFailure(client, { code, target: question.target, headers });
      }
    },

    async forbidden(code) {
      const core = await composeCore(await readConfig({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url }, {}));
      const account = { user: null, project: null, credential: null };
      const client = await createRestApp({ core: { ...core, account } });
      proxy.on({}, faults.answerBefore(403, { error_message: { faultstring: 'Access was denied' } }));
      await expectFailure(client, { code, ...question });
    },

    async overloaded(code) {
      const ends: (() => void)[] = [];
      const status = () =>
        new Promise((_, reject) => ends.push(() => reject(new Failure('operation_not_found', { id: nobody }))));
      const client = await createRestApp({ core: coreOf({ status }), mostRunning: 1 });
      const first = client.ask('GET', question.target);
      // Once this is refused, the first request is running. Before that, both would wait forever.
      expect(await expectFailure(client, { code, ...question })).toMatchObject({ retryable: true });
      expect((await client.ask('GET', question.target)).headers.get('retry-after')).toBe('2');
      expect((await client.ask('GET', '/healthz')).status).toBe(200);

      for (const end of ends) end();
      expect((await first).status).toBe(404);
      const third = client.ask('GET', question.target);
      await vi.waitUntil(() => ends.length === 2, { timeout: 50_000 });
      ends[1]?.();
      expect((await third).status).toBe(404);
    },

    async internal(code) {
      const status = async () => {
        throw new Error('secret');
      };
      const client = await createRestApp({ core: coreOf({ status }) });
      const problem = await expectFailure(client, { code, ...question });
      expect(JSON.stringify(problem)).not.toContain('secret');
      expect(client.defects).toEqual([new Error('secret'), new Error('secret')]);
    },
  };

  it('notes an internal error in the trace of its call, by the header of REST and the metadata of MCP', async () => {
    const status = async () => {
      throw new Error('secret');
    };
    const client = await createRestApp({ core: coreOf({ status }) });
    const traceOf = (caller: number) => `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b${caller}-01`;
    await client.ask('GET', question.target, undefined, { traceparent: traceOf(1) });
    const params = { name: 'check_provision_status', arguments: { operation_id: nobody } };
    const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
    const accept = 'application/json, text/event-stream';
    await client.ask(
      'POST',
      '/mcp',
      { ...message, params: { ...params, _meta: { traceparent: traceOf(2) } } },
      { accept },
    );
    await client.ask('POST', '/mcp', message, { accept, traceparent: traceOf(3) });
    await client.ask('GET', question.target);
    expect(client.traces).toEqual([traceOf(1), traceOf(2), traceOf(3), undefined]);
  });

  it.each(codes)('%s is in REST as the documents promise, and the same in MCP', (code) => provoked[code](code));
});

describe('a client that leaves', () => {
  it('ends the wait and causes no defect', async () => {
    const client = new AbortController();
    const status = (_: unknown, signal: AbortSignal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        client.abort();
      });
    const app = await createRestApp({ core: coreOf({ status }) });
    const answer = await app.ask('GET', `/provision/${nobody}`, undefined, {}, client.signal);
    expect(answer.status).toBe(499);
    expect(app.defects).toEqual([]);
  });
});
