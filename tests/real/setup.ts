import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';

/** A real Ironic that runs for the tests, as `ironic_lab.py` describes it. */
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
    ironics: RealIronic[];
  }
}

const lab = 'tests/real/ironic/ironic_lab.py';
const releases = ['debian', 'newest'] as const;

/** Brings the real Ironics up before the tests, says which they are, and takes them down afterwards. */
export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-real-'));
  const states = releases.map((release) => join(folder, release));
  const down = () => {
    for (const state of states) spawnSync('python3', [lab, 'down', '--state', state], { stdio: 'ignore' });
  };
  const started = await Promise.allSettled(releases.map((release, index) => up(release, states[index] ?? folder)));
  const ironics = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = started.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    down();
    throw failed.reason;
  }
  for (const { release, version, api_version } of ironics) {
    process.stderr.write(`Real Ironic (${release}): ${version}, API ${api_version}\n`);
  }
  provide('ironics', ironics);
  return down;
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
