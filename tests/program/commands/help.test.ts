import { describe, expect, it } from 'vitest';
import { help, showVersion } from '../../../src/commands/help.js';
import { flagOf, settings, withoutIt } from '../../../src/config/settings.js';
import { createFakeIo } from '../../support/fake-io.js';
import { run } from '../../support/program.js';

describe('help', () => {
  it('names every command and exit code, and where servers come from', async () => {
    const { io, stdout, stderr } = createFakeIo();
    expect(await help(io, [])).toBe(0);
    for (const named of [
      'ironic-mcp demo',
      'ironic-mcp simulator [--port 6385] [--nodes N]',
      'ironic-mcp --help | --version',
      'IRONIC_MCP_HTTP_TOKEN:',
      'OS_AUTH_TYPE=none OS_ENDPOINT=URL',
      '0 done, 1 failed, 2 wrong usage, 78 wrong settings',
    ]) {
      expect(stdout()).toContain(named);
    }
    expect(stderr()).toBe('');
  });

  it.each(Object.entries(settings))(
    'says of %s how it is set, what it means and what holds without it',
    async (name, setting) => {
      const { io, stdout } = createFakeIo();
      await help(io, []);
      const { variable, placeholder, meaning } = setting;
      const flag = placeholder === null ? `--${flagOf(name)}` : `--${flagOf(name)} ${placeholder}`;
      const otherwise = placeholder === null || withoutIt(setting) === '' ? '' : ` (${withoutIt(setting)})`;
      const words = `${flag} ${variable}: ${meaning.replaceAll('`', '')}${otherwise}`;
      expect(` ${stdout().replace(/\s+/g, ' ')}`).toContain(` ${words} `);
    },
  );

  it('has room on a terminal of 120 columns', async () => {
    const { io, stdout } = createFakeIo();
    await help(io, []);
    for (const line of stdout().split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
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
    const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } });
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });
});
