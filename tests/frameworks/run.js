// Runs MCP clients of agent frameworks, unchanged, on the built program with the simulator: each lists the tools, deploys a
// server, reads an answer and an error. No model is called. Compares what they did with results.json, from which
// docs/clients.md is made. Needs Python 3.10 or later, and the registries of Python and npm.
//
//   node run.js            installs what is missing, and runs the clients
//   node run.js install    only installs
//   UPDATE_GOLDEN=1        writes results.json
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clients } from './clients.js';
import { installed, Unavailable } from './installation.js';
import { run } from './process.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = at('../../bin/ironic-mcp.js');
const say = (text) => process.stdout.write(`${text}\n`);

try {
  const folders = await installed();
  if (process.argv[2] !== 'install') process.exitCode = compared(await ran(folders));
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  say(`Skipped: ${error.message}`);
  process.exitCode = 77;
}

/** Runs all clients, as many at once as there are processors, and returns what `rowOf` does. */
async function ran(folders) {
  const common = { PATH: process.env.PATH, IRONIC_MCP_SIM_SPEED: '10000' };
  const stdio = ['ignore', 'pipe', 'ignore'];
  const server = spawn(process.execPath, [program, 'http', '--port', '0'], { env: common, stdio });
  const [address] = await once(server.stdout, 'data');
  const tools = JSON.parse(readFileSync(at('../golden/tools.json'), 'utf8'));
  const home = mkdtempSync(join(tmpdir(), 'ironic-mcp-home-'));
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    PROGRAM: program,
    PROGRAM_NODE: process.execPath,
    PROGRAM_TOOLS: tools.map(({ name }) => name).join(','),
    PROGRAM_URL: `${String(address).trim()}/mcp`,
    PYTHONDONTWRITEBYTECODE: '1',
    // No client reports its use to its makers.
    ...{
      CREWAI_DISABLE_TELEMETRY: 'true',
      OTEL_SDK_DISABLED: 'true',
      MASTRA_TELEMETRY_DISABLED: '1',
      DO_NOT_TRACK: '1',
    },
  };
  const rows = [];
  const waiting = [...clients.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, client] = next;
      rows[index] = await rowOf(client, folders[index], env);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  server.kill();
  rmSync(home, { recursive: true });
  return rows;
}

/** Runs one client. Returns its row, and all that it wrote. */
async function rowOf({ name, version, language, script, note }, folder, env) {
  // An import looks for packages beside the script.
  if (language === 'Node') cpSync(at('node'), folder, { recursive: true });
  const [command, path] =
    language === 'Node'
      ? [join(folder, 'node_modules/node/bin/node'), join(folder, script)]
      : [join(folder, 'bin/python'), at(`python/${script}`)];
  const { status, output, printed } = await run(command, [path], { env, timeout: 300_000 });
  const row = {
    client: name,
    version,
    language,
    lists: false,
    deploys: false,
    answers: false,
    errors: false,
    null: false,
  };
  for (const line of printed.split('\n').filter((text) => text.startsWith('{"step"'))) {
    const { step, result } = JSON.parse(line);
    row[step] = result;
  }
  return { row: { ...row, ...(status === 0 ? {} : { status }), ...(note ? { note } : {}) }, output };
}

/** Compares the rows with results.json, and returns the exit code. */
function compared(runs) {
  const file = at('results.json');
  const rows = runs.map(({ row }) => row);
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`);
  const expected = JSON.parse(readFileSync(file, 'utf8')).map((row) => JSON.stringify(row));
  let code = expected.length === rows.length ? 0 : 1;
  for (const [index, { row, output }] of runs.entries()) {
    const now = JSON.stringify(row);
    const same = now === expected[index];
    say(`${same ? 'passed' : 'FAILED'}: ${now}`);
    if (same) continue;
    say(`results.json has ${expected[index]}. What the client wrote:\n${output.slice(-5_000)}`);
    code = 1;
  }
  if (code !== 0) say('If the difference is right: UPDATE_GOLDEN=1 npm run test:frameworks');
  return code;
}
