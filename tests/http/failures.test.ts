import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Failure, type FailureCode, failures } from '../../src/core/failures.js';
import type { Core } from '../../src/core/operation.js';
import { createPolicy } from '../../src/core/policy.js';
import { titleOf } from '../../src/http/problem.js';
import { type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { expectDocumented } from './documented.js';
import { expectFailure, failingRequests, nobody, sameFailure } from './failing-requests.js';
import { createRestApp, type RestApp } from './rest-app.js';

/** A core that does nothing but this. */
function coreOf(provision: object): Core {
  return { provision, policy: createPolicy() } as unknown as Core;
}

describe('each failure of the table', () => {
  const codes = Object.keys(failures) as FailureCode[];

  it.each(codes)('%s has by REST its status and message, and what MCP says', async (code) => {
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

  it('has a title that is the same every time', () => {
    for (const code of codes) expect(titleOf(code)).not.toContain('{');
  });
});

describe('a failure that the simulated cloud provokes', () => {
  let app: RestApp;
  beforeAll(async () => {
    app = await createRestApp();
  });

  const cloud = { image: 'debian-12', taken: 'rack1-small-04', unfit: { image_id: 'fedora-41' } };

  it.each(failingRequests(cloud).map((request) => [request.code, request] as const))('is %s', async (_, request) => {
    await expectFailure(app, request);
  });

  it('because a key is used again for something else is 409', async () => {
    const key = { idempotency_key: 'the-same' };
    const first = await app.ask('POST', '/provision', { image_id: 'debian-12', server_id: 'rack1-small-01', ...key });
    expect(first.status).toBe(202);
    const other = { image_id: 'ubuntu-24.04', server_id: 'rack1-small-02', ...key };
    const rest = await app.ask('POST', '/provision', other);
    expectDocumented(rest);
    expect(sameFailure(rest, await app.callTool('provision_server', other))).toMatchObject({
      status: 409,
      detail: 'Idempotency key was already used for a different request',
    });
  });
});

describe('a failure of Ironic', () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  let app: RestApp;
  beforeAll(async () => {
    ironic = await startSimulatedIronic({ speed: 10_000 });
    proxy = await startFaultProxy(ironic.url);
    app = await createRestApp({
      env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, IRONIC_MCP_REQUEST_TIMEOUT: '5' },
    });
  });
  afterAll(async () => {
    await proxy.close();
    await ironic.close();
  });
  const image = { image_id: 'file:///srv/images/x.img' };

  it('to answer is 502 and may be repeated after a minute', async () => {
    proxy.on({}, faults.answerBefore(500, 'out of order'));
    const rest = await app.ask('GET', `/provision/${nobody}`);
    expectDocumented(rest);
    expect(rest.headers.get('retry-after')).toBe('60');
    const problem = sameFailure(rest, await app.callTool('check_provision_status', { operation_id: nobody }));
    proxy.clear();
    expect(problem).toMatchObject({
      status: 502,
      detail: 'Failed to communicate with Ironic',
      code: 'ironic_unavailable',
      retryable: true,
    });
  });

  it('to accept the data is 409', async () => {
    const refusal = { error_message: { faultstring: 'Failed to validate deploy image info', faultcode: 'Client' } };
    proxy.on({ method: 'PUT' }, faults.answerBefore(400, refusal));
    const request = { ...image, server_id: 'rack1-small-01' };
    const rest = await app.ask('POST', '/provision', request);
    expectDocumented(rest);
    const problem = sameFailure(rest, await app.callTool('provision_server', request));
    proxy.clear();
    expect(problem).toMatchObject({
      status: 409,
      detail: 'Ironic refused to deploy server rack1-small-01',
      code: 'deploy_refused',
    });
  });

  it('to speak a new enough API is 502', async () => {
    proxy.on({}, faults.answerBefore(406, { error_message: { faultstring: 'Version 1.1 is not supported' } }));
    const rest = await app.ask('GET', `/provision/${nobody}`);
    proxy.clear();
    expectDocumented(rest);
    expect(rest.json).toMatchObject({ detail: 'This Ironic is too old for the request', code: 'ironic_too_old' });
  });

  it('to tell whether it began is 502, and must not be repeated', async () => {
    proxy.on({ method: 'PUT' }, faults.resetBefore);
    proxy.on({ method: 'GET', path: '/v1/nodes/', nth: 2 }, faults.down);
    const rest = await app.ask('POST', '/provision', { ...image, server_id: 'rack1-small-02' });
    await proxy.up();
    proxy.clear();
    expectDocumented(rest);
    expect(rest.json).toMatchObject({ status: 502, code: 'outcome_unknown', retryable: false });
    expect(rest.headers.get('retry-after')).toBeNull();
  });
});

describe('too many requests', () => {
  it('are refused at once by both faces, and served again when there is room', async () => {
    const ends: (() => void)[] = [];
    const status = () =>
      new Promise((_, reject) => ends.push(() => reject(new Failure('operation_not_found', { id: nobody }))));
    const core = coreOf({ status });
    const app = await createRestApp({ core, mostRunning: 1 });
    const first = app.ask('GET', `/provision/${nobody}`);
    // The first one is under way once the second one is refused; before that both would wait for ever.
    const second = await app.ask('GET', `/provision/${nobody}`);
    expectDocumented(second);
    expect(second).toMatchObject({
      status: 503,
      json: { detail: 'Too many requests in progress', code: 'overloaded' },
    });
    expect(second.headers.get('retry-after')).toBe('2');
    sameFailure(second, await app.callTool('check_provision_status', { operation_id: nobody }));
    expect((await app.ask('GET', '/healthz')).status).toBe(200);

    for (const end of ends) end();
    expect((await first).status).toBe(404);
    const third = app.ask('GET', `/provision/${nobody}`);
    await vi.waitUntil(() => ends.length === 2);
    ends[1]?.();
    expect((await third).status).toBe(404);
  });
});

describe('an error that nobody foresaw', () => {
  it('is a 500 that tells nothing of it, and is reported', async () => {
    const status = async () => {
      throw new Error('secret');
    };
    const app = await createRestApp({ core: coreOf({ status }) });
    const rest = await app.ask('GET', `/provision/${nobody}`);
    expectDocumented(rest);
    expect(rest).toMatchObject({ status: 500, json: { code: 'internal', detail: 'Internal error' } });
    expect(rest.text).not.toContain('secret');
    expect(app.defects).toEqual([new Error('secret')]);
  });
});

describe('a client that leaves', () => {
  it('ends the wait, and is no defect', async () => {
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
