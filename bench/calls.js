// Measures tool calls over stdio, one at a time and many in flight. It compares them, in turns, with a bare JSON-RPC loop
// that sends a fixed answer.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsup';
import { initialize, request, start } from './support/child.js';
import { atLeast, median, p99, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 9);
const calls = Number(process.env.CALLS ?? 2000);
const status = {
  name: 'check_provision_status',
  arguments: { operation_id: '1a049bf3-8234-4c54-abc6-eeccc75cd2f7' },
};

const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-bench-'));
const servers = [];
try {
  const options = {
    entry: { subject: 'bench/subjects/mcp-server.ts' },
    outDir: folder,
    outExtension: () => ({ js: '.mjs' }),
  };
  await build({ config: 'tsup.config.ts', ...options, silent: true });
  const face = await open([`${folder}/subject.mjs`]);
  const { result } = JSON.parse(await face.ask(2, 'tools/call', status));
  const known = JSON.stringify(result);
  const subjects = [
    { name: 'raw loop, with the same answer', server: await open(['bench/subjects/raw-server.cjs', known]) },
    { name: 'ironic-mcp, without any core', server: face },
    { name: 'ironic-mcp, with the simulator', server: await open(['bin/ironic-mcp.js']) },
    {
      name: 'SDK 2.x alone, with the same answer',
      server: await open(['bench/subjects/sdk-v2-server.js', known]),
      call: { name: 'add', arguments: { a: 1, b: 2 } },
    },
  ].map((subject) => ({ call: status, ...subject, one: [], many: [], late: [] }));
  await subjects[2].server.ask(2, 'tools/call', {
    name: 'provision_server',
    arguments: { image_id: 'debian-12', server_id: 'rack1-small-01' },
  });

  let errors = 0;
  for (let round = 0; round <= rounds; round += 1) {
    for (const { server, call, one, many, late } of subjects) {
      const single = await load(server, call, 1);
      const parallel = await load(server, call, 64);
      errors += single.errors + parallel.errors;
      // The first round warms up.
      if (round === 0) continue;
      one.push(single.rate);
      many.push(parallel.rate);
      late.push(single.p99);
    }
  }

  const [raw, ours] = subjects;
  const ratio = (subject, what) => median(subject[what].map((value, round) => value / raw[what][round]));
  say(
    `Node ${process.version}, medians of ${rounds} rounds of ${calls} calls in turns; the raw loop answered ` +
      `${median(raw.one).toFixed(0)} calls a second one at a time, ${median(raw.many).toFixed(0)} with 64 in flight.`,
    table(
      [
        ['tools/call', ({ name }) => name],
        ['calls a second, one at a time, × raw', (subject) => ratio(subject, 'one').toFixed(2)],
        ['64 in flight, × raw', (subject) => ratio(subject, 'many').toFixed(2)],
        ['p99 one at a time, ms', ({ late }) => median(late).toFixed(2)],
      ],
      subjects,
    ),
    verdicts([
      atLeast('Calls one at a time', ratio(ours, 'one'), 0.4),
      atLeast('Calls with 64 in flight', ratio(ours, 'many'), 0.15),
      { title: 'Errors', value: errors, limit: 'none', reached: errors === 0 },
    ]),
  );
} finally {
  for (const server of servers) server.child.kill();
  await rm(folder, { recursive: true });
}

async function open(args) {
  const server = start(process.execPath, args, { IRONIC_MCP_SIM_SPEED: '10000' });
  servers.push(server);
  const greeted = server.answer(1);
  server.send(initialize);
  await greeted;
  return server;
}

/** Calls a second, with `inFlight` calls at a time. */
async function load(server, call, inFlight) {
  const latencies = [];
  let left = calls;
  let errors = 0;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      const id = left + 1_000;
      const begin = performance.now();
      const answered = server.answer(id);
      server.send(request(id, 'tools/call', call));
      const text = await answered;
      latencies.push(performance.now() - begin);
      if (text.includes('"isError":true') || text.includes('"error":{')) errors += 1;
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { rate: (calls * 1_000) / (performance.now() - begin), p99: p99(latencies), errors };
}
