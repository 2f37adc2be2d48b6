import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { demo } from '../../../src/commands/demo.js';
import { UsageError } from '../../../src/config/errors.js';
import { createFakeIo } from '../../support/fake-io.js';
import { program, run } from '../../support/program.js';

const options = { concurrent: true };

// The demo sets its own speed. This makes the same deployment take one second.
const hurry = 'data:text/javascript,process.env.IRONIC_MCP_SIM_SPEED="100"';
const quick = [process.execPath, '--import', hurry, program] as const;

/** A program that answers every line with this JavaScript expression of `id` and `method`. */
const acting = (reply: string) =>
  [
    process.execPath,
    '-e',
    `require('readline').createInterface(process.stdin).on('line', (line) => {
      const { id, method } = JSON.parse(line);
      console.log(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message' }));
      console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(${reply}) }));
    })`,
  ] as const;

/** Matches a line of the demo for any server and time. */
const pattern = (line: string) =>
  `^${line
    .replace(/[[\](){}.?*+^$|\\]/g, '\\$&')
    .replace(/rack1-small-0\d/g, 'rack1-small-0\\d')
    .replace(/[0-9a-f]{8}-[-0-9a-f]{27}/g, '[-0-9a-f]{36}')
    .replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, '\\S+')}$`;

const accepted =
  '{ result: { content: [], structuredContent: { operation_id: "o", status: "accepted", message: "Started." } } }';

describe('the demo', options, () => {
  it('shows one deployment from beginning to end, one call that is refused, and how to use the server', async () => {
    const { io, stdout, stderr } = createFakeIo({ self: quick });
    expect(await demo(io, [])).toBe(0);
    const lines = stdout().trimEnd().split('\n');
    expect(lines.slice(0, 5)).toEqual([
      'An MCP client asks for a server. The cloud is simulated.',
      '> provision_server {"image_id": "ubuntu-24.04",',
      '  "resource_class": "baremetal.small", "hostname": "web-1",',
      '  "ssh_public_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemo demo"]}',
      expect.stringMatching(/^< accepted: Simulated: Deployment of image ubuntu-24\.04 on server rack1-small-0\d$/),
    ]);
    expect(lines.slice(7, 9)).toEqual([
      '> check_provision_status',
      expect.stringMatching(/^ {2}\{"operation_id": "[-0-9a-f]{36}"\}$/),
    ]);
    expect(lines).toContain(`  ${'━'.repeat(24)} 100%  deployed with image ubuntu-24.04`);
    expect(lines).toContainEqual(
      expect.stringMatching(/^< completed: Simulated: Server rack1-small-0\d \(host name web-1\) is/),
    );
    expect(lines.slice(-12)).toEqual([
      '> provision_server {"image_id": "debian-12",',
      expect.stringMatching(/^ {2}"server_id": "[-0-9a-f]{36}"\}$/),
      expect.stringMatching(/^< Server [-0-9a-f]{36} is not available for provisioning$/),
      '  Reason: its state is active; it was given image ubuntu-24.04 at',
      expect.stringMatching(/^ {10}\d{4}-\d\d-\d\dT[\d:]{8}Z$/),
      '  Next: Name another server, or leave out server_id to deploy on any free one.',
      '  Code: server_not_available',
      '  Retryable: no',
      '',
      'To use it for real, check your cloud, then add the server to your MCP client:',
      '  OS_CLOUD=mycloud npx ironic-mcp check',
      '  claude mcp add ironic --env OS_CLOUD=mycloud -- node "$PWD/bin/ironic-mcp.js"',
    ]);
    expect(stderr()).toBe('');
  });

  it('prints on a terminal what its picture in the README shows', async () => {
    const { io, stdout } = createFakeIo({ self: quick, columns: 80 });
    expect(await demo(io, [])).toBe(0);
    const printed = stripVTControlCharacters(stdout()).split(/[\r\n]/);
    const shown = readFileSync('docs/images/demo.svg', 'utf8').matchAll(/<text[^>]*>(.*)<\/text>/g);
    const [, ...lines] = [...shown].map(([, line = '']) =>
      line
        .replace(/<[^>]*>/g, '')
        .replaceAll('&lt;', '<')
        .replaceAll('\u00A0', ' '),
    );
    // At this speed the demo misses most steps, so only the last line of the bar is sure to show.
    const sure = lines.filter((line) => !/^ *━*─/.test(line));
    expect(sure.length).toBeGreaterThan(20);
    const unprinted = sure.filter((line) => !printed.some((each) => new RegExp(pattern(line)).test(each)));
    expect(unprinted, 'npm run picture draws it anew').toEqual([]);
  });

  it('writes neither colour nor control characters where there is no terminal, in at most 80 columns', async () => {
    const { io, stdout } = createFakeIo({ self: quick });
    expect(await demo(io, [])).toBe(0);
    expect(stdout()).not.toContain('\r');
    expect(stdout()).toBe(stripVTControlCharacters(stdout()));
    for (const line of stdout().split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it('draws one coloured bar in place on a terminal and uses its width', async () => {
    const { io, stdout } = createFakeIo({ self: quick, columns: 120 });
    expect(await demo(io, [])).toBe(0);
    const plain = stripVTControlCharacters(stdout());
    const bars = plain.split('\n').filter((line) => line.includes('\r'));
    expect(bars).toHaveLength(1);
    expect(bars[0]?.split('\r').at(-1)).toBe(`  ${'━'.repeat(36)} 100%  deployed with image ubuntu-24.04`);
    expect(stdout()).toContain('\u001B[32m━');
    expect(plain).toMatch(/^> provision_server \{"image_id": .* "hostname": "web-1",$/m);
    for (const line of plain.split(/[\r\n]/)) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it.each([
    { NO_COLOR: '1', colored: false },
    { TERM: 'dumb', colored: false },
    { NO_COLOR: '', colored: true },
  ])('colours the terminal unless its user wants none: %o', async ({ colored, ...env }) => {
    const { io, stdout } = createFakeIo({ self: quick, columns: 80, env });
    expect(await demo(io, [])).toBe(0);
    expect(stdout().includes('\u001B[1m')).toBe(colored);
  });

  it('ends with code 0 when it is stopped', async () => {
    const { io, stop, until, stdout } = createFakeIo({ self: [process.execPath, program] });
    const code = demo(io, []);
    await until('stdout', /^ {2}─/m);
    stop();
    expect(await code).toBe(0);
    expect(stdout()).not.toContain('completed');
  });

  it('ends with code 1 and the reason when the deployment is refused', async () => {
    const refused = '{ result: { isError: true, content: [{ text: "No available servers" }] } }';
    const { io, stdout } = createFakeIo({ self: acting(refused) });
    expect(await demo(io, [])).toBe(1);
    expect(stdout()).toMatch(/The demo did not go as it should: No available servers\n$/);
  });

  it('ends with code 1 when the deployment fails', async () => {
    const failed = `id < 3 ? ${accepted} : { result: { structuredContent: { status: "failed", message: "Broken." } } }`;
    const { io, stdout } = createFakeIo({ self: acting(failed) });
    expect(await demo(io, [])).toBe(1);
    expect(stdout()).toMatch(/\n< failed: Broken\.\n$/);
  });

  it('ends with code 1 when the deployment gets lost', async () => {
    const lost = `id < 3 ? ${accepted} : { result: { isError: true, content: [{ text: "Gone" }] } }`;
    const { io, stdout } = createFakeIo({ self: acting(lost) });
    expect(await demo(io, [])).toBe(1);
    expect(stdout()).toMatch(/The demo did not go as it should: Gone\n$/);
  });

  it('ends with code 1 when the second request is not refused', async () => {
    const done =
      '{ result: { content: [{ text: "Taken" }], structuredContent: { status: "completed", message: "Done." } } }';
    const { io, stdout } = createFakeIo({ self: acting(done) });
    expect(await demo(io, [])).toBe(1);
    expect(stdout()).toMatch(/The demo did not go as it should: Taken\n$/);
  });

  it('rejects when the server does not speak its language', async () => {
    const { io } = createFakeIo({ self: acting('{ error: { code: -32600, message: "What?" } }') });
    await expect(demo(io, [])).rejects.toThrow('What?');
  });

  it('rejects when the server ends at once', async () => {
    const { io } = createFakeIo({ self: [process.execPath, '-e', ''] });
    await expect(demo(io, [])).rejects.toThrow('the server ended before it answered');
  });

  it('takes no arguments', async () => {
    const { io } = createFakeIo();
    await expect(demo(io, ['again'])).rejects.toBeInstanceOf(UsageError);
  });
});

describe('ironic-mcp demo', options, () => {
  it('simulates whatever is set, and ends with code 0', async () => {
    const { code, stdout, stderr } = await run(['demo'], {
      NODE_OPTIONS: `--import ${hurry.replaceAll('"', "'")}`,
      OS_AUTH_TYPE: 'none',
      OS_ENDPOINT: 'http://127.0.0.1:9',
      OS_CLOUD: 'production',
      IRONIC_MCP_IMAGE_CATALOG: '/nowhere',
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('< completed: Simulated: Server rack1-small-0');
    expect(stdout).toContain('  Code: server_not_available\n');
  });
});
