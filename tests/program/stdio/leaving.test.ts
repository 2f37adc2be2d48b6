import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  type Fault,
  type FaultProxy,
  faults,
  type Incident,
  startFaultProxy,
} from '../../support/faults/fault-proxy.js';
import { openLines } from '../../support/json-rpc-lines.js';
import { localImages } from '../../support/local-images.js';
import { type ClientLine, clientLines, type McpSession, openSession } from '../../support/mcp-session.js';
import { program, run, start } from '../../support/program.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';
import { provision } from '../../support/tool-answers.js';

const options = { concurrent: true };
const request = { image_id: 'file:///images/debian.qcow2', server_id: 'rack1-small-01' };
const done = { code: 0, signal: null };
const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'tests', version: '1' } };
const refusal = { error_message: JSON.stringify({ faultcode: 'Client', faultstring: 'No.' }) };
const lock = { error_message: JSON.stringify({ faultcode: 'Client', faultstring: 'Node 1 is locked by host c1' }) };

/** The ways to end a server, and the client that it had. */
const ways: readonly (readonly [what: string, line: ClientLine, leave: (session: McpSession) => void])[] = [
  ['its v1 client leaves', 'v1', (session) => void session.close()],
  ['its v2 client leaves', 'v2', (session) => void session.close()],
  ['it gets SIGTERM', 'v1', ({ pid }) => void process.kill(pid, 'SIGTERM')],
  ['it gets SIGINT', 'v2', ({ pid }) => void process.kill(pid, 'SIGINT')],
];

const server = '/v1/nodes/rack1-small-01';
const isChange = ({ method }: { method: string }) => method !== 'GET';

/** A change fails. The next attempt waits until the test releases it, however short the pause was. */
function inThePauseAfter(proxy: FaultProxy, method: string, failure: Fault): Incident {
  const { reached, abandoned } = proxy.on({ method, nth: 1 }, failure);
  const { release } = proxy.on({ method, nth: 2 }, faults.holdBefore);
  return { reached, abandoned, release };
}

/** Moments of a deployment: how to arrange each, the event to wait for, and the expected state of the server. */
const moments: readonly (readonly [
  what: string,
  arrange: (proxy: FaultProxy) => Incident,
  outcome: 'untouched' | 'given back' | 'deploying',
])[] = [
  ['before the server has been looked at', (proxy) => proxy.on({ path: server }, faults.holdBefore), 'untouched'],
  ['before the answer to its first look', (proxy) => proxy.on({ path: server }, faults.holdAfter), 'untouched'],
  [
    'before its reservation has arrived',
    (proxy) => proxy.on({ method: 'PATCH', nth: 1 }, faults.holdBefore),
    'given back',
  ],
  [
    'before the answer to its reservation',
    (proxy) => proxy.on({ method: 'PATCH', nth: 1 }, faults.holdAfter),
    'given back',
  ],
  [
    'in the pause after a reservation that met a lock',
    (proxy) => inThePauseAfter(proxy, 'PATCH', faults.answerBefore(409, lock)),
    'given back',
  ],
  [
    'in the pause after a reservation whose answer was lost',
    (proxy) => inThePauseAfter(proxy, 'PATCH', faults.resetAfter),
    'given back',
  ],
  [
    'before its look at a server to give back',
    (proxy) => {
      proxy.on({ method: 'PUT' }, faults.answerBefore(400, refusal));
      return proxy.on({ method: 'GET', path: /^\/v1\/nodes\/(?!rack1|canary)/, nth: 1 }, faults.holdBefore);
    },
    'given back',
  ],
  [
    'before the server is given back',
    (proxy) => {
      proxy.on({ method: 'PUT' }, faults.answerBefore(400, refusal));
      return proxy.on({ method: 'PATCH', nth: 2 }, faults.holdBefore);
    },
    'given back',
  ],
  [
    'before the answer to giving the server back',
    (proxy) => {
      proxy.on({ method: 'PUT' }, faults.answerBefore(400, refusal));
      return proxy.on({ method: 'PATCH', nth: 2 }, faults.holdAfter);
    },
    'given back',
  ],
  ['before its start has arrived', (proxy) => proxy.on({ method: 'PUT', nth: 1 }, faults.holdBefore), 'deploying'],
  ['before the answer to its start', (proxy) => proxy.on({ method: 'PUT', nth: 1 }, faults.holdAfter), 'deploying'],
  [
    'in the pause after a start that met a lock',
    (proxy) => inThePauseAfter(proxy, 'PUT', faults.answerBefore(409, lock)),
    'deploying',
  ],
  [
    'before its look at what became of a start that was lost on the way',
    (proxy) => {
      proxy.on({ method: 'PUT', nth: 1 }, faults.resetBefore);
      return proxy.on({ method: 'GET', path: /^\/v1\/nodes\/(?!rack1|canary)/, nth: 1 }, faults.holdBefore);
    },
    'deploying',
  ],
];

// The two signals alternate.
const cases = moments.flatMap((moment, index) =>
  ways
    .filter(([what]) => what !== (index % 2 === 0 ? 'it gets SIGINT' : 'it gets SIGTERM'))
    .map((way) => [moment[0], way[0], way, moment] as const),
);

/** Another call asks for this server. Its read is aborted when the program notices the end. */
const canary = 'canary';

describe('a server in the middle of a deployment ends well', options, () => {
  it.each(cases)('%s when %s', async (_, __, [, line, leave], [, arrange, outcome]) => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
    const watched = proxy.on({ path: canary }, faults.holdBefore);
    const calls = [session.callTool('provision_server', { ...request, server_id: canary })];
    await watched.reached;
    const incident = arrange(proxy);
    calls.push(session.callTool('provision_server', request));
    await incident.reached;

    leave(session);
    await watched.abandoned;
    incident.release();
    expect(await session.exited).toEqual(done);
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');

    expect(await ironic.leftReserved()).toEqual([]);
    const {
      provision_state: state,
      instance_uuid: deployment,
      instance_info: info,
    } = await ironic.node('rack1-small-01');
    if (outcome === 'deploying') {
      expect(state).toBe('deploying');
      expect(deployment).not.toBeNull();
    } else {
      expect([state, deployment, info]).toEqual(['available', null, {}]);
      expect(proxy.log.some(isChange)).toBe(outcome === 'given back');
    }
    await session.close();
    await proxy.close();
    await ironic.close();
  });
});

describe('a server', options, () => {
  it.each(ways)('that has started a deployment leaves it alone when %s', async (_, line, leave) => {
    const ironic = await startSimulatedIronic();
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages });
    const { deployment_id: deployment } = await provision(session, request);
    leave(session);
    expect(await session.exited).toEqual(done);
    expect(await ironic.node('rack1-small-01')).toMatchObject({
      provision_state: 'deploying',
      instance_uuid: deployment,
    });
    await session.close();
    await ironic.close();
  });

  it.each(ways)('with nothing to do ends when %s', async (_, line, leave) => {
    const session = await openSession(line);
    leave(session);
    expect(await session.exited).toEqual(done);
    await session.close();
  });

  it.each(ways)('ends a long wait when %s', async (_, line, leave) => {
    const session = await openSession(line);
    const { operation_id } = await provision(session, { image_id: 'debian-12' });
    const wait = session.callTool('check_provision_status', { operation_id, wait_seconds: 50 });
    leave(session);
    await expect(wait).rejects.toThrow();
    expect(await session.exited).toEqual(done);
    await session.close();
  });

  it('gives up a change that gets no answer and ends', async () => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const lines = await openLines({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
    const silent = proxy.on({ method: 'PATCH' }, faults.stallBefore);
    void lines.request('tools/call', { name: 'provision_server', arguments: request }).catch(() => undefined);
    await silent.reached;
    expect(await lines.leave()).toEqual(done);
    await silent.abandoned;
    expect(await ironic.leftReserved()).toEqual([]);
    await proxy.close();
    await ironic.close();
  });

  it('ends when the client stops reading its answers', async () => {
    const lines = await openLines();
    lines.child.stdout?.destroy();
    lines.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await lines.exited).toEqual(done);
  });

  it.each<[string, (child: ChildProcess) => unknown]>([
    ['its input ends', (child) => child.stdin?.end()],
    ['it gets SIGTERM', (child) => child.kill('SIGTERM')],
  ])('ends when %s although nobody reads its output', async (_, leave) => {
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = once(child, 'exit');
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 'first', method: 'initialize', params })}\n`);
    for (let id = 0; id < 100; id += 1) child.stdin.write(`{"jsonrpc":"2.0","id":${id},"method":"tools/list"}\n`);
    await once(child.stdout, 'readable');
    leave(child);
    expect(await ended).toEqual([0, null]);
    child.stdout.destroy();
  });

  it('writes nothing to stdout when its input is empty', async () => {
    expect(await run([])).toMatchObject({ code: 0, stdout: '' });
  });

  it('ends at SIGTERM before any client has spoken', async () => {
    const running = start([]);
    await running.until('stderr', /the cloud is simulated/);
    process.kill(running.pid, 'SIGTERM');
    expect(await running.exited).toEqual(done);
    expect(running.stdout()).toBe('');
  });
});

describe.each(clientLines)('a call that a %s client cancels', options, (line: ClientLine) => {
  const cancelled = async (arrangement: Fault, tool: string, input: object, path: string) => {
    const ironic = await startSimulatedIronic();
    const proxy = await startFaultProxy(ironic.url);
    const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });
    const incident = proxy.on({ path, nth: 1 }, arrangement);
    const cancel = new AbortController();
    const call = session.callTool(tool, input, { signal: cancel.signal });
    await incident.reached;
    cancel.abort();
    await expect(call).rejects.toThrow();
    const end = async () => {
      expect(await session.close()).toEqual(done);
      expect(await ironic.leftReserved()).toEqual([]);
      await proxy.close();
      await ironic.close();
    };
    return { ironic, proxy, session, incident, end };
  };

  it('ends at once, and the next call is served', async () => {
    const operation = { operation_id: '00000000-0000-4000-8000-000000000000' };
    const { session, end } = await cancelled(faults.stallBefore, 'check_provision_status', operation, '/v1/nodes/0');
    expect(await provision(session, request)).toMatchObject({ status: 'accepted' });
    await end();
  });

  it('before the reservation ends its request to Ironic and changes nothing', async () => {
    const { incident, proxy, end } = await cancelled(faults.stallBefore, 'provision_server', request, server);
    await incident.abandoned;
    await end();
    expect(proxy.log.filter(isChange)).toEqual([]);
  });
});
