import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { npm } from './npm.js';

/** The package as `npm pack` makes it, and folders in which it was installed. */
export interface Packed {
  readonly tarball: string;
  /** Bytes. */
  readonly size: number;
  readonly files: readonly string[];
  /** Where nothing was installed but it. */
  readonly program: string;
  /** Where it was installed beside zod, for people who program with it. */
  readonly library: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    packed: Packed;
  }
}

/** Packs once and installs from the tarballs, without a registry and with a cold cache. */
export default async function setup({ provide }: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-package-'));
  const own = pack('.', folder);
  const zod = pack('node_modules/zod', folder);
  const install = (name: string, tarballs: readonly string[]) => {
    const where = join(folder, name);
    mkdirSync(where);
    writeFileSync(join(where, 'package.json'), '{ "private": true, "type": "module" }');
    npm(where, [
      'install',
      '--offline',
      '--no-audit',
      '--no-fund',
      '--cache',
      join(folder, `${name}-cache`),
      ...tarballs,
    ]);
    return where;
  };
  const program = install('program', [own.tarball]);
  const library = install('library', [own.tarball, zod.tarball]);
  cpSync('tests/package/consumer', library, { recursive: true });
  provide('packed', { ...own, program, library });
  return () => rmSync(folder, { recursive: true, force: true });
}

function pack(what: string, where: string) {
  const [made] = JSON.parse(
    npm('.', ['pack', '--ignore-scripts', '--json', '--pack-destination', where, what === '.' ? '.' : `./${what}`]),
  ) as [{ filename: string; size: number; files: { path: string }[] }];
  return { tarball: join(where, made.filename), size: made.size, files: made.files.map(({ path }) => path) };
}
