import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, describe, expect, it } from 'vitest';
import { startSimulatedIronic } from '../support/simulated-ironic.js';

const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-bundle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { encoding: 'utf8', shell: process.platform === 'win32' } as const;
const bundle = execFileSync(process.execPath, ['tools/make-bundle.js', folder], options).trim();
const unpacked = join(folder, 'unpacked');
const { config } = JSON.parse(readFileSync('package.json', 'utf8')) as { config: { mcpb: string } };
const mcpb = ['-y', '--prefer-offline', `--package=${config.mcpb}`, '--', 'mcpb'];
execFileSync('npx', [...mcpb, 'unpack', bundle, unpacked], options);

interface Manifest {
  readonly server: {
    readonly mcp_config: { readonly args: string[]; readonly env: Readonly<Record<string, string>> };
  };
  readonly user_config: Readonly<Record<string, { readonly default: string | boolean }>>;
}

/** Starts the unpacked bundle as its host does, with the user's settings. */
async function open(given: Readonly<Record<string, string>>): Promise<Client> {
  const { server, user_config } = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as Manifest;
  const replaced = (text: string) =>
    text
      .replace(/\$\{__dirname\}/, unpacked)
      .replace(/\$\{user_config\.(\w+)\}/, (_, key: string) => given[key] ?? String(user_config[key]?.default));
  const { args, env } = server.mcp_config;
  const client = new Client({ name: 'tests', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: args.map(replaced),
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, replaced(value)])),
    stderr: 'pipe',
  });
  await client.connect(transport);
  return client;
}

/** Starts the bundle, deploys a server, and returns the answer. */
async function deploy(given: Readonly<Record<string, string>>, input: Readonly<Record<string, string>>) {
  const client = await open(given);
  try {
    const answer = await client.callTool({ name: 'provision_server', arguments: { ...input } });
    expect(answer.isError, JSON.stringify(answer.content)).not.toBe(true);
    return answer.structuredContent as Record<string, unknown>;
  } finally {
    await client.close();
  }
}

describe('the MCP bundle, unpacked and started as its host does', () => {
  it('simulates a cloud for a user without settings', async () => {
    const answer = await deploy({}, { image_id: 'debian-12', resource_class: 'baremetal.small' });
    expect(answer).toMatchObject({ status: 'accepted', message: expect.stringMatching(/^Simulated: /) });
  });

  it('deploys on the Ironic whose address the user gave', async () => {
    const ironic = await startSimulatedIronic();
    try {
      const catalogue = join(folder, 'images.yaml');
      writeFileSync(
        catalogue,
        `debian-12:\n  source: https://images.example.org/d.qcow2\n  checksum: ${'a'.repeat(32)}\n`,
      );
      const given = { os_auth_type: 'none', os_endpoint: ironic.url, ironic_mcp_image_catalog: catalogue };
      const answer = await deploy(given, { image_id: 'debian-12', server_id: 'rack1-small-01' });
      expect(answer).toMatchObject({ status: 'accepted', message: expect.stringMatching(/^Deployment of image /) });
      expect(await ironic.node('rack1-small-01')).toMatchObject({ instance_uuid: answer.deployment_id });
    } finally {
      await ironic.close();
    }
  });
});
