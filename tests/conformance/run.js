// Other people's test suites, against the built program on the simulator: the official conformance suite of MCP and the
// inspector for both protocol eras, and schemathesis for REST. Needs the npm and Python registries. Prints what ran, and
// fails if anything did not pass.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = at('../../bin/ironic-mcp.js');
const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-conformance-'));

// Both want a newer Node than the one that this program runs on.
const conformance = ['-y', '-p', 'node@24', '-p', '@modelcontextprotocol/conformance@0.2.0-alpha.12', 'conformance'];
const inspector = ['-y', '-p', 'node@24', '-p', '@modelcontextprotocol/inspector@2.12.0', 'mcp-inspector'];
const schemathesis = 'schemathesis==4.32.5';
const leastCases = 2_000;

const results = [];
try {
  await withServer(async (url) => {
    for (const requirements of ['2025-11-25', '2026-07-28']) {
      const args = ['server', '--url', `${url}/mcp`, '--requirements', requirements];
      step(`conformance ${requirements}`, 'npx', [
        ...conformance,
        ...args,
        ...['--expected-failures', at(`expected-failures-${requirements}.yaml`)],
      ]);
    }
  });

  for (const era of ['legacy', 'modern']) {
    const strict = ['--cli', '-q', '--protocol-era', era, '--strict', '--format', 'json'];
    const server = [process.execPath, program];
    const output = step(`inspector ${era}`, 'npx', [...inspector, ...strict, '--method', 'tools/list', ...server]);
    // Warnings alone are no failure to it; they are printed where errors are.
    results.push({ name: `inspector ${era}: no findings`, passed: !/^Warning: tool/m.test(output) });
  }

  const venv = join(folder, 'venv');
  step('install schemathesis', 'sh', ['-c', `python3 -m venv ${venv} && ${venv}/bin/pip install -q ${schemathesis}`]);
  const check = (url, ...more) => [
    ...['--config-file', at('schemathesis.toml'), 'run', `${url}/openapi.json`],
    ...['--checks', 'all', '--no-color', '--continue-on-failure', ...more],
  ];
  await withServer(async (url) => {
    const output = step('schemathesis', join(venv, 'bin/schemathesis'), check(url, '--max-examples', '200'));
    const cases = Number(/^ *(\d+) generated/m.exec(output)?.[1] ?? 0);
    results.push({ name: `schemathesis: ${cases} cases, at least ${leastCases}`, passed: cases >= leastCases });
  });
  const token = 'a-token';
  await withServer(async (url) => {
    const more = ['--max-examples', '50', '--phases', 'examples,coverage,fuzzing'];
    const header = ['--header', `Authorization: Bearer ${token}`];
    step('schemathesis with a token', join(venv, 'bin/schemathesis'), check(url, ...more, ...header));
  }, token);
} finally {
  rmSync(folder, { recursive: true });
}

const failed = results.filter(({ passed }) => !passed);
for (const { name, passed } of results) process.stdout.write(`${passed ? 'passed' : 'FAILED'}: ${name}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs one suite and answers what it printed. */
function step(name, command, args) {
  process.stdout.write(`\n=== ${name}: ${command} ${args.join(' ')}\n`);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, maxBuffer: 1e9 });
  const output = `${stdout}${stderr}`;
  process.stdout.write(output);
  results.push({ name, passed: status === 0 });
  return output;
}

/** Runs the program on a port of its own, and fails if it does not end well afterwards. */
async function withServer(action, token = '') {
  const args = [program, 'http', '--port', '0'];
  const env = { ...process.env, IRONIC_MCP_SIM_SPEED: '10000', IRONIC_MCP_HTTP_TOKEN: token };
  const server = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [printed] = await once(server.stdout, 'data');
  await action(String(printed).trim());
  server.kill('SIGTERM');
  const [code] = await once(server, 'exit');
  results.push({ name: 'the server ended well', passed: code === 0 });
}
