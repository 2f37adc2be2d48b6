import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';

const { installed } = inject('packed');
const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
// The package does not bring Node's types, because programs for Node have them.
const nodeTypes = ['--typeRoots', join(process.cwd(), 'node_modules', '@types')];

/** The compiler's output about a project in the folder where the package is installed. */
function compile(project: string, ...options: string[]): string {
  const args = [tsc, '--project', join(installed, project), ...options];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
}

describe('the library, installed without any other package', () => {
  it('compiles with all declarations checked, and runs', () => {
    expect(compile('tsconfig.json', ...nodeTypes)).toBe('');
    const output = execFileSync(process.execPath, ['consumer.js'], { encoding: 'utf8', cwd: installed });
    expect(JSON.parse(output)).toEqual({
      simulated: true,
      state: 'active',
      percent: 100,
      refused: 'invalid_request',
      unset: true,
      unknown: { code: 'server_not_found', retryable: false },
      expired: { code: 'ironic_unavailable', retryable: false },
    });
  });

  it.each(['true', 'false'])('compiles right uses and refuses wrong ones, with skipLibCheck %s', (skip) => {
    const lines = readFileSync(join(installed, 'types.ts'), 'utf8').split('\n');
    const wrong = lines.filter((line) => line.endsWith('// wrong'));
    const errors = compile('tsconfig.types.json', '--skipLibCheck', skip).match(/^\S.*$/gm) ?? [];
    const reported = errors.map((error) => lines[Number(error.match(/\btypes\.ts\((\d+),/)?.[1]) - 1] ?? error);
    expect([...new Set(reported)]).toEqual(wrong);
  });
});
