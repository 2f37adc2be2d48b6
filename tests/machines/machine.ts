import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import { administrator } from '../contract/lab.js';

const execute = promisify(execFile);

/** A lab that is up, as `lab.py up` describes it. */
interface Lab {
  readonly endpoint: string;
  readonly version: string;
  readonly state: string;
  readonly access_log: string;
  readonly catalogue: string;
  readonly image: string;
  readonly images: string;
  readonly files: string;
  readonly libvirt: string;
  readonly machine: {
    readonly name: string;
    readonly uuid: string;
    readonly resource_class: string;
    readonly address: string;
    readonly mac: string;
    readonly user: string;
  };
}

const { MACHINES_LAB } = process.env;
if (!MACHINES_LAB) throw new Error('This lane needs the lab: npm run test:machines');
export const lab = JSON.parse(MACHINES_LAB) as Lab;
export const { machine } = lab;
export const admin = administrator(lab.endpoint);

const disk = join(lab.state, machine.name, 'disk.qcow2');
const folder = mkdtempSync(join(lab.state, 'test-'));
const [image] = Object.values(JSON.parse(readFileSync(lab.catalogue, 'utf8')) as Record<string, object>);

/** The settings of a program whose catalogue has the lab's image, and the same image at other addresses. */
export function settings(sources: Readonly<Record<string, object>> = {}): Record<string, string> {
  const catalogue = join(folder, 'images.json');
  const others = Object.entries(sources).map(([name, source]) => [name, { ...image, ...source }]);
  writeFileSync(catalogue, JSON.stringify({ [lab.image]: image, ...Object.fromEntries(others) }));
  return { OS_AUTH_TYPE: 'none', OS_ENDPOINT: lab.endpoint, IRONIC_MCP_IMAGE_CATALOG: catalogue };
}

/** The settings of a program to which the machine reports that it has booted. */
export const reporting = {
  IRONIC_MCP_BOOT_REPORT_URL: 'http://10.99.0.1:7386',
  IRONIC_MCP_BOOT_REPORT_LISTEN: '10.99.0.1:7386',
};

/** Undeploys the machine past the program, whatever became of it. */
export async function freeMachine(): Promise<void> {
  const { provision_state: state } = await admin.node(machine.uuid);
  if (state === 'available') return;
  await admin.done('PUT', `nodes/${machine.uuid}/states/provision`, { target: 'deleted' });
  await admin.until(machine.uuid, 'available');
}

/** Resolves while Ironic is at this deploy step. */
export async function untilStep(step: string): Promise<void> {
  for (;;) {
    const { deploy_step: current, provision_state: state } = await admin.node(machine.uuid);
    if ((current as { step?: string }).step === step && state === 'wait call-back') return;
    if (/failed|active/.test(state)) throw new Error(`Ironic is ${state}, and not at ${step}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** What Ironic says about the failure: it may wipe last_error, and history keeps it. */
export async function saidByIronic(): Promise<string> {
  const { history } = (await admin.done('GET', `nodes/${machine.uuid}/history?detail=true`)) as {
    history: { event: string; created_at: string; severity: string }[];
  };
  const errors = history.filter(({ severity }) => severity === 'ERROR');
  return errors.sort((one, other) => one.created_at.localeCompare(other.created_at)).at(-1)?.event ?? 'nothing';
}

/** The requests of everybody but the agent and the lab so far. */
export async function requests(): Promise<number> {
  const lines = (await readFile(lab.access_log, 'utf8')).split('\n').filter(Boolean);
  return lines.filter((line) => !/\/v1\/(heartbeat|lookup)/.test(line)).length;
}

/** The half of a new key pair that is public, and the path of the other. */
export async function keyPair(name: string): Promise<{ readonly path: string; readonly publicKey: string }> {
  const path = join(folder, name);
  await execute('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
  return { path, publicKey: (await readFile(`${path}.pub`, 'utf8')).trim() };
}

/** Runs a command on the machine as a user who has this key and no other way in. */
export async function ssh(key: string, command: string, address = machine.address): Promise<string> {
  const options = [
    ...['BatchMode=yes', 'IdentitiesOnly=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'],
    ...['LogLevel=ERROR', 'ConnectTimeout=10', 'ServerAliveInterval=10'],
  ].flatMap((option) => ['-o', option]);
  const args = ['-F', 'none', ...options, '-i', key, `${machine.user}@${address}`, command];
  return (await execute('ssh', args, { timeout: 300_000 })).stdout.trim();
}

/** The same, as soon as the machine lets the user in. The slowest run took 118 s after `active`. */
export async function sshWhenBooted(key: string, command: string, address?: string): Promise<string> {
  const deadline = Date.now() + 600_000;
  for (;;) {
    try {
      return await ssh(key, command, address);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The fingerprints of the host keys that the machine shows to everybody. */
export async function hostKeys(address: string): Promise<string[]> {
  const file = join(folder, 'host-keys');
  writeFileSync(file, (await execute('ssh-keyscan', ['-T', '30', address])).stdout);
  const { stdout } = await execute('ssh-keygen', ['-l', '-f', file]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
}

/** Switches the machine off as a power failure would. */
export const cutPower = () => execute('virsh', ['--quiet', '--connect', lab.libvirt, 'destroy', machine.name]);

/** Gives the machine another empty disk. It must be switched off. */
export const newDisk = (size: string) => execute('qemu-img', ['create', '-q', '-f', 'qcow2', disk, size]);

/** A part of the disk as text. The machine must be switched off. */
export async function diskText(offset: number, bytes: number): Promise<string> {
  return (await execute('qemu-io', ['-r', '-f', 'qcow2', '-c', `read -v ${offset} ${bytes}`, disk])).stdout;
}

/** Stops a server of the lab until the returned function is called. */
export function pause(server: 'dhcp' | 'bmc'): () => boolean {
  const pid = Number(readFileSync(join(lab.state, server, 'pid'), 'utf8'));
  process.kill(pid, 'SIGSTOP');
  return () => process.kill(pid, 'SIGCONT');
}

/**
 * Ends the BMC until the returned function is called. Ironic gives up soon on a BMC that refuses connections, and only
 * after an hour on one that does not answer.
 */
export function endBmc(): () => void {
  const folder = join(lab.state, 'bmc');
  const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
  const [command = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  process.kill(Number(pid), 'SIGKILL');
  return () => spawn(command, args, { cwd: folder, detached: true, stdio: 'ignore' }).unref();
}

/** After a failure, the ends of the servers' logs: the next test, or the lab's end, overwrites their state. */
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  const logs = ['dhcp/log', 'http/log', 'bmc/log', 'libvirt/log', 'ironic/ironic.log', `${machine.name}/console`];
  for (const log of logs.filter((each) => existsSync(join(lab.state, each)))) {
    const lines = readFileSync(join(lab.state, log), 'utf8').trimEnd().split('\n');
    process.stderr.write(
      `--- the end of ${log}\n${lines
        .slice(-10)
        .map((line) => line.slice(0, 200))
        .join('\n')}\n`,
    );
  }
});

/** One row of the table of cases, for whoever reads the output of the lane. */
export function report(what: string, begun: number, ...said: readonly string[]): void {
  const seconds = ((Date.now() - begun) / 1_000).toFixed(0).padStart(5);
  process.stderr.write(`${seconds} s  ${[what, ...said.map((each) => each.replace(/\s+/g, ' '))].join(' | ')}\n`);
}
