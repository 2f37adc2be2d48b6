import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package that the program contains, at least in part. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** The SPDX identifier. */
  readonly license: string;
  readonly licenseText: string;
}

/** The part of esbuild's metafile that we read. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >;
}

/**
 * The packages in the program, by name. Some packages carry others inside their own files. Their bundler left a comment at the
 * start of each, and this finds the comments.
 */
export function bundledPackages({ outputs }: Metafile): readonly BundledPackage[] {
  const files = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const found = new Map<string, BundledPackage>();
  for (const file of new Set(files)) {
    const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
    if (folder === undefined) continue;
    const own = manifestIn(folder);
    found.set(`${own.name}@${own.version}`, packageOf(own.name, own.version, folder));
    for (const { groups: { name = '', version = '' } = {} } of readFileSync(file, 'utf8').matchAll(carried)) {
      found.set(`${name}@${version}`, packageOf(name, version, join('node_modules', name)));
    }
  }
  return [...found.values()].sort((left, right) =>
    `${left.name}@${left.version}` < `${right.name}@${right.version}` ? -1 : 1,
  );
}

const carried =
  /^\/\/#region .*node_modules\/\.pnpm\/[^/]+?@(?<version>\d[^/_]*)[^/]*\/node_modules\/(?<name>(?:@[^/\n]+\/)?[^/\n]+)\//gm;

function manifestIn(folder: string): { name: string; version: string; license: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Throws if there is no licence text, because a package with an unknown licence must not be shipped. */
function packageOf(name: string, version: string, folder: string): BundledPackage {
  const file = existsSync(folder) ? readdirSync(folder).find((each) => /^licen[cs]e(\.|$)/i.test(each)) : undefined;
  if (file === undefined) throw new Error(`${name}@${version} is bundled, and its licence is not in ${folder}`);
  const licenseText = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
  return { name, version, license: manifestIn(folder).license, licenseText };
}
