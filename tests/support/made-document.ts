import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';

/** Compares a generated document with its source. UPDATE_GOLDEN=1 writes it anew. */
export async function expectMade(path: string, make: (now: string) => string) {
  const file = new URL(`../../${path}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN) await writeFile(file, make(await readFile(file, 'utf8').catch(() => '')));
  const now = await readFile(file, 'utf8');
  const { testPath } = expect.getState();
  expect(now, `UPDATE_GOLDEN=1 npx vitest run ${testPath} writes it anew`).toBe(make(now));
}
