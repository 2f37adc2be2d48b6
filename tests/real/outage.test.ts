import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { ProvisionStatus } from '../../src/core/requests.js';
import { administrator } from '../contract/lab.js';
import { clientLines, openSession } from '../support/mcp-session.js';
import { ironics } from './ironics.js';
import type { RealIronic } from './setup.js';
import { coreAt, createStage, image } from './staged-server.js';

const run = promisify(execFile);
const lab = 'tests/real/ironic/ironic_lab.py';
const signal = new AbortController().signal;

/** Starts an Ironic again on its database and its port, by default with its first settings. */
async function restart({ release, state }: RealIronic, ...options: string[]): Promise<void> {
  const args = [lab, 'up', '--release', release, '--nodes', '40', '--state', state, '--deploy-delay', '0'];
  await run('python3', [...args, '--keep-database', ...options]);
}

const stages = new Map(ironics.map((ironic) => [ironic, createStage(administrator(ironic.endpoint))]));
afterAll(() => Promise.all([...stages.values()].map((stage) => stage.clear())));

// The two releases run each test at the same time.
describe('Ironics that are killed and come back', () => {
  test.concurrent.each(ironics)(
    '$version ($release) tell a hundred who wait in time how their deployments stand, and then how they ended',
    async (ironic) => {
      const { endpoint, state } = ironic;
      const stage = stages.get(ironic) ?? createStage(administrator(endpoint));
      const admin = administrator(endpoint);
      const core = await coreAt(endpoint);
      const start = async (fate: object) => {
        const server_id = await stage.take(fate);
        return (await core.provision.provision({ image_id: image, server_id }, signal)).operation_id;
      };
      const ask = (operation_id: string) => core.status.status({ operation_id, wait_seconds: 50 }, signal);
      const inStep = await start({ delay: 60 });
      const waiting = await start({ delay: 0, hang: 'write_image' });
      await admin.until(waiting, 'wait call-back');
      for (const id of [inStep, waiting]) {
        // After the first steps, so that only the outage can end a wait.
        let last: string | undefined;
        for (let now = ''; now !== last; ) {
          last = now;
          now = (await core.status.status({ operation_id: id, wait_seconds: 3 }, signal)).message;
        }
      }

      const asked = [inStep, waiting].map((operation_id) =>
        Array.from({ length: 50 }, () =>
          reporting((report) => core.status.status({ operation_id, wait_seconds: 50 }, signal, report)),
        ),
      );
      const sessions = await Promise.all(
        clientLines.map((line) => openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint })),
      );
      const input = { operation_id: waiting, wait_seconds: 50 };
      const overMcp = sessions.map((session) =>
        reporting((onprogress) => session.callTool('check_provision_status', input, { timeout: 300_000, onprogress })),
      );
      // A wait goes on without Ironic only if it has seen the server.
      await Promise.all([...asked.flat(), ...overMcp].map(({ looked }) => looked));
      await run('python3', [lab, 'down', '--state', state, '--kill']);
      await delay(30_000);
      await restart(ironic, '--callback-timeout', '10');

      const inProgress = { status: 'in_progress', failure: null };
      const failed = (code: string) => ({ status: 'failed', failure: { code } });
      const [ofStep = [], ofWaiting = []] = await Promise.all(
        asked.map((waits) => Promise.all(waits.map(({ answer }) => answer))),
      );
      for (const status of ofStep) expect([inProgress, failed('conductor_restarted')]).toContainEqual(gist(status));
      for (const status of ofWaiting) expect([inProgress, failed('no_call_back')]).toContainEqual(gist(status));
      for (const { isError, text } of await Promise.all(overMcp.map(({ answer }) => answer)))
        expect(isError, text).toBe(false);
      await Promise.all(sessions.map((session) => session.close()));

      const ended = async (id: string): Promise<ProvisionStatus> => {
        const status = await ask(id);
        return status.status === 'in_progress' ? ended(id) : status;
      };
      const [killed, overdue] = await Promise.all([ended(inStep), ended(waiting)]);
      expect(gist(killed)).toEqual(failed('conductor_restarted'));
      expect(killed.failure?.ironic_error).toMatch(/^The deploying state can't be resumed by conductor/);
      expect(gist(overdue)).toEqual(failed('no_call_back'));
      expect(overdue.failure?.ironic_error).toBe(`Timeout reached while waiting for callback for node ${waiting}`);

      // The hint is true: the same deployment succeeds on the same server.
      await admin.patch(inStep, { op: 'replace', path: '/extra/staged', value: { delay: 0 } });
      const retried = { image_id: image, server_id: inStep, retry_failed: true };
      await expect(core.provision.provision(retried, signal)).resolves.toMatchObject({ status: 'accepted' });
      await expect(ended(inStep)).resolves.toMatchObject({ status: 'completed', operation_id: inStep });

      await run('python3', [lab, 'down', '--state', state]);
      await restart(ironic);
    },
    600_000,
  );
});

describe('Ironics that do not answer for thirty seconds', () => {
  test.concurrent.each(ironics)(
    '$version ($release) let a hundred who wait hear of the end',
    async (ironic) => {
      const { endpoint, state } = ironic;
      const stage = stages.get(ironic) ?? createStage(administrator(endpoint));
      const core = await coreAt(endpoint);
      const server_id = await stage.take({ delay: 4 });
      const { operation_id } = await core.provision.provision({ image_id: image, server_id }, signal);
      const ended = async (): Promise<ProvisionStatus> => {
        const status = await core.status.status({ operation_id, wait_seconds: 50 }, signal);
        return status.status === 'in_progress' ? ended() : status;
      };
      const answers = Promise.all(Array.from({ length: 100 }, ended));
      await delay(3_000);
      const group = -Number(await readFile(`${state}/pid`, 'utf8'));
      process.kill(group, 'SIGSTOP');
      await delay(30_000);
      process.kill(group, 'SIGCONT');
      for (const status of await answers) expect(gist(status)).toEqual({ status: 'completed', failure: null });
    },
    600_000,
  );
});

/** Begins a wait. `looked` resolves when it has looked at the server for the first time, or has ended. */
function reporting<Answer>(begin: (report: () => void) => Promise<Answer>) {
  let report: () => void = () => undefined;
  const reported = new Promise<void>((resolve) => {
    report = resolve;
  });
  const answer = begin(() => report());
  return { answer, looked: Promise.race([reported, answer]) };
}

function gist({ status, failure }: ProvisionStatus) {
  return { status, failure: failure && { code: failure.code } };
}
