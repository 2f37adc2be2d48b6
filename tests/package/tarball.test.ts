import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';

const packed = inject('packed');
const own = join(packed.installed, 'node_modules', 'ironic-mcp');
const read = (name: string) => readFileSync(join(own, name), 'utf8');

describe('the package', () => {
  it('needs no other package', () => {
    const manifest = JSON.parse(read('package.json')) as object;
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('peerDependencies');
    expect(manifest).not.toHaveProperty('peerDependenciesMeta');
    expect(readdirSync(join(packed.installed, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'ironic-mcp',
    ]);
  });

  it('is at most 320 KB to download and 1.1 MB on the disk', () => {
    const bytes = packed.files.reduce((sum, file) => sum + statSync(join(own, file)).size, 0);
    expect({ download: packed.size <= 320_000 || packed.size, disk: bytes <= 1_100_000 || bytes }).toEqual({
      download: true,
      disk: true,
    });
  });

  it('contains the program, its licence, the notices and the SBOM', () => {
    expect(packed.files.filter((file) => !/^dist\/.*\.(js|d\.ts)$/.test(file)).sort()).toEqual([
      'LICENSE',
      'README.md',
      'bin/ironic-mcp.js',
      'dist/THIRD-PARTY-NOTICES.txt',
      'dist/sbom.cdx.json',
      'package.json',
    ]);
  });
});

describe('the README of the package', () => {
  const text = read('README.md');

  it('leads into the package or to an address as soon as package.json names a repository', () => {
    const { repository } = JSON.parse(read('package.json')) as { repository?: object };
    const paths = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path);
    expect(repository ? paths.filter((path) => !packed.files.includes(path)) : []).toEqual([]);
  });

  it('says that the pages are not in the package', () => {
    expect(text).toContain('These pages are in the repository, not in the package.');
  });
});

interface Sbom {
  readonly metadata: { readonly component: { readonly version: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

describe('the list of bundled packages', () => {
  const sbom = JSON.parse(read('dist/sbom.cdx.json')) as Sbom;
  const code = packed.files
    .filter((file) => file.endsWith('.js'))
    .map(read)
    .join('\n');

  it('is the same in the notices and in the SBOM', () => {
    const notices = read('dist/THIRD-PARTY-NOTICES.txt');
    for (const { name, version } of sbom.components)
      expect(notices).toMatch(new RegExp(`^${name} ${version} \\(`, 'm'));
  });

  it('names the packages that our source imports', () => {
    expect(sbom.components.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        '@hono/node-server',
        '@modelcontextprotocol/server',
        'hono',
        'js-yaml',
        'ky',
        'prom-client',
        'zod',
      ]),
    );
  });

  it('has the code for metrics in the command http alone', () => {
    const files = packed.files.filter((file) => file.endsWith('.js') && read(file).includes('nodejs_eventloop_lag'));
    expect(files).toEqual([expect.stringMatching(/^dist\/http-/)]);
  });

  it('names the packages inside the files of another package', () => {
    // The MCP SDK carries a parser of content types in its own files.
    expect(code).toMatch(/invalid media type/);
    expect(sbom.components.map(({ name }) => name)).toContain('content-type');
  });

  it("is valid by CycloneDX's published schema", () => {
    expect(validate(sbom)).toEqual([]);
    expect(validate({ ...sbom, components: [{ name: 'nameless' }] })).not.toEqual([]);
  });

  it('has the version of the package', () => {
    expect(sbom.metadata.component.version).toBe(JSON.parse(read('package.json')).version);
  });
});

/** The errors of a bill of materials by the schema of CycloneDX 1.6. */
function validate(sbom: unknown): readonly unknown[] {
  const require = createRequire(import.meta.url);
  const { Ajv } = require('ajv') as typeof import('ajv');
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats');
  const schemas = join(require.resolve('@cyclonedx/cyclonedx-library/package.json'), '..', 'res', 'schema');
  const file = (name: string) => `${name}.SNAPSHOT.schema.json`;
  const schema = (name: string) => JSON.parse(readFileSync(join(schemas, file(name)), 'utf8'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('iri-reference', true).addFormat('idn-email', true);
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${file(name)}`);
  }
  ajv.validate(schema('bom-1.6'), sbom);
  return ajv.errors ?? [];
}
