// Builds dist unless it is newer than all its sources, so that the other npm scripts work without a build before them.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const sources = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsup.config.ts',
  ...filesIn('tools'),
  ...filesIn('src'),
];
const built = ['dist/cli.js', 'dist/index.d.ts'].map(changedAt);
if (Math.min(...built) <= Math.max(...sources.map(changedAt))) {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
}

function changedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
