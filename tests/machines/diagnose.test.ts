import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiagnoseResponse, ProvisionStatus } from '../../src/core/requests.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy } from './following.js';
import { admin, cutPower, endBmc, freeMachine, lab, machine, pause, report, settings, untilStep } from './machine.js';

/** Nobody listens there, so no boot report ever comes. */
const nowhere = { IRONIC_MCP_BOOT_REPORT_URL: 'http://10.99.0.1:9/', IRONIC_MCP_ALLOW_REBOOT: 'true' };

describe(`what is wrong with a machine, and Ironic ${lab.version}`, () => {
  let session: McpSession;
  beforeAll(async () => {
    const broken = join(lab.files, 'broken.qcow2');
    copyFileSync(join(lab.files, 'debian.qcow2'), broken);
    // Where the file system begins that the boot loader looks for: see lab/build/image.sh.
    execFileSync('qemu-io', ['-f', 'qcow2', '-c', 'write -z 41M 64k', broken]);
    const os_hash_value = createHash('sha256').update(readFileSync(broken)).digest('hex');
    const source = `${lab.images}/broken.qcow2`;
    session = await openSession('v2', { ...settings({ broken: { source, os_hash_value } }), ...nowhere });
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  async function diagnose(): Promise<DiagnoseResponse> {
    const { data, text } = await session.callTool('diagnose_server', { server_id: machine.name });
    if (data === undefined) throw new Error(text);
    return data as unknown as DiagnoseResponse;
  }

  const status = async () => {
    const { data } = await session.callTool('check_provision_status', { operation_id: machine.uuid });
    return data as ProvisionStatus;
  };

  /** One row of the table, and a line for each cause. */
  async function tell(truth: string, begun: number, { verdict, message, causes }: DiagnoseResponse): Promise<void> {
    const { boot, failure } = await status();
    report(`truth: ${truth}`, begun, verdict, message, `boot ${boot}`, `retry ${failure?.retry ?? '-'}`);
    for (const { code, evidence, hint, ironic_error } of causes) {
      report('  cause', begun, code, evidence.join('; '), hint, ironic_error ?? '-');
    }
  }

  /** Asks until a cause is found; the last answer if it is not found in so many seconds. */
  async function until(code: string, seconds: number): Promise<DiagnoseResponse> {
    const deadline = Date.now() + seconds * 1_000;
    for (;;) {
      const answer = await diagnose();
      if (answer.causes.some((cause) => cause.code === code) || Date.now() > deadline) return answer;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }

  /** Waits until Ironic has changed the power of the machine and holds no lock. */
  async function settled(): Promise<void> {
    for (;;) {
      const { reservation, target_power_state } = await admin.node(machine.uuid);
      if (reservation === null && target_power_state === null) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  const codes = ({ causes }: DiagnoseResponse) => causes.map(({ code }) => code);
  const maintenance = `nodes/${machine.uuid}/maintenance`;

  test('is found for a machine that never boots', async () => {
    await freeMachine();
    const begun = Date.now();
    const { last } = await deploy(session, { image_id: 'broken', server_id: machine.name });
    expect(last).toMatchObject({ status: 'completed', boot: 'waiting' });
    const silent = await until('no_boot_report', 1_200);
    await tell('never booted, because the image has no file system', begun, silent);
    expect.soft(codes(silent)).toEqual(['no_boot_report']);
    expect.soft(silent.verdict).toBe('unclear');
    expect(await status()).toMatchObject({ status: 'completed', boot: 'waiting', booted_at: null, failure: null });
  });

  test('is found for a machine that was deployed, whatever happens to it', async () => {
    await freeMachine();
    const begun = Date.now();
    const { last } = await deploy(session, { image_id: lab.image, server_id: machine.name });
    expect(last).toMatchObject({ status: 'completed', boot: 'waiting' });
    const { operation_id } = last;
    const well = await diagnose();
    await tell('just deployed, nothing wrong', begun, well);
    expect.soft(well).toMatchObject({ verdict: 'healthy', causes: [] });

    await cutPower();
    const noticed = await until('power_changed', 180);
    await tell('killed while it ran, a moment ago', begun, noticed);
    // Ironic may be about to switch it on again.
    expect.soft(codes(noticed).at(-1)).toBe('power_changed');
    await settled();
    const killed = await diagnose();
    await tell('killed while it ran, and switched on again by Ironic', begun, killed);
    expect.soft(codes(killed)).toEqual(['power_changed']);

    await admin.done('PUT', maintenance, { reason: 'bad DIMM' });
    const maintained = await diagnose();
    await tell('in maintenance', begun, maintained);
    expect.soft(codes(maintained)[0]).toBe('maintenance');
    await admin.done('DELETE', maintenance);

    const reboot = async () => {
      const named = { operation_id, confirm_server_name: machine.name };
      const { text } = await session.callTool('reboot_server', { ...named, force: true });
      report('reboot_server with force', begun, text);
    };
    await reboot();
    await settled();
    const rebooted = await diagnose();
    await tell('rebooted by us', begun, rebooted);
    expect.soft(codes(rebooted)).toEqual(['power_changed']);

    const resume = pause('bmc');
    try {
      const asked = admin.ask('GET', `nodes/${machine.uuid}/management/boot_device`);
      const locked = await until('locked', 60);
      await tell('the BMC hangs, and somebody has asked it for the boot device', begun, locked);
      expect.soft(codes(locked)[0]).toBe('locked');
      resume();
      await asked;
      await settled();
      pause('bmc');
      await reboot();
      const changing = await until('power_changing', 60);
      await tell('the BMC hangs, and we have asked for a reboot', begun, changing);
      expect.soft(codes(changing)[0]).toBe('power_changing');
    } finally {
      resume();
    }
    await settled();

    const restart = endBmc();
    try {
      const dead = await until('power_or_bmc', 900);
      await tell('the BMC refuses connections', begun, dead);
      expect.soft(codes(dead).slice(0, 2)).toEqual(['power_or_bmc', 'maintenance']);
    } finally {
      restart();
    }
    // Ironic looks every five minutes whether the BMC answers again.
    while ((await admin.node(machine.uuid)).maintenance) await new Promise((resolve) => setTimeout(resolve, 2_000));
    const recovered = await diagnose();
    await tell('the BMC answers again', begun, recovered);
    expect.soft(codes(recovered)).toEqual(['power_changed']);
  });

  test('is found for a machine whose agent is lost', async () => {
    await admin.done('DELETE', maintenance).catch(() => undefined);
    await freeMachine();
    const begun = Date.now();
    const killed = async () => {
      await untilStep('write_image');
      await cutPower();
      await tell('killed while it writes, a moment ago', begun, await diagnose());
      const silent = await until('agent_lost', 600);
      await tell('killed while it writes, and Ironic still waits', begun, silent);
      return silent;
    };
    const [{ last }, silent] = await Promise.all([
      deploy(session, { image_id: lab.image, server_id: machine.name }),
      killed(),
    ]);
    expect(silent).toMatchObject({ provision_state: 'wait call-back', causes: [{ code: 'agent_lost' }] });
    expect(last.status).toBe('failed');
    const lost = await diagnose();
    await tell('killed while it wrote, and Ironic has given up', begun, lost);
    expect(codes(lost)).toEqual(['agent_lost']);
  });
});
