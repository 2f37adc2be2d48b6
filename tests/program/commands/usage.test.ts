import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '../../../src/commands/demo.js';
import type { Command } from '../../../src/commands/io.js';
import { simulator } from '../../../src/commands/simulator.js';
import { stdio } from '../../../src/commands/stdio.js';
import { ConfigError, UsageError } from '../../../src/config/errors.js';
import { createFakeIo } from '../../support/fake-io.js';
import { run } from '../../support/program.js';

const commands: Readonly<Record<string, Command>> = { demo, simulator };

/** The error with which a command refuses its arguments or settings. */
async function refusal(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Error> {
  const { io, stdout, stderr } = createFakeIo({ env });
  const [name = '', ...rest] = args;
  const command = commands[name];
  const error = await (command ? command(io, rest) : stdio(io, args)).catch((thrown: unknown) => thrown);
  expect([stdout(), stderr()]).toEqual(['', '']);
  if (!(error instanceof Error)) throw new Error(`not refused: ${JSON.stringify(args)}`);
  expect(error.message, 'one line').toMatch(/^[^\n]+$/);
  return error;
}

describe('a command refuses a wrong command line in one sentence', () => {
  it.each([
    [['--explode'], "Unknown option '--explode'."],
    [['-x'], "Unknown option '-x'."],
    [['--port', '1'], "Unknown option '--port'."],
    [['--request-timeout'], "Option '--request-timeout <value>' argument missing."],
    [['demo', 'twice'], "Unexpected argument 'twice'."],
    [['demo', '--port', '1'], "Unknown option '--port'."],
    [['demo', '--read-only'], "Unknown option '--read-only'."],
    [['demo', '--cloud', 'prod'], "Unknown option '--cloud'."],
    [['simulator', '--read-only'], "Unknown option '--read-only'."],
    [['simulator', '--cloud', 'prod'], "Unknown option '--cloud'."],
    [['simulator', '6385'], "Unexpected argument '6385'."],
    [['simulator', '--port', 'http'], '--port must be a whole number from 0 to 65535.'],
    [['simulator', '--port', '65536'], '--port must be a whole number from 0 to 65535.'],
    [['simulator', '--port=-1'], '--port must be a whole number from 0 to 65535.'],
    [['simulator', '--port', '1.5'], '--port must be a whole number from 0 to 65535.'],
    [['simulator', '--port='], '--port must be a whole number from 0 to 65535.'],
    [['simulator', '--nodes', '0'], '--nodes must be a whole number from 1 to 100000.'],
    [['simulator', '--nodes', '100001'], '--nodes must be a whole number from 1 to 100000.'],
    [['simulator', '--nodes', 'many'], '--nodes must be a whole number from 1 to 100000.'],
  ])('%j', async (args, words) => {
    const error = await refusal(args);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe(words);
  });

  it.each([
    [['explode'], 'There is no command "explode".'],
    [['toString'], 'There is no command "toString".'],
    [['two\nlines'], 'There is no command "two\\nlines".'],
    [['--explode'], "Unknown option '--explode'."],
    [['demo', '--explode'], "Unknown option '--explode'.", 'help demo'],
    [['simulator', '--port', 'http'], '--port must be a whole number from 0 to 65535.', 'help simulator'],
  ])('%j, and the program ends with code 2', { concurrent: true }, async (args, words, page = '--help') => {
    const stderr = `ironic-mcp: ${words} See ironic-mcp ${page}.\n`;
    expect(await run(args)).toEqual({ code: 2, stdout: '', stderr });
  });
});

describe('a command refuses wrong settings in one line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-'));
    await writeFile(join(folder, 'broken.yaml'), 'ubuntu: [\nimage_pull_secret: hush-hush');
    await writeFile(join(folder, 'unknown.yaml'), 'ubuntu: { source: "file:///a", checksumm: hush-hush }');
    await writeFile(join(folder, 'path.yaml'), 'ubuntu: { source: ../a }');
    await writeFile(join(folder, 'list.yaml'), '- ubuntu');
    await writeFile(join(folder, 'half.yaml'), 'ubuntu: { source: "http://a/b", os_hash_algo: md5 }');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const none = { OS_AUTH_TYPE: 'none' };
  const ironic = { ...none, OS_ENDPOINT: 'http://127.0.0.1:9' };
  const timeout = 'must be seconds, 0.1 to 60.';

  it.each<[string, Record<string, string>, string[], RegExp | string]>([
    ['a user name without anything else', { OS_USERNAME: 'ada' }, [], /OS_AUTH_(TYPE|URL)/],
    ['a password without anything else', { OS_PASSWORD: 'hush-hush' }, [], /OS_AUTH_(TYPE|URL)/],
    ['an unknown way to sign in', { ...ironic, OS_AUTH_TYPE: 'palmistry' }, [], 'OS_AUTH_TYPE is "palmistry"'],
    ['no sign-in and no endpoint', none, [], 'OS_ENDPOINT is not set. Set it to the URL of Ironic'],
    [
      'an endpoint that is not a URL',
      { ...none, OS_ENDPOINT: 'ironic' },
      [],
      'OS_ENDPOINT must be an http or https URL.',
    ],
    ['an endpoint by FTP', { ...none, OS_ENDPOINT: 'ftp://a' }, [], 'OS_ENDPOINT must be an http or https URL.'],
    [
      'a password in the endpoint',
      { ...none, OS_ENDPOINT: 'http://ada:hush-hush@a' },
      [],
      'OS_ENDPOINT must not contain a user name or password.',
    ],
    ['a time-out in words', { IRONIC_MCP_REQUEST_TIMEOUT: 'soon' }, [], `IRONIC_MCP_REQUEST_TIMEOUT ${timeout}`],
    ['a time-out of 0', { IRONIC_MCP_REQUEST_TIMEOUT: '0' }, [], `IRONIC_MCP_REQUEST_TIMEOUT ${timeout}`],
    ['a negative time-out', { IRONIC_MCP_REQUEST_TIMEOUT: '-5' }, [], `IRONIC_MCP_REQUEST_TIMEOUT ${timeout}`],
    ['an infinite time-out', { IRONIC_MCP_REQUEST_TIMEOUT: 'Infinity' }, [], `IRONIC_MCP_REQUEST_TIMEOUT ${timeout}`],
    ['a time-out of a day', { IRONIC_MCP_REQUEST_TIMEOUT: '86400' }, [], `IRONIC_MCP_REQUEST_TIMEOUT ${timeout}`],
    ['a wrong time-out as a flag', {}, ['--request-timeout', '0'], `--request-timeout ${timeout}`],
    [
      'a wrong flag that overrides a right variable',
      { IRONIC_MCP_REQUEST_TIMEOUT: '5' },
      ['--request-timeout=x'],
      `--request-timeout ${timeout}`,
    ],
    ['a wrong speed', { IRONIC_MCP_SIM_SPEED: '0' }, [], 'IRONIC_MCP_SIM_SPEED must be a number, 0.01 to 10000.'],
    ['a wrong speed for the simulator', {}, ['simulator', '--sim-speed', 'x'], '--sim-speed must be a number'],
    ['a word for true or false', { IRONIC_MCP_READ_ONLY: 'maybe' }, [], 'IRONIC_MCP_READ_ONLY must be true or false.'],
    [
      'no deployment at all',
      { IRONIC_MCP_MAX_DEPLOYING: '0' },
      [],
      'IRONIC_MCP_MAX_DEPLOYING must be a whole number, 1',
    ],
    ['half a deployment', {}, ['--max-deploying', '1.5'], '--max-deploying must be a whole number, 1 to 1000.'],
    [
      'a list of no images',
      { IRONIC_MCP_IMAGES: ' , ' },
      [],
      'IRONIC_MCP_IMAGES must be names or globs, separated by commas',
    ],
    [
      'an empty name in a list',
      {},
      ['--resource-classes', 'a,,b'],
      '--resource-classes must be names or globs, separated by commas',
    ],
    [
      'undeploying what others deployed without undeploying at all',
      { IRONIC_MCP_DEPROVISION_FOREIGN: 'true' },
      [],
      'IRONIC_MCP_DEPROVISION_FOREIGN needs IRONIC_MCP_ALLOW_DEPROVISION.',
    ],
    [
      'a misspelt rule',
      { IRONIC_MCP_READONLY: 'true' },
      [],
      'There is no setting IRONIC_MCP_READONLY. Did you mean IRONIC_MCP_READ_ONLY?',
    ],
    [
      'a misspelt token',
      { IRONIC_MCP_HTTP_TOKENS: 'hush-hush' },
      [],
      'There is no setting IRONIC_MCP_HTTP_TOKENS. Did you mean IRONIC_MCP_HTTP_TOKEN?',
    ],
    ['an unknown rule', { IRONIC_MCP_FLEET: 'true' }, [], 'There is no setting IRONIC_MCP_FLEET.'],
    [
      'a variable of the operating system',
      { OS_NAME: 'Linux', OS_AUTH_URL: '' },
      [],
      'OS_AUTH_URL is not set. Set it to the URL of Keystone, or set OS_AUTH_TYPE to "none" for an Ironic without sign-in. OS_NAME is set, so the cloud is not simulated; unset it to use the simulator.',
    ],
    [
      'several variables of the operating system',
      { OS_NAME: 'Linux', OS_TYPE: 'x' },
      [],
      ' OS_NAME, OS_TYPE are set, so the cloud is not simulated; unset them to use the simulator.',
    ],
    ['one together with a variable of OpenStack', { OS_NAME: 'Linux', OS_USERNAME: 'ada' }, [], /without sign-in\.$/],
    ['a catalogue that is not there', { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'nowhere.yaml' }, [], '(ENOENT)'],
    ['a catalogue that is a folder', { ...ironic, IRONIC_MCP_IMAGE_CATALOG: '/' }, [], '(EISDIR)'],
    ['a catalogue that is not YAML', { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'broken.yaml' }, [], 'is not valid YAML: '],
    [
      'an unknown member in a catalogue',
      { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'unknown.yaml' },
      [],
      'unknown member "checksumm"',
    ],
    [
      'an image source that is not a URL',
      { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'path.yaml' },
      [],
      'ubuntu.source: must be an http',
    ],
    ['a catalogue that is a list', { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'list.yaml' }, [], 'must be an object'],
    [
      'a hash algorithm without a hash',
      { ...ironic, IRONIC_MCP_IMAGE_CATALOG: 'half.yaml' },
      [],
      'os_hash_algo and os_hash_value belong together',
    ],
  ])('%s', async (_, env, args, words) => {
    const { IRONIC_MCP_IMAGE_CATALOG: file } = env;
    const settings = file?.endsWith('.yaml') ? { ...env, IRONIC_MCP_IMAGE_CATALOG: join(folder, file) } : env;
    const error = await refusal(args, settings);
    expect(error).toBeInstanceOf(ConfigError);
    if (typeof words === 'string') expect(error.message).toContain(words);
    else expect(error.message).toMatch(words);
    expect(error.message).not.toContain('hush-hush');
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['a user name without anything else', { OS_USERNAME: 'ada' }, []],
    ['no sign-in and no endpoint', none, []],
    ['an endpoint that is not a URL', { ...none, OS_ENDPOINT: 'ironic' }, []],
    ['a time-out in words', { IRONIC_MCP_REQUEST_TIMEOUT: 'soon' }, []],
    ['a wrong speed', {}, ['--sim-speed', '0']],
    ['a catalogue that is not there', { ...ironic, IRONIC_MCP_IMAGE_CATALOG: '/nowhere.yaml' }, []],
    ['a misspelt rule', { IRONIC_MCP_READONLY: 'true' }, []],
    ['a wrong speed for the simulator', {}, ['simulator', '--sim-speed', '0']],
  ])('%s, and the program ends with code 78', { concurrent: true }, async (_, env, args) => {
    const { message } = await refusal(args, env);
    expect(await run(args, env)).toEqual({ code: 78, stdout: '', stderr: `ironic-mcp: ${message}\n` });
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'empty settings',
      { OS_CLOUD: '', OS_AUTH_TYPE: '', IRONIC_MCP_REQUEST_TIMEOUT: '', IRONIC_MCP_IMAGE_CATALOG: '' },
      [],
    ],
    ['right settings', { IRONIC_MCP_REQUEST_TIMEOUT: '0.5', IRONIC_MCP_SIM_SPEED: '100' }, []],
    [
      'rules',
      { IRONIC_MCP_IMAGES: 'debian-*, ubuntu-*', IRONIC_MCP_ALLOW_DEPROVISION: 'no', IRONIC_MCP_MAX_DEPLOYING: '3' },
      ['--read-only', '--resource-classes', 'a,b'],
    ],
    ['a right flag that overrides a wrong variable', { IRONIC_MCP_REQUEST_TIMEOUT: 'x' }, ['--request-timeout', '5']],
    ['variables of other programs', { OSTYPE: 'linux', IRONIC_MCP: 'x', OS: 'Windows_NT' }, []],
  ])('it accepts %s', { concurrent: true }, async (_, env, args) => {
    expect(await run(args, env)).toEqual({
      code: 0,
      stdout: '',
      stderr: 'ironic-mcp: No OS_* variable is set, so the cloud is simulated. No real server is touched.\n',
    });
  });
});
