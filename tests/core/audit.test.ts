import { describe, expect, it } from 'vitest';
import { createChanges } from '../../src/core/async/changes.js';
import type { Call } from '../../src/core/call.js';
import { Failure } from '../../src/core/failures.js';
import type { Core, Operation } from '../../src/core/operation.js';
import { operations } from '../../src/core/operations.js';
import { createPolicy } from '../../src/core/policy.js';
import { type Audit, type AuditRecord, NoAnswer } from '../../src/core/ports.js';
import { setup } from './setup.js';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const call: Call = {
  signal: new AbortController().signal,
  caller: { face: 'mcp', name: 'Claude\u202e\nDesktop', version: '1.2' },
  traceparent,
};
const image = { image_id: 'ubuntu-24.04' };

/** An audit log in memory, and a core that uses it. */
function audited(overrides: { readonly lab?: ReturnType<typeof setup>; readonly audit?: Partial<Audit> } = {}) {
  const lab = overrides.lab ?? setup();
  const begun: AuditRecord[] = [];
  const ended: AuditRecord[] = [];
  /** How many requests Ironic had had when each record was made. */
  const requestsAt: number[] = [];
  const audit: Audit = {
    async begin(record) {
      requestsAt.push(lab.bareMetal.requests.length);
      begun.push(record);
    },
    async end(record) {
      requestsAt.push(lab.bareMetal.requests.length);
      ended.push(record);
    },
    ...overrides.audit,
  };
  const { service, changes } = lab;
  const core = {
    provision: service,
    status: service,
    changes,
    policy: createPolicy({}),
    audit,
    say: (message: string) => message,
  } as unknown as Core;
  function run(name: keyof typeof operations, input: object, by: Call = call) {
    const operation: Operation = operations[name];
    return operation.call(core, input, by);
  }
  return {
    lab,
    begun,
    ended,
    requestsAt,
    provision: (input: object, by?: Call) => run('provision_server', input, by),
    run,
  };
}

describe('an operation that changes something', () => {
  it('is recorded before the first request to Ironic and at its end', async () => {
    const { begun, ended, requestsAt, provision, lab } = audited();
    const answer = await provision(image);
    const record = {
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      face: 'mcp',
      client: 'Claude Desktop',
      client_version: '1.2',
      operation: 'provision_server',
      arguments: image,
      traceparent,
    };
    expect(begun).toEqual([record]);
    expect(ended).toEqual([
      {
        ...record,
        id: begun[0]?.id,
        outcome: 'ok',
        status: 'accepted',
        operation_id: answer.operation_id,
        deployment_id: answer.deployment_id,
        duration_ms: expect.any(Number),
      },
    ]);
    expect(requestsAt).toEqual([0, lab.bareMetal.requests.length]);
  });

  it('is recorded with null for each unknown fact about its caller', async () => {
    const { begun, provision } = audited();
    await provision(image, { signal: call.signal, caller: { face: 'rest' } });
    expect(begun[0]).toMatchObject({ face: 'rest', client: null, client_version: null, traceparent: null });
  });

  it('is refused without a request to Ironic if it cannot be recorded', async () => {
    const begin = () => Promise.reject(new Error('the file cannot be written (ENOSPC)'));
    const { ended, provision, lab } = audited({ audit: { begin } });
    await expect(provision(image)).rejects.toMatchObject({
      code: 'audit_unavailable',
      reason: 'the file cannot be written (ENOSPC)',
    });
    expect(lab.bareMetal.requests).toEqual([]);
    expect(ended).toEqual([]);
  });

  it('is recorded with the code of its failure', async () => {
    const { ended, provision } = audited({ lab: setup({ servers: [] }) });
    await expect(provision(image)).rejects.toBeInstanceOf(Failure);
    expect(ended).toMatchObject([{ outcome: 'no_available_servers', status: null, operation_id: null }]);
  });

  it('is recorded with a deployment that may have started', async () => {
    const lab = setup({ misbehave: ({ method }) => (method === 'deploy' ? lostBoth : undefined) });
    const { ended, provision } = audited({ lab });
    await expect(provision(image)).rejects.toMatchObject({ code: 'outcome_unknown' });
    const [server] = lab.bareMetal.servers.values();
    expect(ended).toMatchObject([
      { outcome: 'outcome_unknown', operation_id: server?.id, deployment_id: server?.deploymentId },
    ]);
  });

  it('is recorded after its caller has left, and the wait for changes includes that', async () => {
    const left = new AbortController();
    const settled: string[] = [];
    const { ended, provision, lab } = audited({
      lab: setup({
        misbehave: ({ method }) => {
          if (method === 'reserve') left.abort(new Error('the caller left'));
          return undefined;
        },
      }),
      audit: {
        async end(record) {
          await new Promise(setImmediate);
          settled.push('recorded');
          ended.push(record);
        },
      },
    });
    const answer = provision(image, { ...call, signal: left.signal }).catch(() => undefined);
    await lab.changes.settled();
    expect(settled).toEqual(['recorded']);
    await answer;
    expect(ended).toMatchObject([{ outcome: 'cancelled' }]);
    expect(lab.writes()).toEqual(['reserve bm-1', 'release bm-1']);
  });

  it('is recorded as a defect if it throws one', async () => {
    const changes = createChanges();
    const lab = { ...setup(), changes, service: { provision: () => Promise.reject(new TypeError('x')) } };
    const { ended, provision } = audited({ lab: lab as unknown as ReturnType<typeof setup> });
    await expect(provision(image)).rejects.toMatchObject({ code: 'internal' });
    expect(ended).toMatchObject([{ outcome: 'internal' }]);
  });
});

describe('the audit log leaves out', () => {
  it('an operation that only reads', async () => {
    const { begun, ended, run, provision } = audited();
    const { operation_id } = await provision(image);
    await run('check_provision_status', { operation_id });
    expect([begun.length, ended.length]).toEqual([1, 1]);
  });

  it('a request that is refused before anything happens', async () => {
    const { begun, provision } = audited();
    await expect(provision({ ...image, passwort: 'hunter2' })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(begun).toEqual([]);
  });
});

/** The request is lost, and so is every look at the server afterwards. */
const lostBoth = () => {
  throw new NoAnswer('Ironic did not answer within 30 s', true);
};
