import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readConfig, readServerConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'ironic-mcp-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function settingsFile(content: string): string {
  const file = join(folder, 'ironic.env');
  writeFileSync(file, content);
  return file;
}

describe('the settings file', () => {
  it('sets the cloud, the rules and the token of the HTTP face', async () => {
    const file = settingsFile(
      '# Ours\r\n\nexport OS_AUTH_TYPE=none\nOS_ENDPOINT="http://ironic.example.org:6385"\n' +
        'IRONIC_MCP_READ_ONLY=true # for now\nIRONIC_MCP_HTTP_TOKEN=a-token-of-some-length\n',
    );
    const { cloud, policy } = await readConfig({ IRONIC_MCP_SETTINGS_FILE: file }, {});
    expect(cloud.kind).toBe('ironic');
    expect(policy.allows('write')).toBe(false);
    const { config, http } = await readServerConfig({}, { 'settings-file': file });
    // One reading serves both.
    rmSync(file);
    expect((await config()).policy.allows('write')).toBe(false);
    expect(await http()).toMatchObject({ token: 'a-token-of-some-length' });
  });

  it('wins over a variable, and a flag wins over it', async () => {
    const file = settingsFile('IRONIC_MCP_SIM_SPEED=5\n');
    const env = { IRONIC_MCP_SETTINGS_FILE: file, IRONIC_MCP_SIM_SPEED: '2' };
    expect(await readConfig(env, {})).toMatchObject({ simulationSpeed: 5 });
    expect(await readConfig(env, { 'sim-speed': '7' })).toMatchObject({ simulationSpeed: 7 });
  });

  it.each([
    ['a line without =', 'OS_CLOUD=a\nOS_PASSWORD hush-hush\n', 'Line 2 of the settings file FILE is not NAME=value.'],
    [
      'a quote that is left open',
      'OS_REGION_NAME="a\nIRONIC_MCP_READ_ONLY=true\nOS_CLOUD="b"\n',
      'Line 1 of the settings file FILE is not NAME=value.',
    ],
    [
      'a byte order mark before a name',
      '\uFEFFIRONIC_MCP_READ_ONLY=true\n',
      'Line 1 of the settings file FILE is not NAME=value.',
    ],
    [
      'a misspelt rule',
      'IRONIC_MCP_READONLY=true\n',
      'There is no setting IRONIC_MCP_READONLY. Did you mean IRONIC_MCP_READ_ONLY?',
    ],
  ])('with %s is an error that quotes no value', async (_, content, message) => {
    const file = settingsFile(content);
    const wrong = new ConfigError(message.replace('FILE', file));
    await expect(readConfig({ IRONIC_MCP_SETTINGS_FILE: file }, {})).rejects.toThrow(wrong);
  });

  it('keeps a rule below an empty value', async () => {
    const file = settingsFile('OS_REGION_NAME= \nIRONIC_MCP_READ_ONLY=true\n');
    const { policy } = await readConfig({ IRONIC_MCP_SETTINGS_FILE: file }, {});
    expect(policy.allows('write')).toBe(false);
  });

  it('that is not there is an error', async () => {
    const file = join(folder, 'absent');
    await expect(readConfig({ IRONIC_MCP_SETTINGS_FILE: file }, {})).rejects.toThrow(
      `The settings file ${file} cannot be read (ENOENT).`,
    );
  });
});
