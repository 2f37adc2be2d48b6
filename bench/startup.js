// Measures the start of the MCP server, up to the list of tools, and the end of its process. It compares them with a raw loop of
// JSON-RPC and with the SDK's own examples, in turns within one run. Pass NAME=COMMAND to add a server.
import { initialize, request, start, usage } from './support/child.js';
import { atMost, median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 21);
const node = process.execPath;
const modern = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const greetings = {
  legacy: initialize + request(2, 'tools/list'),
  modern: request(1, 'server/discover', { _meta: modern }) + request(2, 'tools/list', { _meta: modern }),
};
const ours = [node, 'bin/ironic-mcp.js'];
const subjects = [
  { name: 'raw loop', command: [node, 'bench/subjects/raw-server.cjs'] },
  { name: 'ironic-mcp', command: ours },
  { name: 'ironic-mcp, protocol of 2026-07-28', command: ours, greeting: greetings.modern },
  {
    name: 'ironic-mcp, for a real Ironic',
    command: ours,
    env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: 'http://127.0.0.1:9' },
  },
  { name: 'SDK 2.x with one tool, from node_modules', command: [node, 'bench/subjects/sdk-v2-server.js'] },
  { name: 'SDK 1.x with one tool, from node_modules', command: [node, 'bench/subjects/sdk-v1-server.js'] },
  ...process.argv.slice(2).map((argument) => {
    const [name, command = ''] = argument.split('=');
    return { name, command: command.split(' ') };
  }),
];
// All servers above start without it. These two show how much better the ratio looks with it.
const { NODE_EXTRA_CA_CERTS } = process.env;
if (NODE_EXTRA_CA_CERTS) {
  const env = { NODE_EXTRA_CA_CERTS };
  subjects.push(
    { name: 'raw loop, with NODE_EXTRA_CA_CERTS', command: subjects[0].command, env, base: subjects.length },
    { name: 'ironic-mcp, with NODE_EXTRA_CA_CERTS', command: ours, env, base: subjects.length },
  );
}

async function run({ command: [program, ...args], env, greeting = greetings.legacy }) {
  const begin = performance.now();
  const server = start(program, args, env);
  const listed = server.answer(2);
  server.send(greeting);
  await listed;
  const wall = performance.now() - begin;
  const { cpu, memory } = usage(server.child);
  const end = performance.now();
  server.child.stdin.end();
  await server.gone;
  return { wall, cpu, memory, exit: performance.now() - end };
}

const runs = subjects.map(() => []);
for (let round = 0; round <= rounds; round += 1) {
  for (const [index, subject] of subjects.entries()) {
    const result = await run(subject);
    // The first round warms up.
    if (round > 0) runs[index].push(result);
  }
}

const middle = (index, what) => median(runs[index].map((each) => each[what]));
const ratio = (index, what) => middle(index, what) / middle(subjects[index].base ?? 0, what);
const rows = subjects.map(({ name }, index) => ({ name, index }));
// Node 22 and later keep compiled code.
const limit = Number(process.versions.node.split('.')[0]) < 22 ? 4.5 : 4;
const example = subjects.findIndex(({ name }) => name.startsWith('SDK 2.x'));
const toExample = (what) => middle(1, what) / middle(example, what);

say(
  `Node ${process.version}, medians of ${rounds} rounds in turns; the raw loop took ${middle(0, 'wall').toFixed(0)} ms, ` +
    `${middle(0, 'cpu').toFixed(0)} ms of them CPU, and ${middle(0, 'memory').toFixed(0)} MB.`,
  table(
    [
      ['start to tools/list', ({ name }) => name],
      ['time, × raw', ({ index }) => ratio(index, 'wall').toFixed(2)],
      ['CPU, × raw', ({ index }) => ratio(index, 'cpu').toFixed(2)],
      ['peak memory, × raw', ({ index }) => ratio(index, 'memory').toFixed(2)],
      ['end of input to exit, ms', ({ index }) => middle(index, 'exit').toFixed(0)],
    ],
    rows,
  ),
  verdicts([
    atMost('Start to tools/list, time', ratio(1, 'wall'), limit),
    atMost('Start to tools/list, CPU', ratio(1, 'cpu'), limit),
    atMost("Time, compared with the SDK's example", toExample('wall'), 0.75),
    atMost("CPU, compared with the SDK's example", toExample('cpu'), 0.75),
    atMost('Peak memory', ratio(1, 'memory'), 1.55),
    atMost('End of input to exit', middle(1, 'exit'), 15, ' ms', 0),
  ]),
);
