import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/commands/arguments.js';
import { readConfig } from '../../src/config/config.js';
import { allOperations } from '../../src/core/operations.js';
import { icon } from '../../src/mcp/icon.js';
import { bundleManifest } from '../../tools/bundle-manifest.js';
import { clientsPage, withClients } from '../../tools/clients-page.js';
import { byNpx, byNpxOnWindows, launchSettings } from '../../tools/launch.js';
import { type PackageManifest, registryEntry, withAddresses } from '../../tools/registry-entry.js';
import { withSettingsTable } from '../../tools/settings-table.js';
import { expectMade } from '../support/made-document.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const own = JSON.parse(read('package.json')) as PackageManifest;
const written = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

describe('the documents for launchers', () => {
  it('are made from package.json, the settings and the operations', async () => {
    await expectMade('server.json', () => written(registryEntry(own)));
    await expectMade('manifest.json', () => written(bundleManifest(own, allOperations)));
    await expectMade('docs/clients.md', clientsPage);
    await expectMade('README.md', (now) => withAddresses(withClients(now), own.repository));
    await expectMade('docs/images/icon.svg', () => `${icon}\n`);
    await expectMade('docs/configuration.md', withSettingsTable);
  });

  it('mark every secret, and nothing else, as a secret', () => {
    const secrets = launchSettings.filter(({ secret }) => secret).map(({ variable }) => variable);
    expect(secrets).toEqual(
      launchSettings.map(({ variable }) => variable).filter((name) => /SECRET|PASSWORD|TOKEN/.test(name)),
    );
  });
});

describe('server.json', () => {
  const schema = JSON.parse(read('tests/golden/mcp-registry/server.schema.json'));
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);

  it('is valid by the schema of the MCP registry', () => {
    validate(registryEntry(own));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('has an icon as soon as package.json names a repository, where its address is', () => {
    expect(registryEntry(own)).not.toHaveProperty('icons');
    const entry = registryEntry({ ...own, repository: { url: 'git+https://git.example.org/us/ironic-mcp.git' } });
    expect(entry).toMatchObject({
      icons: [{ src: 'https://git.example.org/us/ironic-mcp/raw/HEAD/docs/images/icon.png' }],
    });
    validate(entry);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('would not be without a version', () => {
    const { version, ...others } = registryEntry(own) as PackageManifest;
    expect(version).toBe(own.version);
    expect(validate(others)).toBe(false);
  });
});

interface Manifest {
  readonly server: { readonly mcp_config: { readonly env: Readonly<Record<string, string>> } };
  readonly user_config: Readonly<Record<string, { readonly default: unknown; readonly sensitive?: boolean }>>;
}

describe('manifest.json', () => {
  const { server, user_config } = bundleManifest(own, allOperations) as Manifest;
  const { env } = server.mcp_config;

  it('asks for eight settings, and for a file that holds the others', () => {
    expect(Object.keys(user_config)).toHaveLength(9);
    expect(Object.keys(user_config).at(-1)).toBe('ironic_mcp_settings_file');
  });

  it('asks for each setting that it passes on, and has something for one that nobody gives', () => {
    const asked = Object.values(env).map((value) => /^\$\{user_config\.(\w+)\}$/.exec(value)?.[1]);
    expect(asked).toEqual(Object.keys(user_config));
    for (const { default: given } of Object.values(user_config)) expect(['', false]).toContain(given);
  });

  it('leads to the simulated cloud when nobody gives anything', async () => {
    const unset = Object.fromEntries(
      Object.keys(env).map((name) => [name, String(user_config[name.toLowerCase()]?.default)]),
    );
    const config = await readConfig(unset, readArguments([], {}));
    expect(config.cloud.kind).toBe('simulator');
  });
});

describe('the README', () => {
  const repository = { url: 'git+https://git.example.org/us/ironic-mcp.git' };

  it('leads to nothing but addresses as soon as package.json names a repository', () => {
    const text = withAddresses(read('README.md'), repository);
    expect(text).toContain('](https://git.example.org/us/ironic-mcp/raw/HEAD/docs/images/demo.svg)');
    expect(text).toContain('](https://git.example.org/us/ironic-mcp/blob/HEAD/docs/clients.md)');
    expect(text).toContain('src="https://git.example.org/us/ironic-mcp/raw/HEAD/docs/images/icon.svg"');
    expect(text).not.toMatch(/\]\((?!https:|#)|src="(?!https:)/);
    expect(withAddresses(text, repository)).toBe(text);
  });

  it('has at most 1,000 words', () => {
    expect(read('README.md').split(/\s+/).length).toBeLessThanOrEqual(1_000);
  });
});

const pages = ['README.md', 'docs/clients.md', 'docs/configuration.md'];

describe.each(pages)('the JSON in %s', (page) => {
  it('is JSON', () => {
    for (const [, text = ''] of read(page).matchAll(/```json\n(.*?)```/gs))
      expect(() => JSON.parse(text)).not.toThrow();
  });
});

describe('the links of docs/clients.md', () => {
  const links = [...clientsPage().matchAll(/\]\((https:[^)]+)\)/g)].map(([, link = '']) => new URL(link));
  const configs = (host: string) =>
    links.filter((link) => link.host === host).map(({ searchParams }) => searchParams.get('config') ?? '');

  it('carry the launch lines as their editors read them', () => {
    expect(configs('insiders.vscode.dev').map((text) => JSON.parse(text))).toEqual([byNpx, byNpxOnWindows]);
    expect(configs('cursor.com').map((text) => JSON.parse(Buffer.from(text, 'base64').toString()))).toEqual([
      byNpx,
      byNpxOnWindows,
    ]);
    for (const { searchParams } of links) expect(searchParams.get('name')).toBe('ironic');
  });
});

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

describe.each(documents)('the links of %s', (page) => {
  it('lead to files and headings that exist', () => {
    const dead = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)].filter(
      ([, path = '', heading]) => {
        const target = path === '' ? page : join(dirname(page), path);
        if (!existsSync(target)) return true;
        return heading !== undefined && !headingsIn(readFileSync(target, 'utf8')).includes(heading);
      },
    );
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

/** The anchors that GitHub gives the headings. */
function headingsIn(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
