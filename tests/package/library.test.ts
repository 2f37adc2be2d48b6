import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';

const { library } = inject('packed');
const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
// Programs for Node have its types; they are not ours to bring.
const nodeTypes = ['--typeRoots', join(process.cwd(), 'node_modules', '@types')];

describe('the library', () => {
  it('compiles with all declarations checked, and runs', () => {
    const compile = () =>
      spawnSync(process.execPath, [tsc, '--project', library, ...nodeTypes], { encoding: 'utf8' }).stdout;
    expect(compile()).toBe('');
    const output = execFileSync(process.execPath, [join(library, 'consumer.js')], { encoding: 'utf8', cwd: library });
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
});
