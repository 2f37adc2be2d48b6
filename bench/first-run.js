// Measures the first run of `npx` until the tool list, with an empty cache and a new home. It compares the package's tarball with
// a server on the MCP SDK that is packed the same way and whose packages npm fetches.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialize, request, start } from './support/child.js';
import { atMost, median, say, table, verdicts } from './support/report.js';

const rounds = Number(process.env.ROUNDS ?? 5);
const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-bench-'));
const npm = (args, cwd = '.') =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

function pack(from) {
  const [{ filename }] = JSON.parse(npm(['pack', from, '--json', '--ignore-scripts', '--pack-destination', folder]));
  return join(folder, filename);
}

/** A program of one file, as a tarball. */
function packed(bin, file, modules) {
  const dependencies = Object.fromEntries(
    modules.map((module) => [module, JSON.parse(readFileSync(`node_modules/${module}/package.json`, 'utf8')).version]),
  );
  const from = join(folder, bin);
  mkdirSync(from);
  const program = file.split('/').at(-1);
  writeFileSync(join(from, program), `#!/usr/bin/env node\n${readFileSync(file, 'utf8')}`, { mode: 0o755 });
  const manifest = { name: bin, version: '1.0.0', type: 'module', bin: program, dependencies };
  writeFileSync(join(from, 'package.json'), JSON.stringify(manifest));
  return { bin, tarball: pack(from) };
}

// The new home keeps npm's settings for registry and certificates.
const userconfig = npm(['config', 'get', 'userconfig']);

async function run({ bin, tarball }) {
  const home = mkdtempSync(join(folder, 'home-'));
  const env = { HOME: home, npm_config_cache: join(home, 'cache'), npm_config_userconfig: userconfig };
  const begin = performance.now();
  const server = start('npx', ['-y', `--package=${tarball}`, bin], env);
  const listed = server.answer(2);
  server.send(initialize + request(2, 'tools/list'));
  await listed;
  const wall = performance.now() - begin;
  server.child.stdin.end();
  await server.gone;
  rmSync(home, { recursive: true });
  return wall;
}

try {
  const subjects = [
    { name: 'raw loop', ...packed('raw-loop', 'bench/subjects/raw-server.cjs', []) },
    { name: 'ironic-mcp', bin: 'ironic-mcp', tarball: pack('.') },
    {
      name: 'SDK 2.x with one tool',
      ...packed('sdk-v2-server', 'bench/subjects/sdk-v2-server.js', ['@modelcontextprotocol/server', 'zod']),
    },
  ];
  const runs = subjects.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) runs[index].push(await run(subject));
  }
  const [raw, ours, theirs] = runs.map(median);
  say(
    `Node ${process.version}, npm ${npm(['--version'])}, medians of ${rounds} rounds in turns.`,
    table(
      [
        ['npx from a tarball, nothing cached, to tools/list', ({ name }) => name],
        ['seconds', ({ wall }) => (wall / 1000).toFixed(2)],
        ['× raw loop', ({ wall }) => (wall / raw).toFixed(2)],
      ],
      subjects.map(({ name }, index) => ({ name, wall: [raw, ours, theirs][index] })),
    ),
    verdicts([atMost('First run, compared with SDK 2.x and its packages', ours / theirs, 0.5)]),
  );
} finally {
  rmSync(folder, { recursive: true });
}
