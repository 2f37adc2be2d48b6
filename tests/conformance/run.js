// Runs other people's test suites on the built program with the simulator: the official conformance suite of MCP and the
// inspector for both protocol eras, and schemathesis for REST. Needs the npm and Python registries. Prints each check, and
// fails if one did not pass.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = at('../../bin/ironic-mcp.js');
const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-conformance-'));

// Both need a newer Node than this program does.
const conformance = ['-y', '-p', 'node@24', '-p', '@modelcontextprotocol/conformance@0.2.0-alpha.12', 'conformance'];
const inspector = ['-y', '-p', 'node@24', '-p', '@modelcontextprotocol/inspector@2.12.0', 'mcp-inspector'];
const schemathesis = 'schemathesis==4.32.5';
const leastCases = 2_000;

const results = [];
try {
  for (const [name, packages] of [
    ['conformance', conformance],
    ['inspector', inspector],
  ]) {
    await install(name, 'npx', [...packages.slice(0, -1), 'node', '--version']);
  }
  await withServer(async (url) => {
    for (const requirements of ['2025-11-25', '2026-07-28']) {
      const args = ['server', '--url', `${url}/mcp`, '--requirements', requirements];
      await step(`conformance ${requirements}`, 'npx', [
        ...conformance,
        ...args,
        ...['--expected-failures', at(`expected-failures-${requirements}.yaml`)],
      ]);
    }
    // Of the expected failures, only this one needs no fixture: with a session id it passes on the same server.
    const front = createSessionFront(url).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const scenario = ['--scenario', 'server-sse-multiple-streams', '--spec-version', '2025-11-25'];
    const server = ['server', '--url', `http://127.0.0.1:${front.address().port}/mcp`];
    const name = 'conformance with a session id';
    const output = await step(name, 'npx', [...conformance, ...server, ...scenario]);
    // The suite succeeds with warnings.
    results.push({ name: `${name}: both checks`, passed: /^Passed: 2\/2, 0 failed, 0 warnings$/m.test(output) });
    front.close();
  });

  for (const era of ['legacy', 'modern']) {
    const strict = ['--cli', '-q', '--protocol-era', era, '--strict', '--format', 'json'];
    // With all tools.
    const server = ['-e', 'IRONIC_MCP_ALLOW_DEPROVISION=true', process.execPath, program];
    const output = await step(`inspector ${era}`, 'npx', [
      ...inspector,
      ...strict,
      '--method',
      'tools/list',
      ...server,
    ]);
    // The inspector succeeds with warnings, and prints them among the errors. Schemas of answers say "or null" in its shortest
    // form, which some providers of models refuse: those get the arguments only.
    const isClean = !/^Warning: tool.*\n +Path: (?!outputSchema)/m.test(output);
    results.push({ name: `inspector ${era}: no findings about arguments`, passed: isClean });
  }

  const venv = join(folder, 'venv');
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', schemathesis];
  await install('schemathesis', 'sh', ['-c', `python3 -m venv ${venv} && ${venv}/bin/python ${pip.join(' ')}`]);
  // The excluded checks expect that only the case itself changes what it has made. But any other case may undeploy the same
  // server, or deploy it again: then it is right that a new deployment is gone, or that a server answers after a DELETE.
  const check = (url, ...more) => [
    ...['--config-file', at('schemathesis.toml'), 'run', `${url}/openapi.json`],
    ...['--checks', 'all', '--exclude-checks', 'ensure_resource_availability,use_after_free'],
    ...['--no-color', '--continue-on-failure', ...more],
  ];
  await withServer(async (url) => {
    // The same cases in each run of this lane. How many they are also depends on the answers.
    let cases = 0;
    for (let seed = 1; seed <= 3 && cases < leastCases; seed += 1) {
      const more = ['--max-examples', '300', '--seed', String(seed)];
      const output = await step('schemathesis', join(venv, 'bin/schemathesis'), check(url, ...more));
      cases += Number(/^ *(\d+) generated/m.exec(output)?.[1] ?? 0);
    }
    results.push({ name: `schemathesis: ${cases} cases, at least ${leastCases}`, passed: cases >= leastCases });
  });
  const token = 'a-token-of-the-tests';
  await withServer(async (url) => {
    const more = ['--max-examples', '50', '--phases', 'examples,coverage,fuzzing', '--seed', '1'];
    const header = ['--header', `Authorization: Bearer ${token}`];
    await step('schemathesis with a token', join(venv, 'bin/schemathesis'), check(url, ...more, ...header));
  }, token);
} finally {
  rmSync(folder, { recursive: true });
}

const failed = results.filter(({ passed }) => !passed);
for (const { name, passed } of results) process.stdout.write(`${passed ? 'passed' : 'FAILED'}: ${name}\n`);
// The summary comes last, because some readers see only the end.
for (const { name, output = '' } of failed) {
  process.stdout.write(`\n=== the end of ${name}\n${output.trim().split('\n').slice(-20).join('\n')}\n`);
}
process.exitCode = failed.length === 0 ? 0 : 1;

/** Runs one suite and returns its output. */
async function step(name, command, args) {
  process.stdout.write(`\n=== ${name}: ${command} ${args.join(' ')}\n`);
  const suite = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [suite.stdout, suite.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
  }
  // A suite that cannot start is one failure, not the end of the lane.
  const [status] = await once(suite, 'close').catch((error) => {
    output += String(error);
    return [null];
  });
  results.push({ name, passed: status === 0, output });
  return output;
}

/** Installs from a registry, and tries again if that fails: this lane does not test registries. */
async function install(name, command, args) {
  for (const attempt of ['first', 'second', 'third']) {
    await step(`install ${name}, ${attempt} attempt`, command, args);
    if (results.at(-1).passed) break;
    if (attempt !== 'third') results.pop();
  }
}

/** Passes everything on to a server, and gives each client that initializes a session id without a meaning. */
function createSessionFront(url) {
  return createServer((request, response) => {
    const left = new AbortController();
    response.on('close', () => left.abort());
    // If the client or the server closes early, the proxy closes the other side as well.
    passOn(request, response, left.signal).catch(() => response.destroy());
  });

  async function passOn(request, response, signal) {
    const body = Buffer.concat(await request.toArray());
    const { host, connection, 'mcp-session-id': id, ...headers } = request.headers;
    const { method } = request;
    const sent = { method, headers, signal, ...(body.length > 0 ? { body } : {}) };
    const answer = await fetch(`${url}${request.url}`, sent);
    const session = body.includes('"initialize"') ? { 'mcp-session-id': 'one' } : {};
    response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), ...session });
    for await (const chunk of answer.body ?? []) response.write(chunk);
    response.end();
  }
}

/** Runs the program on a port of its own, and fails if it does not exit with 0 afterwards. */
async function withServer(action, token = '') {
  const args = [program, 'http', '--port', '0'];
  const settings = {
    IRONIC_MCP_SIM_SPEED: '10000',
    IRONIC_MCP_ALLOW_DEPROVISION: 'true',
    IRONIC_MCP_HTTP_TOKEN: token,
  };
  const env = { ...process.env, ...settings };
  const server = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const [printed] = await once(server.stdout, 'data');
  await action(String(printed).trim());
  server.kill('SIGTERM');
  const [code] = await once(server, 'exit');
  results.push({ name: 'the server ended well', passed: code === 0 });
}
