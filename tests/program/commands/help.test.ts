import { describe, expect, it } from 'vitest';
import { help, showVersion } from '../../../src/commands/help.js';
import { flagOf, settings, withoutIt } from '../../../src/config/settings.js';
import { createFakeIo } from '../../support/fake-io.js';
import { run } from '../../support/program.js';

const pages = ['', 'http', 'check', 'demo', 'simulator'];

/** A page of the help, as wide as a terminal if `columns` is given. */
async function page(name: string, columns?: number): Promise<string> {
  const { io, stdout } = createFakeIo({ columns, env: { NO_COLOR: '1' } });
  expect(await help(io, [name])).toBe(0);
  return stdout();
}

describe('help', () => {
  it('names every command and exit code, and how to choose a cloud', async () => {
    const overview = await page('');
    for (const named of [...pages, 'OS_CLOUD, --cloud NAME', '0, 1, 2, 78']) expect(overview).toContain(named);
  });

  it.each(Object.entries(settings))('says how to set %s, what it means and its default', async (name, setting) => {
    const ofHttp = name.startsWith('http_') || name === 'boot_report_listen';
    const text = (await page(ofHttp ? 'http' : '')).replace(/\s+/g, ' ');
    const { placeholder, meaning } = setting;
    const flag = placeholder === null ? `--${flagOf(name)}` : `--${flagOf(name)} ${placeholder}`;
    const otherwise = placeholder === null || withoutIt(setting) === '' ? '' : ` (${withoutIt(setting)})`;
    expect(text).toContain(` ${flag} ${meaning.replaceAll('`', '')}${otherwise} `);
    // The overview says only once that each flag is a variable as well.
    expect(setting.variable).toBe(`IRONIC_MCP_${name.toUpperCase()}`);
  });

  it.each(pages)('has less than 40 lines of at most 80 columns, and an example, on the page "%s"', async (name) => {
    const lines = (await page(name)).trimEnd().split('\n');
    expect(lines.length).toBeLessThan(40);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(lines).toContain('Example:');
  });

  it('uses the width of a terminal', async () => {
    expect((await page('', 160)).split('\n').length).toBeLessThan((await page('', 60)).split('\n').length);
  });

  it.each([
    [['--help'], /^ironic-mcp \d+\.\d+\.\d+: gives AI agents bare-metal servers/],
    [['-h'], /^ironic-mcp \d/],
    [['help'], /^ironic-mcp \d/],
    [['explode', '-h'], /^ironic-mcp \d/],
    [['help', 'http'], /^ironic-mcp http: serves REST/],
    [['http', '--help'], /^ironic-mcp http: serves REST/],
    [['demo', '--help'], /^ironic-mcp demo: /],
    [['simulator', '--port', 'x', '--help'], /^ironic-mcp simulator: /],
  ])('is what %j shows', { concurrent: true }, async (args, title) => {
    const outcome = await run(args);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toMatch(title);
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
