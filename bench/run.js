// Runs the parts of the bench, all or the named ones, and writes their tables into bench/results.md. If a part misses a
// target, its table is written as it is, and this process fails at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';

const page = 'bench/results.md';
const node = (script, ...args) => [process.execPath, [`bench/${script}.js`, ...args]];
const parts = {
  startup: node('startup'),
  'startup-24': ['npx', ['-y', '-p', 'node@24', 'node', 'bench/startup.js']],
  calls: node('calls'),
  'calls-24': ['npx', ['-y', '-p', 'node@24', 'node', 'bench/calls.js']],
  size: node('size'),
  'first-run': node('first-run'),
  tokens: node('tokens'),
  selection: node('selection'),
  waiting: node('waiting'),
  fleet: node('fleet'),
  http: node('http'),
  callers: node('callers'),
  simulator: node('simulator'),
};
/** These need more than Node: Python and PyPI, and the deployment also Debian and root. */
const peers = { deployment: node('deployment'), 'other-servers': node('other-servers') };

const names = process.argv.slice(2);
const all = { ...parts, ...peers };
const chosen = names[0] === 'peers' ? Object.keys(peers) : names.length > 0 ? names : Object.keys(parts);
for (const name of chosen) {
  const [command, args] = all[name];
  process.stdout.write(`\n## ${name}\n\n`);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
    process.stdout.write(chunk);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) process.exitCode = 1;
  if (said !== '') await record(name, said.trim());
}

/** Puts a part's output between the marks of that part. */
async function record(name, said) {
  const text = await readFile(page, 'utf8');
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`${page} has no place for ${name}`);
  const date = new Date().toISOString().slice(0, 10);
  await writeFile(page, `${text.slice(0, from + begin.length)}${date}.\n\n${said}\n${text.slice(to)}`);
}
