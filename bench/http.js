// Measures the REST face against a bare node:http server that sends the same bytes, as ratios within one interleaved run. The
// verdict uses requests per second of processor time: on a busy machine, plain requests per second only tell who got a core.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { build } from 'tsup';
import { median } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 7);
const seconds = Number(process.env.SECONDS ?? 2);
const connections = 32;

const post = {
  method: 'POST',
  path: '/provision',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    image_id: 'ubuntu-24.04',
    server_id: 'rack1-small-01',
    // With this key, each later call finds the first call's deployment.
    idempotency_key: 'bench',
    hostname: 'web-1.example.com',
    ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada'],
  }),
};
const get = { method: 'GET', path: '/provision/1a049bf3-8234-4c54-abc6-eeccc75cd2f7' };

/**
 * The targets: the share of the bare server's throughput, and how much longer the slowest answers may take. With the simulator
 * both servers let the core do its work. Without any core the bare server sends fixed answers, so the ratio shows what routing,
 * checking, parsing, writing and logging cost.
 */
const rows = [
  { title: 'GET', cloud: 'simulator', request: get, throughput: 0.8, tail: 4 },
  { title: 'POST', cloud: 'simulator', request: post, throughput: 0.6, tail: 4 },
  { title: 'GET, no core', cloud: 'instant', request: get, throughput: 0.8, tail: 4 },
  { title: 'POST, no core', cloud: 'instant', request: post, throughput: 0.6, tail: 4 },
];

const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-bench-'));
const servers = {};
try {
  await build({
    config: 'tsup.config.ts',
    entry: { subject: 'bench/subjects/http-server.ts' },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
  for (const cloud of ['simulator', 'instant']) {
    for (const kind of ['bare', 'face']) {
      servers[`${kind} ${cloud}`] = await start(kind, cloud);
      // GET needs a deployment.
      await load(`${kind} ${cloud}`, { ...post, amount: 1, connections: 1 });
    }
  }
  const results = rows.map(() => ({ bare: [], face: [] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { cloud, request }] of rows.entries()) {
      for (const kind of round % 2 ? ['bare', 'face'] : ['face', 'bare']) {
        const run = await load(`${kind} ${cloud}`, { ...request, connections, duration: seconds });
        // The first round warms up.
        if (round > 0) results[index][kind].push(run);
      }
    }
  }
  report(results);
} finally {
  for (const { child } of Object.values(servers)) child.kill();
  await rm(folder, { recursive: true });
}

async function start(kind, cloud) {
  const stdio = ['ignore', 'pipe', 'ignore', 'ipc'];
  const child = spawn(process.execPath, [`${folder}/subject.mjs`, kind, cloud], { stdio });
  const [port] = await once(child.stdout, 'data');
  return { child, url: `http://127.0.0.1:${String(port).trim()}` };
}

async function load(server, { path, ...request }) {
  const before = await processorTime(server);
  const result = await autocannon({ url: `${servers[server].url}${path}`, ...request });
  const failed = result.errors + result.non2xx;
  if (failed > 0) throw new Error(`${failed} errors: ${request.method} ${path} of ${server}`);
  const { total } = result.requests;
  const used = (await processorTime(server)) - before;
  return { perSecond: total / result.duration, perProcessorSecond: total / used, p99: Math.max(result.latency.p99, 1) };
}

/** How many seconds of processor time a server has used so far. */
async function processorTime(server) {
  const { child } = servers[server];
  child.send('processor time?');
  const [{ user, system }] = await once(child, 'message');
  return (user + system) / 1e6;
}

function report(results) {
  const lines = rows.map(({ title, throughput, tail }, index) => {
    const { bare, face } = results[index];
    const ratio = (of) => median(face.map((run, round) => run[of] / bare[round][of]));
    const [processor, rate, p99] = [ratio('perProcessorSecond'), ratio('perSecond'), ratio('p99')];
    const [own, theirs] = [face, bare].map((runs) => 1e6 / median(runs.map((run) => run.perProcessorSecond)));
    const reached = processor >= throughput && p99 < tail;
    if (!reached) process.exitCode = 1;
    const verdict = reached ? 'reached' : 'MISSED';
    const numbers = [processor, rate, p99].map((number) => number.toFixed(2)).join(' | ');
    return `| ${title} | ${numbers} | ${throughput.toFixed(2)}, p99 under ${tail} | ${verdict} | ${own.toFixed(0)}, ${theirs.toFixed(0)} |`;
  });
  process.stdout.write(
    `Node ${process.version}, ${connections} connections, medians of ${rounds} rounds of ${seconds} s\n\n` +
      '| × a bare node:http server | requests/s of processor | requests/s | p99 | target | | µs of processor: face, bare |\n' +
      `|---|---|---|---|---|---|---|\n${lines.join('\n')}\n`,
  );
}
