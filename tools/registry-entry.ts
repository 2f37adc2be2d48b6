import { title as serverTitle } from '../src/mcp/icon.js';
import { byNpx, launchSettings } from './launch.js';

/** The part of package.json that we read. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly mcpName: string;
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
  readonly repository?: { readonly url: string };
}

/** server.json: the entry of the MCP registry, by its schema of 2025-12-11. Its icon must have an https address. */
export function registryEntry({ name, version, description, mcpName, repository }: PackageManifest): object {
  const files = repository && addressOf(repository);
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: mcpName,
    title: serverTitle,
    description,
    version,
    ...(files ? { icons: [{ src: `${files}/raw/HEAD/docs/images/icon.png`, mimeType: 'image/png' }] } : {}),
    packages: [
      {
        registryType: 'npm',
        identifier: name,
        version,
        runtimeHint: byNpx.command,
        transport: { type: 'stdio' },
        environmentVariables: launchSettings.map(({ variable, title, meaning, secret, yesOrNo }) => ({
          name: variable,
          description: `${title}: ${meaning}`,
          isSecret: secret ?? false,
          ...(yesOrNo ? { format: 'boolean', default: 'false' } : {}),
        })),
      },
    ],
  };
}

/** Where people look at the repository: npm wants `git+https://….git` in package.json. */
export function addressOf({ url }: { readonly url: string }): string {
  return url.replace(/^git\+/, '').replace(/\.git$/, '');
}

/**
 * A README with addresses instead of paths, if package.json names a repository: the package does not bring docs/ with
 * it, and people read its README in other places as well.
 */
export function withAddresses(text: string, repository: { readonly url: string } | undefined): string {
  if (!repository) return text;
  const at = addressOf(repository);
  return text
    .replace(
      /(!?)(\[[^\]]*\]\()(?!https?:|#)/g,
      (_, image, start) => `${image}${start}${at}/${image ? 'raw' : 'blob'}/HEAD/`,
    )
    .replace(/(<img src=")(?!https?:)/g, `$1${at}/raw/HEAD/`);
}
