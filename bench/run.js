// Measures start-up against a bare loop of JSON-RPC without any dependency, in one interleaved run, as ratios.
import { spawn } from 'node:child_process';

const rounds = Number(process.env.ROUNDS ?? 15);
const request = (id, method, params = {}) => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
const initialize = request(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1' },
});

const raw = `
let buffer = '';
process.stdin.on('data', (chunk) => {
  buffer += chunk;
  for (let end = buffer.indexOf('\\n'); end >= 0; end = buffer.indexOf('\\n')) {
    const { id } = JSON.parse(buffer.slice(0, end));
    buffer = buffer.slice(end + 1);
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } }) + '\\n');
  }
});`;

const subjects = {
  'raw loop': ['-e', raw],
  'ironic-mcp': ['bin/ironic-mcp.js'],
};

/** Milliseconds from spawn to the answer to tools/list, and from the end of input to the exit. */
function start(args) {
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    let output = '';
    let listed;
    let ended;
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (listed === undefined && output.includes('"id":2')) {
        listed = performance.now() - begin;
        ended = performance.now();
        child.stdin.end();
      }
    });
    child.on('error', reject);
    child.on('exit', () => resolve({ listed, exit: performance.now() - ended }));
    child.stdin.write(initialize + request(2, 'tools/list'));
  });
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const times = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, args] of Object.entries(subjects)) times[name].push(await start(args));
}
const base = median(times['raw loop'].map(({ listed }) => listed));
const lines = Object.entries(times).map(([name, runs]) => {
  const listed = median(runs.map((run) => run.listed));
  const exit = median(runs.map((run) => run.exit));
  return `| ${name} | ${(listed / base).toFixed(2)} | ${exit.toFixed(0)} |`;
});
process.stdout.write(
  `Node ${process.version}, medians of ${rounds} rounds\n\n| start to tools/list | × raw | end of input to exit, ms |\n|---|---|---|\n${lines.join('\n')}\n`,
);
