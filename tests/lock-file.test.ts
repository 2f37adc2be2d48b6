import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
};

// If npm writes the file beside a node_modules, it leaves both out for the packages of other platforms, and then refuses the file.
it('the lock file has the version and the checksum of every package, which `npm ci` needs on a clean checkout', () => {
  const incomplete = Object.entries(lock.packages)
    .filter(([path, { version, integrity }]) => path !== '' && !(version && integrity))
    .map(([path]) => path);
  expect(incomplete).toEqual([]);
});
