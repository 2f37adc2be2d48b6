// Measures a filtered, limited list of the simulator with 100 servers and with 100,000, and the memory that these take.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

const rounds = Number(process.env.ROUNDS ?? 400);
const sizes = [100, 100_000];
const limits = { ratio: 2, megabytes: 400 };
const query =
  'provision_state=available&associated=false&maintenance=false&resource_class=baremetal.small&fields=uuid,name,resource_class&limit=20';

/** Starts the simulator as users do, and resolves when it says where it is. */
async function start(servers) {
  const args = ['bin/ironic-mcp.js', 'simulator', '--port', '0', '--nodes', String(servers)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const url of createInterface({ input: child.stdout })) return { child, url, times: [] };
  throw new Error('the simulator does not start: is it built?');
}

/** Milliseconds until the whole answer is there. */
async function ask(url) {
  const begin = performance.now();
  const response = await fetch(`${url}/v1/nodes?${query}`, { headers: { 'x-openstack-ironic-api-version': '1.82' } });
  const { nodes } = await response.json();
  if (nodes.length !== 20) throw new Error(`${nodes.length} servers instead of 20`);
  return performance.now() - begin;
}

/** The most memory that the process has had, in MB; on Linux. */
async function peak({ pid }) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const subjects = await Promise.all(sizes.map(start));
let memory = [];
try {
  // In turns, so that whatever else the machine does meets both.
  for (let round = 0; round < rounds; round += 1) {
    for (const { url, times } of subjects) times.push(await ask(url));
  }
  memory = await Promise.all(subjects.map(({ child }) => peak(child)));
} finally {
  for (const { child } of subjects) child.kill();
}

const [few, many] = subjects.map(({ times }) => median(times.slice(rounds / 4)));
const ratio = many / few;
process.stdout.write(
  `Node ${process.version}, medians of ${rounds} rounds\n
| servers | filtered list, × 100 servers | peak memory, MB |
|---|---|---|
| 100 | 1.00 | ${memory[0].toFixed(0)} |
| 100,000 | ${ratio.toFixed(2)} | ${memory[1].toFixed(0)} |
`,
);
if (ratio > limits.ratio || memory[1] > limits.megabytes) {
  process.stderr.write(`More than ${limits.ratio} × or ${limits.megabytes} MB.\n`);
  process.exitCode = 1;
}
