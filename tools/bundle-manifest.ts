import type { Operation } from '../src/core/operation.js';
import { title } from '../src/mcp/icon.js';
import { launchSettings } from './launch.js';
import type { PackageManifest } from './registry-entry.js';

/**
 * The settings in the form: enough for each of the three ways to name a cloud (clouds.yaml, an application credential, a
 * standalone Ironic with its images), and one rule. The last one names a file with every other setting.
 */
const asked = [
  'OS_CLOUD',
  'OS_AUTH_TYPE',
  'OS_ENDPOINT',
  'OS_AUTH_URL',
  'OS_APPLICATION_CREDENTIAL_ID',
  'OS_APPLICATION_CREDENTIAL_SECRET',
  'IRONIC_MCP_IMAGE_CATALOG',
  'IRONIC_MCP_READ_ONLY',
  'IRONIC_MCP_SETTINGS_FILE',
];

/** manifest.json of the MCP bundle (MCPB 0.3), which Claude Desktop installs with a double click. */
export function bundleManifest(manifest: PackageManifest, operations: readonly Operation[]): object {
  const { name, version, description, license, keywords, engines } = manifest;
  const entry = 'bin/ironic-mcp.js';
  const named = launchSettings
    .filter(({ variable }) => asked.includes(variable))
    .map((setting) => ({ ...setting, key: setting.variable.toLowerCase() }))
    .sort((left, right) => asked.indexOf(left.variable) - asked.indexOf(right.variable));
  return {
    manifest_version: '0.3',
    name,
    display_name: title,
    version,
    description,
    long_description:
      'Without settings it simulates a cloud, says so in every message, and touches no real server. With the settings of your OpenStack, or the URL of a standalone Ironic such as Bifrost, it deploys real machines.',
    icon: 'icon.png',
    author: { name: 'The authors of ironic-mcp' },
    license,
    keywords,
    server: {
      type: 'node',
      entry_point: entry,
      mcp_config: {
        command: 'node',
        args: [`\${__dirname}/${entry}`],
        env: Object.fromEntries(named.map(({ variable, key }) => [variable, `\${user_config.${key}}`])),
      },
    },
    // Tools that need a setting are left out.
    tools: operations
      .filter(({ effect }) => effect === 'read' || effect === 'write')
      .map((operation) => ({ name: operation.name, description: operation.description })),
    tools_generated: true,
    compatibility: { platforms: ['darwin', 'linux', 'win32'], runtimes: { node: engines.node } },
    user_config: Object.fromEntries(
      named.map(({ key, title, meaning, secret, yesOrNo }) => [
        key,
        {
          type: yesOrNo ? 'boolean' : 'string',
          title,
          description: meaning,
          required: false,
          // For a value without a default, hosts pass on the placeholder itself. An empty value counts as not set.
          default: yesOrNo ? false : '',
          ...(secret ? { sensitive: true } : {}),
        },
      ]),
    ),
  };
}
