import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { seededRandom } from '../core/setup.js';
import { type Fault, faults, startFaultProxy } from '../support/faults/fault-proxy.js';
import { localImages } from '../support/local-images.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { startSimulatedIronic } from '../support/simulated-ironic.js';

const seconds = Number(process.env.SECONDS_OF_LOAD ?? 60);
const inFlight = 200;
/** The limit in `compose.ts`. */
const connections = 8;
/** How many of a hundred requests fail. */
const faulty = 2;

const mishaps: readonly Fault[] = [
  faults.resetBefore,
  faults.resetAfter,
  faults.stallBefore,
  faults.cutInBody,
  faults.stallInBody,
  faults.halfJson,
  faults.answerBefore(500),
  faults.answerBefore(502, '<html>Bad Gateway</html>'),
  faults.answerAfter(503),
  faults.answerBefore(200, { uuid: 'of another kind' }),
];

/** Passes most requests on, lets some fail, and counts how many are in progress at the same time. */
function unreliable(random: () => number) {
  const counts = { requests: 0, faults: 0, now: 0, most: 0 };
  const fault: Fault = (exchange) => {
    counts.requests += 1;
    const mishap = random() < faulty / 100 ? mishaps[Math.floor(random() * mishaps.length)] : undefined;
    if (mishap) {
      counts.faults += 1;
      return mishap(exchange);
    }
    // For the client, the other requests may have ended before they end here.
    counts.now += 1;
    counts.most = Math.max(counts.most, counts.now);
    exchange.response.once('close', () => {
      counts.now -= 1;
    });
    return exchange.pass().then(exchange.reply);
  };
  return { counts, fault };
}

it(`${inFlight} status calls in flight for ${seconds} s get true answers`, async () => {
  const ironic = await startSimulatedIronic({ servers: 2 * inFlight });
  const proxy = await startFaultProxy(ironic.url);
  const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages, IRONIC_MCP_REQUEST_TIMEOUT: '5' };
  const session = await openSession('v2', env);
  const { nodes } = (await ironic.ask('GET', '/v1/nodes?limit=1000')) as { nodes: { uuid: string; name: string }[] };
  const free = nodes
    .map(({ uuid }) => ({ image_id: 'file:///images/debian.qcow2', server_id: uuid }))
    .slice(0, inFlight);
  for (const request of free) await session.callTool('provision_server', request);

  /** The state of each server, as Ironic tells it. Time stands still there, so it stays true. */
  const truth = new Map<string, string>();
  for (const { uuid } of nodes) {
    const { name, provision_state: state, instance_uuid: deployment } = await ironic.node(uuid);
    truth.set(uuid, [uuid, name, state, deployment].join(' '));
  }
  const outcomes = new Map<string, number>();
  const note = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  const call = async (id: string, wait: number) => {
    const { isError, text, data } = await session.callTool('check_provision_status', {
      operation_id: id,
      wait_seconds: wait,
    });
    if (!isError) {
      const told = [data?.operation_id, data?.server_name, data?.provision_state, data?.deployment_id].join(' ');
      return note(told === truth.get(id) ? 'true' : `not true: ${told} instead of ${truth.get(id)}`);
    }
    const code = /^Code: (\w+)$/m.exec(text)?.[1] ?? text;
    // A server without a deployment has no operation, and that answer is true as well.
    const free = / (available|manageable|enroll|clean\w*|clean wait|clean failed) /.test(`${truth.get(id)}`);
    return note(code === 'operation_not_found' && free ? 'true' : code);
  };

  const { counts, fault } = unreliable(seededRandom(20_261_124));
  proxy.on({}, fault);
  const ids = [...truth.keys()];
  const busy = new AbortController();
  const begun = Date.now();
  const workers = Array.from({ length: inFlight }, async (_, worker) => {
    for (let turn = worker; !busy.signal.aborted; turn += 7) {
      await call(ids[turn % ids.length] ?? '', turn % 4 === 0 ? 1 : 0);
    }
  });
  const samples: number[] = [];
  while (Date.now() - begun < seconds * 1_000) {
    await delay(1_000);
    samples.push(await memoryOf(session));
  }
  busy.abort();
  await Promise.all(workers);

  const total = [...outcomes.values()].reduce((sum, each) => sum + each, 0);
  // Single samples vary with the garbage, so the medians of the first and of the last quarter are compared.
  const quarter = Math.ceil(samples.length / 4);
  const [before, after] = [median(samples.slice(quarter, 2 * quarter)), median(samples.slice(-quarter))];
  const rate = (count: number) => Math.round(count / seconds);
  process.stdout.write(
    `${total} calls (${rate(total)}/s): ${[...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ')}\n` +
      `${counts.requests} requests to Ironic (${rate(counts.requests)}/s), at most ${counts.most} at a time, ${counts.faults} of them faulty\n` +
      `memory ${before} MiB after warming up, ${after} MiB at the end (${(after / before).toFixed(2)}x)\n`,
  );
  expect([...outcomes.keys()].filter((outcome) => outcome !== 'true' && outcome !== 'ironic_unavailable')).toEqual([]);
  expect(outcomes.get('true') ?? 0).toBeGreaterThan(total * 0.95);
  expect(counts.faults).toBeGreaterThan(0);
  expect(counts.most).toBeLessThanOrEqual(connections);
  expect(after).toBeLessThanOrEqual(before * 1.2);
  // An unhandled rejection would have ended the process and stand on stderr.
  expect(session.stderr()).toBe('');
  expect(await session.close()).toEqual({ code: 0, signal: null });
  await proxy.close();
  await ironic.close();
});

/** The memory of the server's process in MiB (Linux only). */
async function memoryOf({ pid }: McpSession): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
