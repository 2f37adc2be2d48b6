import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What the files of each folder may import, as in CONTRIBUTING.md. `room` stands for any folder in it. */
const allowed: Readonly<Record<string, RegExp>> = {
  core: /^(\.\/x\.js|zod|node:async_hooks|node:crypto|node:events)$/,
  'core/room': /^(\.\/x\.js|\.\.\/\w.*|zod|node:async_hooks|node:crypto|node:events)$/,
  openstack: /^(\.\/x\.js|\.\.\/core\/\w.*|ky|zod|node:https|node:stream)$/,
  local: /^(\.\/x\.js|\.\.\/core\/\w.*|zod|js-yaml|node:.*)$/,
  simulator: /^(\.\/x\.js|hono(\/.*)?)$/,
  'simulator/room': /^(\.\/x\.js|\.\.\/\w.*|hono(\/.*)?)$/,
  metrics: /^(\.\/x\.js|\.\.\/core\/\w.*|prom-client)$/,
  mcp: /^(\.\/x\.js|\.\.\/core\/\w.*|zod|@modelcontextprotocol\/server(\/.*)?)$/,
  board: /^\.\/x\.js$/,
  http: /^(\.\/x\.js|\.\.\/core\/\w.*|zod|hono(\/.*)?|@hono\/node-server)$/,
};
const folders = Object.keys(allowed);
const neighbours = ['core', 'openstack', 'local', 'simulator', 'metrics', 'mcp', 'http', 'commands'];
const sources = [
  './x.js',
  '../x.js',
  ...neighbours.flatMap((folder) => [`../${folder}/x.js`, `../../${folder}/x.js`]),
  ...['./../core/x.js', '../core/../openstack/x.js', '../room/../../openstack/x.js', '../../x.js'],
  ...[
    'zod',
    'ky',
    'hono',
    'hono/tiny',
    'js-yaml',
    '@hono/node-server',
    '@modelcontextprotocol/server',
    'prom-client',
    'other',
  ],
  ...['node:async_hooks', 'node:crypto', 'node:events', 'node:https', 'node:stream', 'node:fs', 'node:fs/promises'],
];

/** Each way to import. The last one is refused everywhere, because the rules on who may import what do not see it. */
const ways = (source: string) => [
  `import { a } from '${source}';`,
  `import type { B } from '${source}';`,
  `export { c } from '${source}';`,
  `export type { D } from '${source}';`,
  `import '${source}';`,
  `export const e: B = a(await import('${source}'));`,
  `export type F = import('${source}').F;`,
];

interface Report {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string; readonly start: { readonly line: number } };
  }[];
}

const rules = new Set(['lint/style/noRestrictedImports', 'lint/suspicious/noImportCycles']);

/** Two files that import from each other. One imports only a type. */
const circle = { 'one.ts': "import type { B } from './two.js';", 'two.ts': "import { a } from './one.js';" };

/** Runs Biome, with our configuration, on each way to import each source, and returns what it refuses. */
function refusals(): ReadonlySet<string> {
  const root = mkdtempSync(join(tmpdir(), 'ironic-mcp-imports-'));
  try {
    for (const file of ['biome.json', 'tools/import-types.grit', 'tools/abort-signal-any.grit'])
      cpSync(file, join(root, file));
    for (const folder of folders) {
      mkdirSync(join(root, 'src', folder), { recursive: true });
      for (const [at, source] of sources.entries())
        writeFileSync(join(root, 'src', folder, `${at}.ts`), ways(source).join('\n'));
    }
    mkdirSync(join(root, 'src', 'circle'));
    for (const [file, text] of Object.entries(circle)) writeFileSync(join(root, 'src', 'circle', file), text);
    const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
    const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', 'src'];
    const { stdout } = spawnSync(process.execPath, [biome, ...args], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const { diagnostics } = JSON.parse(stdout) as Report;
    return new Set(
      diagnostics
        .filter(({ category }) => category === 'plugin' || rules.has(category))
        .map(({ location: { path, start } }) => `${path}:${start.line}`),
    );
  } finally {
    rmSync(root, { recursive: true });
  }
}

const found = refusals();

describe.each(folders)('src/%s', (folder) => {
  it('may import the sources of its list by statement and by import(), and nothing else in any way', () => {
    const refused = Object.fromEntries(
      sources.map((source, at) => [
        source,
        ways(source).filter((_, line) => found.has(`src/${folder}/${at}.ts:${line + 1}`)),
      ]),
    );
    const expected = Object.fromEntries(
      sources.map((source) => {
        const may = allowed[folder]?.test(source) && !source.includes('/../');
        return [source, may ? ways(source).slice(-1) : ways(source)];
      }),
    );
    expect(refused).toEqual(expected);
  });
});

describe('src', () => {
  it('has no files that import from each other, not even types', () => {
    expect(Object.keys(circle).filter((file) => found.has(`src/circle/${file}:1`))).toEqual(Object.keys(circle));
  });
});
