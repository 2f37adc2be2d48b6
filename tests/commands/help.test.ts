import { describe, expect, it } from 'vitest';
import { help, showVersion } from '../../src/commands/help.js';
import { createFakeIo } from '../support/fake-io.js';
import { run } from '../support/program.js';

describe('help', () => {
  it('names every command, setting and exit code', async () => {
    const { io, stdout, stderr } = createFakeIo();
    expect(await help(io, [])).toBe(0);
    for (const named of [
      'ironic-mcp demo',
      'ironic-mcp simulator [--port 6385] [--nodes N]',
      'ironic-mcp --help | --version',
      'IRONIC_MCP_REQUEST_TIMEOUT',
      'IRONIC_MCP_IMAGE_CATALOG',
      'IRONIC_MCP_SIM_SPEED',
      'OS_AUTH_TYPE=none OS_ENDPOINT=URL',
      '0 done, 1 failed, 2 wrong usage, 78 wrong settings',
    ]) {
      expect(stdout()).toContain(named);
    }
    expect(stderr()).toBe('');
  });

  it.each([
    [['--help']],
    [['-h']],
    [['demo', '--help']],
    [['simulator', '--port', 'x', '--help']],
    [['explode', '-h']],
  ])('is what %j shows', async (args) => {
    const outcome = await run(args);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(/^ironic-mcp \d+\.\d+\.\d+: bare-metal servers for AI agents/);
  });
});

describe('--version', () => {
  it('shows the version and nothing else', async () => {
    const { io, stdout } = createFakeIo();
    expect(await showVersion(io, [])).toBe(0);
    expect(stdout()).toBe('0.0.0-test\n');
  });

  it('shows the version of the package', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});
