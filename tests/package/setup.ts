import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { npm } from './npm.js';

/** The package as `npm pack` makes it, and the folder where it is installed. */
export interface Packed {
  readonly tarball: string;
  /** In bytes. */
  readonly size: number;
  readonly files: readonly string[];
  /** A folder with no other package. Programs that use the library are there as well. */
  readonly installed: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** Packs once, and installs from the tarball without a registry and with an empty cache. */
export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-package-'));
  const own = pack(folder);
  const installed = join(folder, 'installed');
  cpSync('tests/package/consumer', installed, { recursive: true });
  writeFileSync(join(installed, 'package.json'), '{ "private": true, "type": "module" }');
  const cache = join(folder, 'cache');
  npm(installed, ['install', '--offline', '--no-audit', '--no-fund', '--cache', cache, own.tarball]);
  provide('packed', { ...own, installed });
  return () => rmSync(folder, { recursive: true, force: true });
}

function pack(where: string) {
  const [made] = JSON.parse(npm('.', ['pack', '--ignore-scripts', '--json', '--pack-destination', where])) as [
    { filename: string; size: number; files: { path: string }[] },
  ];
  return { tarball: join(where, made.filename), size: made.size, files: made.files.map(({ path }) => path) };
}
