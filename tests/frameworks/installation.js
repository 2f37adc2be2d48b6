// Installs the clients into a folder under the temporary folder, which stays for the next run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clients } from './clients.js';
import { run } from './process.js';

/** Pins what the clients need in turn: no version that was published later is installed. */
const latest = '2026-12-01';
/** Installs Python packages ten times as fast as pip. */
const uv = 'uv==0.13.9';
/** Some clients need a newer Node than this program does. */
const node = 'node@24.21.0';

const kept = join(tmpdir(), 'ironic-mcp-frameworks');

/** The lane cannot run on this machine. */
export class Unavailable extends Error {}

/** Installs what is missing, all at once, and returns the folder of each client. */
export async function installed() {
  const { status } = await run('python3', ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 10))']);
  if (status !== 0) throw new Unavailable('there is no Python 3.10 or later with venv');
  mkdirSync(kept, { recursive: true });
  const python = await byUv();
  // One folder for all packages of npm, and one for each Python client: they need different versions of the same packages.
  const forNode = clients.filter(({ language }) => language === 'Node');
  const npm = folderOf([node, ...new Set(forNode.flatMap(packagesOf))], async (folder, packages) => [
    await run('npm', ['install', '--prefix', folder, '--before', latest, '--no-audit', '--no-fund', ...packages]),
  ]);
  return Promise.all(
    clients.map((client) => (client.language === 'Node' ? npm : folderOf(packagesOf(client), python))),
  );
}

function packagesOf({ name, extra = '', version, language, needs = [] }) {
  return [`${name}${extra}${language === 'Node' ? '@' : '=='}${version}`, ...needs];
}

/** How uv fills a folder. */
async function byUv() {
  const tool = await folderOf([uv], async (folder) => [
    await run('python3', ['-m', 'venv', folder]),
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', uv]),
  ]);
  const env = { ...process.env, UV_CACHE_DIR: join(kept, 'cache'), UV_PYTHON_DOWNLOADS: 'never' };
  const call = (...args) => run(join(tool, 'bin/uv'), ['--quiet', ...args], { env });
  return async (folder, packages) => [
    await call('venv', '--clear', '--python', 'python3', folder),
    await call('pip', 'install', '--python', folder, '--exclude-newer', latest, ...packages),
  ];
}

/** A folder with these packages. If two runs fill it at the same time, the first one that ends counts. */
async function folderOf(packages, fill) {
  const id = createHash('sha256')
    .update(JSON.stringify([latest, packages]))
    .digest('hex')
    .slice(0, 16);
  const folder = join(kept, id);
  const fresh = `${folder}.${process.pid}`;
  // This lane does not test registries: what fails is tried again. Without a network, each installer has tried enough.
  for (let attempt = 1; !existsSync(folder); attempt += 1) {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh);
    const failed = (await fill(fresh, packages)).find(({ status }) => status !== 0);
    if (failed === undefined) moveTo(folder, fresh);
    else if (attempt === 3 || offline.test(failed.output)) throw failureOf(packages, failed.output);
  }
  return folder;
}

function moveTo(folder, fresh) {
  try {
    renameSync(fresh, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(fresh, { recursive: true });
  }
}

const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|dns error|client error \(Connect\)|NewConnectionError/;

function failureOf(packages, output) {
  const words = `cannot install ${packages.join(', ')}: ${output.trim().split('\n').slice(-5).join(' ')}`;
  return offline.test(output) ? new Unavailable(words) : new Error(words);
}
