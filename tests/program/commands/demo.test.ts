import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { demo } from '../../../src/commands/demo.js';
import { UsageError } from '../../../src/config/errors.js';
import { createFakeIo } from '../../support/fake-io.js';
import { program, run } from '../../support/program.js';

const options = { concurrent: true };

// The demo sets its own speed. This makes the same deployment pass in a second.
const hurry = 'data:text/javascript,process.env.IRONIC_MCP_SIM_SPEED="100"';
const quick = [process.execPath, '--import', hurry, program] as const;

/** Something that starts like the server, and answers every line by that JavaScript expression of `id` and `method`. */
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

/** Matches a line of the demo whatever the server, the time, and what stands for `…`. */
const pattern = (line: string) =>
  `^${line
    .replace(/[[\](){}.?*+^$|\\]/g, '\\$&')
    .replace(/rack1-small-0\d/g, 'rack1-small-0\\d')
    .replace(/[0-9a-f]{8}-[-0-9a-f]{27}/g, '[-0-9a-f]{36}')
    .replace(/\d{4}-\d\d-\d\dT[\d:]{8}Z/g, '\\S+')
    .replaceAll('…', '.*')}$`;

const accepted = '{ result: { content: [], structuredContent: { operation_id: "o", status: "accepted" } } }';

describe('the demo', options, () => {
  it('shows one deployment from beginning to end, line by line, and one request that is refused', async () => {
    const { io, stdout, stderr } = createFakeIo({ self: quick });
    expect(await demo(io, [])).toBe(0);
    const lines = stdout().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^> provision_server \{"image_id":"ubuntu-24\.04","resource_class":"baremetal\.small"/);
    expect(lines[1]).toMatch(/^< accepted: Simulated: Deployment of image ubuntu-24\.04 on server rack1-small-0\d has/);
    expect(lines[3]).toMatch(/^> check_provision_status \{"operation_id":"[-0-9a-f]{36}"\}$/);
    expect(lines).toContainEqual(expect.stringMatching(/^\[#{24}\] 100% deployed with image ubuntu-24\.04/));
    expect(lines).toContainEqual(expect.stringMatching(/^< completed: Simulated: Server rack1-small-0\d is deployed/));
    expect(lines.slice(-6)).toEqual([
      expect.stringMatching(/^> provision_server \{"image_id":"debian-12","server_id":"[-0-9a-f]{36}"\}$/),
      expect.stringMatching(/^< Server [-0-9a-f]{36} is not available for provisioning$/),
      expect.stringMatching(/^< Reason: its state is active; it was given image ubuntu-24\.04 at /),
      '< Next: Choose another server, or leave out server_id to have a free one chosen.',
      '< Code: server_not_available',
      '< Retryable: no',
    ]);
    expect(stdout()).not.toContain('\r');
    expect(stderr()).toBe('');
  });

  it('says what the README shows of it, where that leaves nothing out', async () => {
    const { io, stdout } = createFakeIo({ self: quick });
    expect(await demo(io, [])).toBe(0);
    // At this speed most steps are over before the demo looks, so only the last line of the bar is sure to show.
    const [, shown = ''] = /```text\n(> provision_server .*?)```/s.exec(readFileSync('README.md', 'utf8')) ?? [];
    const lines = shown.split('\n').filter((line) => line !== '' && line !== '…' && !/^\[#+\./.test(line));
    expect(lines.length).toBeGreaterThan(10);
    expect(stdout()).toMatch(new RegExp(lines.map(pattern).join('\\n[^]*?'), 'm'));
  });

  it('draws one bar again and again on a terminal, never wider than that', async () => {
    const { io, stdout } = createFakeIo({ self: quick, columns: 60 });
    expect(await demo(io, [])).toBe(0);
    const drawn =
      stdout()
        .split('\n')
        .find((line) => line.includes('\r')) ?? '';
    const bars = drawn.split('\r\u001B[2K').slice(1);
    expect(bars.at(-1)).toMatch(/^\[#{24}\] 100% deployed/);
    for (const bar of bars) expect(bar.length).toBeLessThan(60);
  });

  it('ends with code 0 when it is stopped', async () => {
    const { io, stop, until, stdout } = createFakeIo({ self: [process.execPath, program] });
    const code = demo(io, []);
    await until('stdout', /^\[/m);
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
    expect(stdout).toContain('< Code: server_not_available\n');
  });
});
