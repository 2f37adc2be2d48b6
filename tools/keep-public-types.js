// Of the declarations that tsc wrote keeps those that index.d.ts needs, and fails if they need a package that users of
// the library do not have.
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const dist = 'dist';
const theirs = ['zod'];

const needed = new Set();
const follow = (file) => {
  if (needed.has(file)) return;
  needed.add(file);
  for (const [, from] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)) {
    if (from.startsWith('.')) follow(join(dirname(file), from).replace(/\.js$/, '.d.ts'));
    else if (!theirs.includes(from)) throw new Error(`${file} shows a type of ${from}`);
  }
};
follow(join(dist, 'index.d.ts'));

const files = readdirSync(dist, { recursive: true }).map((name) => join(dist, name));
for (const file of files) if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
for (const entry of readdirSync(dist, { withFileTypes: true })) {
  if (entry.isDirectory() && readdirSync(join(dist, entry.name)).length === 0) rmdirSync(join(dist, entry.name));
}
