// The lab of machines that boot, as `docs/lab.md` describes it: `up`, `down`, `ssh` for people, `test` and `test all` for
// the lane. Needs root on Debian: elsewhere it says so, and exits with 77.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const say = (line) => process.stderr.write(`${line}\n`);
const [action, which] = process.argv.slice(2);

/** Runs a command with the terminal of this one, and returns its exit status. */
const run = (command, args, options = {}) => spawnSync(command, args, { stdio: 'inherit', ...options }).status ?? 1;
const down = () => run('python3', [at('lab/lab.py'), 'down']);
const inside = (lab, ...command) => ['netns', 'exec', lab.namespace, ...command];

async function main() {
  if (action === 'up') {
    describe(up());
    return 0;
  }
  if (action === 'down') return down();
  if (action === 'ssh') return ssh(up());
  if (action === 'test') return test();
  say('usage: npm run lab:machines -- up|down|ssh, or npm run test:machines [-- all]');
  return 2;
}

/** Brings the lab up unless it is, and returns where everything is. */
function up(...args) {
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, stdout } = spawnSync('python3', [at('lab/lab.py'), 'up', ...args], { stdio, encoding: 'utf8' });
  if (status !== 0) process.exit(status ?? 1);
  return JSON.parse(stdout);
}

/** The program's settings. */
const settings = (lab) => ({
  OS_AUTH_TYPE: 'none',
  OS_ENDPOINT: lab.endpoint,
  IRONIC_MCP_IMAGE_CATALOG: lab.catalogue,
});

function describe(lab) {
  const args = inside(lab, process.execPath, at('../../bin/ironic-mcp.js'));
  const server = { command: 'ip', args, env: settings(lab) };
  say(`Ironic ${lab.version}, with the machine ${lab.machine.name} and the image ${lab.image}. For an MCP client:`);
  process.stdout.write(`${JSON.stringify({ mcpServers: { ironic: server } }, null, 2)}\n`);
}

/** A shell on the machine, which is deployed first unless it has been. */
async function ssh(lab) {
  const key = join(lab.state, 'id_ed25519');
  if (!existsSync(key)) run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  await deploy(lab, readFileSync(`${key}.pub`, 'utf8').trim());
  const { user, address } = lab.machine;
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
  const command = inside(lab, 'ssh', '-i', key, ...options.flatMap((option) => ['-o', option]), `${user}@${address}`);
  say('Waiting for sshd.');
  while (spawnSync('ip', [...command, 'true'], { timeout: 30_000 }).status !== 0) spawnSync('sleep', ['1']);
  return run('ip', command);
}

/** Deploys the machine as an agent would. Called again, it finds the same deployment. */
async function deploy(lab, key) {
  const args = inside(lab, process.execPath, at('../../bin/ironic-mcp.js'));
  const client = new Client({ name: 'lab', version: '1' });
  await client.connect(new StdioClientTransport({ command: 'ip', args, env: settings(lab), stderr: 'inherit' }));
  const call = async (name, input) => {
    const { content, structuredContent } = await client.callTool({ name, arguments: input });
    if (!structuredContent) throw new Error(content[0].text);
    say(structuredContent.message);
    return structuredContent;
  };
  const request = {
    image_id: lab.image,
    resource_class: lab.machine.resource_class,
    hostname: 'lab',
    idempotency_key: 'lab',
  };
  const { operation_id } = await call('provision_server', { ...request, ssh_public_keys: [key] });
  let status;
  do ({ status } = await call('check_provision_status', { operation_id, wait_seconds: 50 }));
  while (status === 'in_progress');
  await client.close();
  if (status !== 'completed') throw new Error('The deployment failed.');
}

/** The lane. A lab that was up before stays up. */
function test() {
  // An interrupted lane takes the lab down as well: the tests end by the same signal.
  process.on('SIGINT', () => undefined);
  const lab = up(...(which === 'all' ? ['--callback-timeout', '240'] : []));
  const vitest = [process.execPath, at('../../node_modules/vitest/vitest.mjs'), 'run', '--project', 'machines'];
  const env = { ...process.env, MACHINES_LAB: JSON.stringify(lab) };
  try {
    return run('ip', inside(lab, ...vitest, `machines/${which === 'all' ? 'all' : 'login'}`), { env });
  } finally {
    if (lab.started) down();
  }
}

process.exitCode = await main();
