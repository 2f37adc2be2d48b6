import { execFileSync } from 'node:child_process';

/** Runs npm in a folder and returns its output. If npm fails, this throws with npm's own words. */
export function npm(folder: string, args: readonly string[]): string {
  // The npm that runs these tests passes its own settings on in variables.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return execFileSync('npm', args, {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
}
