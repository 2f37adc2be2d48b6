import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Core } from '../../src/core/operation.js';
import type { BareMetal } from '../../src/core/ports.js';
import type { ProvisionStatus } from '../../src/core/requests.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { systemClock } from '../../src/local/clock.js';
import { administrator } from '../contract/lab.js';
import { openPolicy } from '../support/open-policy.js';
import { ironics } from './ironics.js';
import { bareMetalAt, coreAt, createStage, type Fate, image } from './staged-server.js';

const signal = new AbortController().signal;
const steps = ['deploy', 'write_image', 'prepare_instance_boot', 'boot_instance'];

describe.each(ironics)('on Ironic $version ($release)', ({ endpoint }) => {
  const admin = administrator(endpoint);
  const stage = createStage(admin);
  let core: Core;
  let bareMetal: BareMetal;
  beforeAll(async () => {
    core = await coreAt(endpoint);
    bareMetal = bareMetalAt(endpoint);
  });
  afterAll(() => stage.clear());

  async function start(fate: Fate): Promise<string> {
    const server_id = await stage.take(fate);
    const { operation_id } = await core.provision.provision({ image_id: image, server_id }, signal);
    return operation_id;
  }

  const wait = (operation_id: string) => core.status.status({ operation_id, wait_seconds: 50 }, signal);

  async function ended(operation_id: string): Promise<ProvisionStatus> {
    for (;;) {
      const status = await wait(operation_id);
      if (status.status !== 'in_progress') return status;
    }
  }

  async function hangs(id: string, step: string): Promise<void> {
    for (;;) {
      const { provision_state: state, deploy_step: current } = await admin.node(id);
      if (state === 'wait call-back' && (current as { step?: string }).step === step) return;
      expect(state).toMatch(/^(deploying|wait call-back)$/);
    }
  }

  test("a waiting call shows each of Ironic's own steps, and never goes back", async () => {
    const id = await start({ delay: 3 });
    const own: string[] = [];
    let over = false;
    const watching = (async () => {
      while (!over) {
        const { deploy_step: step, provision_state: state } = await admin.node(id);
        const name = (step as { step?: string } | null)?.step;
        if (name !== undefined && own.at(-1) !== `${name} in ${state}`) own.push(`${name} in ${state}`);
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
    })();

    const answers = [await core.status.status({ operation_id: id, wait_seconds: 0 }, signal)];
    while (answers.at(-1)?.status !== 'completed') answers.push(await wait(id));
    over = true;
    await watching;

    const shown = answers.flatMap(({ message, provision_state: state }) => {
      const step = /\(step \d of \d: (\w+)\)/.exec(message)?.[1];
      return step === undefined ? [] : [`${step} in ${state}`];
    });
    expect([...new Set(shown.map((each) => each.split(' ')[0]))]).toEqual(steps);
    // A look may miss a short step. But it shows no other steps, and no other order.
    expect(own.filter((each) => shown.includes(each))).toEqual(shown);
    expect([...new Set(own.map((each) => each.split(' ')[0]))]).toEqual(steps);
    expect(shown).toContain('write_image in wait call-back');

    const percents = answers.flatMap(({ progress_percent: percent }) => percent ?? []);
    expect(percents).toEqual(percents.toSorted((one, other) => one - other));
    const shares = [4, 40, 80, 98, 100];
    const reached = percents.flatMap((percent) => shares.findLast((share) => percent >= share) ?? []);
    expect([...new Set(reached)]).toEqual(shares);
    expect(new Set(answers.map(({ message }) => message)).size).toBe(answers.length);
  });

  describe('an arranged failure gets the right class', { concurrent: true }, () => {
    test.each<[Fate, string, string | null]>([
      [{ fail: 'deploy', message: 'IPMI call failed: power status' }, 'power_or_bmc', 'deploy'],
      [
        {
          fail: 'write_image',
          message:
            'Writing image to device /dev/sda failed with exit code 1. stdout: . stderr: No space left on device',
        },
        'no_space',
        'write_image',
      ],
      [
        {
          fail: 'write_image',
          message: 'Error verifying image checksum: Image failed to verify against checksum. location: /dev/sda',
        },
        'checksum_mismatch',
        'write_image',
      ],
      [
        {
          fail: 'write_image',
          message: 'Error downloading image: Download of image a.qcow2 failed: URL: http://images/a.qcow2',
        },
        'image_unreachable',
        'write_image',
      ],
      [
        { fail: 'prepare_instance_boot', message: 'Failed to create config drive on disk /dev/sda' },
        'config_drive',
        'prepare_instance_boot',
      ],
      [
        { fail: 'boot_instance', message: 'Failed to set node power state to power on' },
        'power_or_bmc',
        'boot_instance',
      ],
      [{ fail: 'boot_instance', message: 'no idea' }, 'other', 'boot_instance'],
      [{ fail_unexpected: 'deploy', message: "'NoneType' object is not subscriptable" }, 'other', 'deploy'],
      [
        { fail_unexpected: 'write_image', message: 'Connection to agent failed: timed out' },
        'agent_lost',
        'write_image',
      ],
      [
        { fail_unexpected: 'prepare_instance_boot', message: 'Timeout reached while waiting for callback for node 1' },
        'no_call_back',
        'prepare_instance_boot',
      ],
    ])('%j', async (fate, code, step) => {
      const id = await start({ delay: 0, ...fate });
      const status = await ended(id);
      expect(status).toMatchObject({ status: 'failed', provision_state: 'deploy failed', progress_percent: null });
      expect(status.failure).toMatchObject({ code, step });
      expect(status.failure?.ironic_error).toContain(fate.message);
      expect(Date.parse(status.completed_at ?? '')).toBeGreaterThanOrEqual(Date.parse(status.started_at ?? ''));

      // Newer releases wipe last_error as soon as the power is right. The record alone has the same error.
      const find: BareMetal['find'] = async (...asked) => {
        const server = await bareMetal.find(...asked);
        return server && { ...server, lastError: null };
      };
      const forgetful = createStatusService({
        policy: openPolicy,
        bareMetal: { ...bareMetal, find },
        clock: systemClock,
        random: Math.random,
      });
      await expect(forgetful.status({ operation_id: id, wait_seconds: 0 }, signal)).resolves.toEqual(status);
    });

    test('an undeployment that fails', async () => {
      const id = await start({ delay: 0, fail_teardown: true, message: 'no luck' });
      await expect(ended(id)).resolves.toMatchObject({ status: 'completed' });
      await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
      await admin.until(id, 'error');
      await expect(wait(id)).resolves.toMatchObject({
        status: 'failed',
        failure: { code: 'undeployment_failed', ironic_error: 'Failed to tear down: no luck' },
      });
    });
  });

  test.each([
    ['write_image', 16, 'the deployment agent has not called for 16 min; it usually calls within 15 min'],
    ['boot_instance', 21, 'the deployment agent has not called for 21 min; it usually calls within 20 min'],
  ])('a deployment that hangs in %s is not stalled yet, and %i minutes later it is', async (step, minutes, words) => {
    const id = await start({ delay: 0, hang: step });
    await hangs(id, step);
    const request = { operation_id: id, wait_seconds: 0 };
    const now = await core.status.status(request, signal);
    expect(now.message).not.toContain('stalled');

    const later = { ...bareMetal, now: () => bareMetal.now() + minutes * 60_000 + 30_000 };
    const waiting = createStatusService({
      policy: openPolicy,
      bareMetal: later,
      clock: systemClock,
      random: Math.random,
    });
    const { status, message, provision_state } = await waiting.status(request, signal);
    expect([status, provision_state]).toEqual(['in_progress', 'wait call-back']);
    expect(message).toContain(
      `It seems stalled: ${words}. By default Ironic gives up 30 min after the last sign of the agent`,
    );
  });
});
