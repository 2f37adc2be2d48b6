import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localImages } from '../../support/local-images.js';
import {
  type ClientLine,
  clientLines,
  type McpSession,
  openSession,
  type ToolAnswer,
  type User,
} from '../../support/mcp-session.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';
import { failureIn, finished, provision } from '../../support/tool-answers.js';

const env = { IRONIC_MCP_ALLOW_DEPROVISION: 'true', IRONIC_MCP_SIM_SPEED: '2000' };
const image = { image_id: 'debian-12', server_id: 'rack1-small-01' };

/** A deployed server, and one who undeploys it. */
async function deployed(session: McpSession, image_id = image.image_id) {
  const accepted = await provision(session, { ...image, image_id });
  await finished(session, accepted);
  return {
    ...accepted,
    deprovision: (confirm_server_name = 'rack1-small-01') =>
      session.callTool('deprovision_server', { operation_id: accepted.operation_id, confirm_server_name }),
  };
}

/** A failed answer by its code and its lines. */
function refusalIn(answer: ToolAnswer) {
  const [message = '', ...lines] = failureIn(answer);
  const of = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { message, code: of('Code'), reason: of('Reason'), retryable: of('Retryable') };
}

/** Answers every question alike, and remembers them. */
function user(answer: ReturnType<User>) {
  const questions: string[] = [];
  return {
    questions,
    answer: (question: string) => {
      questions.push(question);
      return answer;
    },
  };
}

async function withSession<Result>(
  line: ClientLine,
  asked: User | undefined,
  settings: Record<string, string>,
  act: (session: McpSession) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(line, settings, [], asked);
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}

describe.each(clientLines)('with a %s client', { concurrent: true }, (line: ClientLine) => {
  it('there is no such tool unless the operator allows it', async () => {
    await withSession(line, undefined, {}, async (session) => {
      expect((await session.listTools()).map(({ name }) => name)).not.toContain('deprovision_server');
      await expect(session.callTool('deprovision_server', {})).rejects.toThrow(/not found/);
    });
  });

  it('the tool is marked as destructive', async () => {
    await withSession(line, undefined, env, async (session) => {
      const tool = (await session.listTools()).find(({ name }) => name === 'deprovision_server');
      expect(tool?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true, idempotentHint: true });
    });
  });

  it('that cannot ask its user, the name of the server is enough, and the status shows the progress', async () => {
    await withSession(line, undefined, env, async (session) => {
      const { deprovision, operation_id, deployment_id } = await deployed(session);
      const { data } = await deprovision();
      expect(data).toMatchObject({
        operation_id,
        server_id: operation_id,
        server_name: 'rack1-small-01',
        status: 'accepted',
        deployment_id,
        message: expect.stringMatching(/^Simulated: Undeployment of server rack1-small-01 has started\./),
      });
      const { text } = await session.callTool('check_provision_status', { operation_id });
      expect(text).toMatch(/Reason: its state is (deleting|cleaning|clean wait|available): .*\n/);
      expect(refusalIn(await session.callTool('check_provision_status', { operation_id }))).toMatchObject({
        code: 'operation_not_found',
      });
    });
  });

  it('a wrong name is refused, and the right one is not revealed', async () => {
    await withSession(line, undefined, env, async (session) => {
      const { deprovision, operation_id } = await deployed(session);
      const answer = await deprovision('rack1-small-02');
      expect(refusalIn(answer)).toMatchObject({ message: 'Not confirmed', code: 'not_confirmed' });
      expect(answer.text).not.toContain('rack1-small-01');
      const { data } = await session.callTool('check_provision_status', { operation_id });
      expect(data).toMatchObject({ status: 'completed' });
    });
  });

  it('whose user agrees, the server that the user saw is undeployed', async () => {
    const { questions, answer } = user({ action: 'accept', content: { confirm: true } });
    await withSession(line, answer, env, async (session) => {
      const { deprovision, deployment_id } = await deployed(session);
      expect((await deprovision()).data).toMatchObject({ status: 'accepted', deployment_id });
      expect(questions).toEqual([
        expect.stringMatching(
          new RegExp(
            `^Simulated: Undeploy server rack1-small-01 \\(deployment ${deployment_id}: image debian-12, .*\\)\\? `,
          ),
        ),
      ]);
      // Nobody is asked again for what is under way or over.
      const { text } = await deprovision();
      expect(text).toMatch(/"status":"(in_progress|completed)"/);
      expect(questions).toHaveLength(1);
    });
  });

  it('whose user does not agree, nothing is changed', async () => {
    const replies = [
      [{ action: 'decline' }, 'the user did not agree'],
      [{ action: 'cancel' }, 'the user gave no answer'],
      [{ action: 'accept', content: { confirm: false } }, 'the user did not agree'],
      [{ action: 'accept' }, 'the user did not agree'],
    ] as const;
    const left = [...replies];
    const answer: User = () => left.shift()?.[0] ?? { action: 'accept', content: { confirm: true } };
    await withSession(line, answer, env, async (session) => {
      const { deprovision, operation_id } = await deployed(session);
      for (const [, reason] of replies) {
        expect(refusalIn(await deprovision())).toMatchObject({ code: 'not_confirmed', reason, retryable: 'no' });
      }
      expect(left).toEqual([]);
      const { data } = await session.callTool('check_provision_status', { operation_id });
      expect(data).toMatchObject({ status: 'completed' });
    });
  });

  it('the user is not asked about a call that is refused anyway', async () => {
    const { questions, answer } = user({ action: 'accept', content: { confirm: true } });
    await withSession(line, answer, env, async (session) => {
      const { deprovision } = await deployed(session);
      expect(refusalIn(await deprovision('rack1'))).toMatchObject({ code: 'not_confirmed' });
      expect(questions).toEqual([]);
    });
  });

  it('consent counts only for the deployment that the user saw', async () => {
    const ironic = await startSimulatedIronic({ clock: { now: Date.now }, speed: 2_000 });
    const settings = { ...env, OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages };
    const later = 'aaaaaaaa-0000-4000-8000-000000000001';
    const questions: string[] = [];
    // While the user thinks about the first question, the server gets another deployment.
    const slow: User = async (question) => {
      questions.push(question);
      if (questions.length > 1) return { action: 'decline' };
      const { instance_uuid: first, instance_info: info } = await ironic.node('rack1-small-01');
      const entries = info.ironic_mcp as Record<string, unknown>;
      const value = { ...info, ironic_mcp: { [later]: entries[first ?? ''] } };
      await ironic.ask('PATCH', '/v1/nodes/rack1-small-01', [{ op: 'remove', path: '/instance_uuid' }]);
      await ironic.ask('PATCH', '/v1/nodes/rack1-small-01', [
        { op: 'add', path: '/instance_uuid', value: later },
        { op: 'add', path: '/instance_info', value },
      ]);
      return { action: 'accept', content: { confirm: true } };
    };
    await withSession(line, slow, settings, async (session) => {
      const { deprovision, deployment_id } = await deployed(session, 'file:///images/debian.qcow2');
      expect(refusalIn(await deprovision())).toMatchObject({ code: 'not_confirmed' });
      expect(questions).toEqual([expect.stringContaining(String(deployment_id)), expect.stringContaining(later)]);
      expect((await ironic.node('rack1-small-01')).provision_state).toBe('active');
    });
    await ironic.close();
  });

  it('cleaning that the operator started is not an undeployment', async () => {
    const ironic = await startSimulatedIronic();
    const settings = { ...env, OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages };
    const { uuid } = await ironic.node('rack3-gpu-03');
    await ironic.ask('PUT', `/v1/nodes/${uuid}/states/provision`, {
      target: 'clean',
      clean_steps: [{ interface: 'deploy', step: 'erase_devices_metadata' }],
    });
    await withSession(line, undefined, settings, async (session) => {
      const input = { operation_id: uuid, confirm_server_name: 'rack3-gpu-03' };
      expect(refusalIn(await session.callTool('deprovision_server', input))).toMatchObject({
        code: 'operation_not_found',
        reason: 'its state is cleaning: being cleaned on the order of an operator',
      });
      const request = { image_id: 'file:///images/debian.qcow2', server_id: uuid };
      expect(refusalIn(await session.callTool('provision_server', request))).toMatchObject({
        code: 'server_not_available',
        retryable: 'no',
      });
    });
    await ironic.close();
  });

  it('a deployment that waits for its agent can be cancelled', async () => {
    let now = Date.now();
    const ironic = await startSimulatedIronic({ clock: { now: () => now } });
    const settings = { ...env, OS_AUTH_TYPE: 'none', OS_ENDPOINT: ironic.url, ...localImages };
    await withSession(line, undefined, settings, async (session) => {
      const { uuid } = await ironic.node('rack1-small-01');
      await ironic.ask('PATCH', `/v1/nodes/${uuid}`, [{ op: 'add', path: '/extra/sim', value: { hang: 'deploy' } }]);
      const { operation_id } = await provision(session, { ...image, image_id: 'file:///images/debian.qcow2' });
      now += 10_000;
      const { data } = await session.callTool('check_provision_status', { operation_id });
      expect(data).toMatchObject({ provision_state: 'wait call-back' });
      const input = { operation_id, confirm_server_name: 'rack1-small-01' };
      expect((await session.callTool('deprovision_server', input)).data).toMatchObject({ status: 'accepted' });
      expect((await ironic.node(uuid)).provision_state).toBe('deleting');
    });
    await ironic.close();
  });

  it('the audit log records it, and no secret of the deployment appears anywhere', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-'));
    const file = join(folder, 'audit.jsonl');
    const password = 'correct-horse-battery-staple';
    const { questions, answer } = user({ action: 'accept', content: { confirm: true } });
    await withSession(line, answer, { ...env, IRONIC_MCP_AUDIT_LOG: file }, async (session) => {
      const accepted = await provision(session, { ...image, config_drive: { user_data: `#!/bin/sh\n# ${password}` } });
      await finished(session, accepted);
      const input = { operation_id: accepted.operation_id, confirm_server_name: 'rack1-small-01' };
      const { text } = await session.callTool('deprovision_server', input);
      const log = await readFile(file, 'utf8');
      const records = log
        .trim()
        .split('\n')
        .map((each) => JSON.parse(each) as Record<string, unknown>);
      const { deployment_id } = accepted;
      expect(records.filter(({ operation }) => operation === 'deprovision_server')).toMatchObject([
        { phase: 'begin', arguments: input },
        { phase: 'end', outcome: 'ok', status: 'accepted', deployment_id },
      ]);
      expect([text, log, session.stderr(), ...questions].join()).not.toContain(password);
    });
    await rm(folder, { recursive: true });
  });

  it('a deployment of somebody else is left alone', async () => {
    await withSession(line, undefined, env, async (session) => {
      const ironic = await startSimulatedIronic();
      const { uuid } = await ironic.node('rack1-small-04');
      await ironic.close();
      const answer = await session.callTool('deprovision_server', {
        operation_id: uuid,
        confirm_server_name: 'rack1-small-04',
      });
      expect(refusalIn(answer)).toMatchObject({
        code: 'not_permitted',
        reason: expect.stringContaining('IRONIC_MCP_DEPROVISION_FOREIGN'),
      });
    });
  });
});
