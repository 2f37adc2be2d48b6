import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localImages } from '../../support/local-images.js';
import { type ClientLine, clientLines, type McpSession, openSession, type User } from '../../support/mcp-session.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';
import { failureIn, provision } from '../../support/tool-answers.js';

const name = 'rack1-small-01';

/** A client of an Ironic in which a server has been deployed through it, and time stands still. */
async function deployed(
  line: ClientLine,
  settings: Record<string, string>,
  user: User | undefined,
  act: (session: McpSession, lab: { input: Record<string, unknown>; power(): Promise<unknown> }) => Promise<void>,
) {
  let now = Date.now();
  const ironic = await startSimulatedIronic({ clock: { now: () => now } });
  const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages, ...settings };
  const session = await openSession(line, env, [], user);
  try {
    const { operation_id } = await provision(session, { image_id: 'file:///images/debian.qcow2', server_id: name });
    now += 120_000;
    const power = async () => {
      const { target_power_state: target } = await ironic.node(name);
      now += 60_000;
      return target;
    };
    await act(session, { input: { operation_id, confirm_server_name: name }, power });
  } finally {
    await session.close();
    await ironic.close();
  }
}

const allowed = { IRONIC_MCP_ALLOW_REBOOT: 'true' };

describe.each(clientLines)('with a %s client', { concurrent: true }, (line: ClientLine) => {
  it('a server is rebooted if the operator allows it, and diagnose_server shows that its power changed', async () => {
    await deployed(line, allowed, undefined, async (session, { input, power }) => {
      const before = await session.callTool('diagnose_server', { server_id: name });
      expect(before.data).toMatchObject({ verdict: 'healthy', causes: [] });
      const { data } = await session.callTool('reboot_server', { ...input, force: true });
      expect(data).toMatchObject({ status: 'accepted', server_name: name });
      expect(await power()).toBe('power on');
      const after = await session.callTool('diagnose_server', { server_id: name });
      expect(after.data).toMatchObject({ verdict: 'unclear', causes: [{ code: 'power_changed' }] });
      const { operation_id } = input;
      const status = await session.callTool('check_provision_status', { operation_id });
      expect(status.data).toMatchObject({ status: 'completed' });
    });
  });

  it.each([{}, { ...allowed, IRONIC_MCP_READ_ONLY: 'true' }])('there is no such tool with %j', async (settings) => {
    const session = await openSession(line, settings);
    const names = (await session.listTools()).map((tool) => tool.name);
    expect(names).not.toContain('reboot_server');
    expect(names).toContain('diagnose_server');
    await session.close();
  });

  it('the user is asked first, and nothing is rebooted without a yes', async () => {
    const questions: string[] = [];
    const user: User = (question) => {
      questions.push(question);
      return questions.length === 1 ? { action: 'decline' } : { action: 'accept', content: { confirm: true } };
    };
    await deployed(line, allowed, user, async (session, { input, power }) => {
      expect(failureIn(await session.callTool('reboot_server', input)).join('\n')).toContain('Code: not_confirmed');
      expect(await power()).toBeNull();
      expect((await session.callTool('reboot_server', input)).data).toMatchObject({ status: 'accepted' });
      expect(questions[1]).toMatch(
        /^Reboot server rack1-small-01 \(deployment .*\)\? Everything that runs on it stops/,
      );
      expect(await power()).toBe('power on');
    });
  });

  it('the audit log records it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-'));
    const file = join(folder, 'audit.jsonl');
    await deployed(line, { ...allowed, IRONIC_MCP_AUDIT_LOG: file }, undefined, async (session, { input }) => {
      await session.callTool('reboot_server', input);
      const records = (await readFile(file, 'utf8')).trim().split('\n').slice(-2);
      expect(records.map((each) => JSON.parse(each))).toMatchObject([
        { phase: 'begin', operation: 'reboot_server', arguments: { ...input, force: false } },
        { phase: 'end', outcome: 'ok', status: 'accepted', operation_id: input.operation_id },
      ]);
    });
    await rm(folder, { recursive: true });
  });
});
