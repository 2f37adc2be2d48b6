import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
};

// npm leaves both out of packages for other platforms when it writes the file beside a node_modules, and then refuses it.
it('the lock file names version and checksum of every package, or `npm ci` refuses it on a clean checkout', () => {
  const incomplete = Object.entries(lock.packages)
    .filter(([path, { version, integrity }]) => path !== '' && !(version && integrity))
    .map(([path]) => path);
  expect(incomplete).toEqual([]);
});
