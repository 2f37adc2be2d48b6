import { byNpx, launchSettings } from './launch.js';

/** What we read of package.json. */
export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly mcpName: string;
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
}

/** server.json: the entry of the MCP registry, by its schema of 2025-12-11. */
export function registryEntry({ name, version, description, mcpName }: PackageManifest): object {
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: mcpName,
    title: 'Bare metal by Ironic',
    description,
    version,
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
