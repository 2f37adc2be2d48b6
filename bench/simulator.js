// Measures a filtered, limited list of the simulator with 100 and with 100,000 servers, and the memory that each takes.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { atMost, median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 400);
const sizes = [100, 100_000];
const query =
  'provision_state=available&associated=false&maintenance=false&resource_class=baremetal.small&fields=uuid,name,resource_class&limit=20';

/** Starts the simulator as users do, and resolves when it prints its address. */
async function start(servers) {
  const args = ['bin/ironic-mcp.js', 'simulator', '--port', '0', '--nodes', String(servers)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const url of createInterface({ input: child.stdout })) return { child, url, times: [] };
  throw new Error('the simulator does not start: is it built?');
}

/** How many milliseconds the whole answer takes. */
async function ask(url) {
  const begin = performance.now();
  const response = await fetch(`${url}/v1/nodes?${query}`, { headers: { 'x-openstack-ironic-api-version': '1.82' } });
  const { nodes } = await response.json();
  if (nodes.length !== 20) throw new Error(`${nodes.length} servers instead of 20`);
  return performance.now() - begin;
}

/** The peak memory of the process in MB (Linux only). */
async function peak({ pid }) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const subjects = await Promise.all(sizes.map(start));
let memory = [];
try {
  // In turns, so that other work on the machine slows both.
  for (let round = 0; round < rounds; round += 1) {
    for (const { url, times } of subjects) times.push(await ask(url));
  }
  memory = await Promise.all(subjects.map(({ child }) => peak(child)));
} finally {
  for (const { child } of subjects) child.kill();
}

// The first quarter warms up.
const [few, many] = subjects.map(({ times }) => median(times.slice(rounds / 4)));
say(
  `Node ${process.version}, medians of ${rounds} rounds in turns; with ${sizes[0]} servers it took ${few.toFixed(2)} ms.`,
  table(
    [
      ['servers', ({ servers }) => servers.toLocaleString('en')],
      ['filtered list, × 100 servers', ({ time }) => (time / few).toFixed(2)],
      ['peak memory, MB', ({ peak }) => peak.toFixed(0)],
    ],
    sizes.map((servers, index) => ({ servers, time: [few, many][index], peak: memory[index] })),
  ),
  verdicts([
    atMost('A filtered list of 100,000 servers', many / few, 2),
    atMost('Memory for 100,000 servers', memory[1], 400, ' MB', 0),
  ]),
);
