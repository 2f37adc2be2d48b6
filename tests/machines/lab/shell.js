// A shell on the lab's machine, which is deployed first unless it has been. `lab.py ssh` runs this in the namespace.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const lab = JSON.parse(process.env.MACHINES_LAB);
const program = fileURLToPath(new URL('../../../bin/ironic-mcp.js', import.meta.url));
const say = (line) => process.stderr.write(`${line}\n`);
/** Seconds until a deployed machine must let its user in. The slowest run took 118. */
const patience = 900;

const key = join(lab.state, 'id_ed25519');
if (!existsSync(key)) spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { stdio: 'inherit' });
await deploy(readFileSync(`${key}.pub`, 'utf8').trim());

const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR', 'ConnectTimeout=5'];
const { user, address } = lab.machine;
const args = ['-i', key, ...options.flatMap((option) => ['-o', option]), `${user}@${address}`];
say('Waiting for sshd.');
const deadline = Date.now() + patience * 1_000;
while (spawnSync('ssh', [...args, 'true'], { timeout: 30_000 }).status !== 0) {
  if (Date.now() > deadline) throw new Error(`The machine lets nobody in after ${patience} s: see ${lab.state}/vm1.`);
  spawnSync('sleep', ['1']);
}
process.exitCode = spawnSync('ssh', args, { stdio: 'inherit' }).status ?? 1;

/** Deploys the machine as an agent would. Called again, it finds the same deployment. */
async function deploy(publicKey) {
  const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: lab.endpoint, IRONIC_MCP_IMAGE_CATALOG: lab.catalogue };
  const client = new Client({ name: 'lab', version: '1' });
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [program], env, stderr: 'inherit' }),
  );
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
    ssh_public_keys: [publicKey],
  };
  const { operation_id } = await call('provision_server', request);
  let status;
  do ({ status } = await call('check_provision_status', { operation_id, wait_seconds: 50 }));
  while (status === 'in_progress');
  await client.close();
  if (status !== 'completed') throw new Error('The deployment failed.');
}
