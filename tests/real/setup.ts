import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

/** A real Ironic for the tests, as `ironic_lab.py` describes it. */
export interface RealIronic {
  readonly endpoint: string;
  readonly release: 'debian' | 'newest';
  readonly version: string;
  readonly api_version: string;
  readonly pid: number;
  readonly state: string;
  readonly access_log: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** For every worker, one Ironic of each release. */
    ironics: RealIronic[][];
  }
}

const lab = 'tests/real/ironic/ironic_lab.py';
const releases = ['debian', 'newest'] as const;

/** Starts the real Ironics before the tests, provides their addresses, and stops them afterwards. */
export default async function setup({ provide, config }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-real-'));
  const workers = Array.from({ length: config.maxWorkers }, (_, index) => join(folder, `worker-${index + 1}`));
  const stateOf = (worker: string, release: string) => join(worker, release);
  const down = () => {
    for (const state of workers.flatMap((worker) => releases.map((release) => stateOf(worker, release)))) {
      spawnSync('python3', [lab, 'down', '--state', state], { stdio: 'ignore' });
    }
  };
  const ironics: RealIronic[][] = [];
  try {
    // Two at a time, because more would only slow each other down.
    for (const worker of workers) ironics.push(await both((release) => up(release, stateOf(worker, release))));
  } catch (error) {
    down();
    throw error;
  }
  for (const { release, version, api_version } of ironics[0] ?? []) {
    process.stderr.write(`Real Ironic (${release}): ${version}, API ${api_version}\n`);
  }
  provide('ironics', ironics);
  return down;
}

/** Fails only after both have ended, because an Ironic that is still starting cannot be stopped. */
async function both(bringUp: (release: string) => Promise<RealIronic>): Promise<RealIronic[]> {
  const started = releases.map(bringUp);
  await Promise.allSettled(started);
  return Promise.all(started);
}

async function up(release: string, state: string): Promise<RealIronic> {
  const args = [lab, 'up', '--release', release, '--nodes', '40', '--state', state, '--deploy-delay', '0'];
  try {
    const { stdout } = await promisify(execFile)('python3', args);
    return JSON.parse(stdout) as RealIronic;
  } catch (error) {
    const said =
      error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : String(error);
    throw new Error(`No real Ironic (${release}) can be had here: ${said}`);
  }
}
