// Measures the REST face against a bare node:http server that sends the same bytes, in one interleaved run, as ratios.
// Only a quiet machine tells the truth: both servers and the load want the same cores.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { build } from 'tsup';

const rounds = Number(process.env.ROUNDS ?? 7);
const seconds = Number(process.env.SECONDS ?? 2);
const connections = 32;

const get = { method: 'GET', path: '/provision/1a049bf3-8234-4c54-abc6-eeccc75cd2f7' };
const post = {
  method: 'POST',
  path: '/provision',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    image_id: 'ubuntu-24.04',
    server_id: 'rack1-small-01',
    // Every call after the first one finds that deployment.
    idempotency_key: 'bench',
    hostname: 'web-1.example.com',
    ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJYm0gqGzGxXcJ8sQyHxkq1v0mO6lYbq7o2r5q8pW3cM ada'],
  }),
};

/**
 * What is measured, and how many times the throughput of the bare server it should reach. The bare server asks the same
 * core, simulator included; only in the last two rows it knows its answer by heart, and ours has a core that answers at
 * once: what is left is what routing, checking, parsing, writing and logging cost.
 */
const rows = [
  { title: 'GET', cloud: 'simulator', request: get, target: 0.8 },
  { title: 'POST', cloud: 'simulator', request: post, target: 0.6 },
  { title: 'GET, without any core', cloud: 'instant', request: get },
  { title: 'POST, without any core', cloud: 'instant', request: post },
];
const worstTail = 4;

const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-bench-'));
const servers = [];
try {
  await build({
    config: 'tsup.config.ts',
    entry: { subject: 'bench/http-subject.ts' },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
    silent: true,
  });
  const subjects = {};
  for (const cloud of ['instant', 'simulator']) {
    subjects[cloud] = { bare: await start('bare', cloud), face: await start('face', cloud) };
  }
  const results = rows.map(() => ({ bare: [], face: [] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { cloud, request }] of rows.entries()) {
      for (const kind of round % 2 ? ['bare', 'face'] : ['face', 'bare']) {
        const { rps, p99 } = await load(subjects[cloud][kind], request);
        // The first round warms up.
        if (round > 0) results[index][kind].push({ rps, p99 });
      }
    }
  }
  report(results);
} finally {
  for (const server of servers) server.kill();
  await rm(folder, { recursive: true });
}

/** Starts a server and answers its URL. */
async function start(kind, cloud) {
  const server = spawn(process.execPath, [`${folder}/subject.mjs`, kind, cloud], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  servers.push(server);
  const [port] = await once(server.stdout, 'data');
  return `http://127.0.0.1:${String(port).trim()}`;
}

async function load(url, { method, path, headers, body }) {
  const result = await autocannon({ url: `${url}${path}`, method, headers, body, connections, duration: seconds });
  if (result.errors > 0) throw new Error(`${result.errors} errors at ${method} ${url}`);
  return { rps: result.requests.total / result.duration, p99: result.latency.p99 };
}

function report(results) {
  const lines = rows.map(({ title, target }, index) => {
    const { bare, face } = results[index];
    const rps = median(face.map((run, round) => run.rps / bare[round].rps));
    const p99 = median(face.map((run, round) => Math.max(run.p99, 1) / Math.max(bare[round].p99, 1)));
    const goal = target === undefined ? '' : `${target.toFixed(2)}, p99 under ${worstTail}`;
    const verdict = target === undefined ? '' : rps >= target && p99 < worstTail ? 'reached' : 'MISSED';
    return `| ${title} | ${rps.toFixed(2)} | ${p99.toFixed(1)} | ${goal} | ${verdict} |`;
  });
  process.stdout.write(
    `Node ${process.version}, ${connections} connections, medians of ${rounds} rounds of ${seconds} s\n\n` +
      `| × a bare node:http server | requests/s | p99 | target | |\n|---|---|---|---|---|\n${lines.join('\n')}\n`,
  );
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
