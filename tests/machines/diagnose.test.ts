import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DiagnoseResponse } from '../../src/core/requests.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy } from './following.js';
import { admin, cutPower, freeMachine, lab, machine, newDisk, pause, report, settings, untilStep } from './machine.js';

/** Nobody listens there, so no boot report ever comes. */
const nowhere = { IRONIC_MCP_BOOT_REPORT_URL: 'http://10.99.0.1:9/', IRONIC_MCP_ALLOW_REBOOT: 'true' };

describe(`what is wrong with a machine, and Ironic ${lab.version}`, () => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession('v2', { ...settings(), ...nowhere });
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  async function diagnose(): Promise<DiagnoseResponse> {
    const { data, text } = await session.callTool('diagnose_server', { server_id: machine.name });
    if (data === undefined) throw new Error(text);
    return data as unknown as DiagnoseResponse;
  }

  /** One row of the table. */
  function tell(truth: string, begun: number, { verdict, message, causes }: DiagnoseResponse): void {
    const each = causes.map(
      ({ code, evidence, ironic_error }) => `${code} [${evidence.join('; ')}] ${ironic_error ?? ''}`,
    );
    report(`truth: ${truth}`, begun, verdict, message, each.join(' + '));
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

  const codes = ({ causes }: DiagnoseResponse) => causes.map(({ code }) => code);
  const maintenance = `nodes/${machine.uuid}/maintenance`;

  test('is found for a machine that was deployed, whatever happens to it', async () => {
    await freeMachine();
    const begun = Date.now();
    const { last } = await deploy(session, { image_id: lab.image, server_id: machine.name });
    expect(last).toMatchObject({ status: 'completed', boot: 'waiting' });
    const { operation_id } = last;
    const well = await diagnose();
    tell('just deployed, nothing wrong', begun, well);
    expect(well).toMatchObject({ verdict: 'healthy', causes: [] });

    await cutPower();
    await newDisk('4G');
    const killed = await until('power_changed', 180);
    tell('killed while it ran', begun, killed);
    expect(codes(killed)).toEqual(['power_changed']);

    await admin.done('PUT', maintenance, { reason: 'bad DIMM' });
    const maintained = await diagnose();
    tell('in maintenance', begun, maintained);
    expect(codes(maintained)[0]).toBe('maintenance');
    await admin.done('DELETE', maintenance);

    const { text } = await session.callTool('reboot_server', {
      operation_id,
      confirm_server_name: machine.name,
      force: true,
    });
    report('reboot_server with force', begun, text);
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    const rebooted = await diagnose();
    tell('rebooted by us', begun, rebooted);
    expect(codes(rebooted)).toEqual(['power_changed']);

    const resume = pause('bmc');
    try {
      // Ironic 39 asks ten times, a minute each, before it notices. It holds no lock meanwhile.
      tell('the BMC hangs', begun, await until('power_or_bmc', 120));
    } finally {
      resume();
    }
    const silent = await until('no_boot_report', 1_200);
    tell('never booted, because its disk is empty', begun, silent);
    expect(codes(silent).at(-1)).toBe('no_boot_report');
  });

  test('is found for a machine whose agent is lost', async () => {
    await admin.done('DELETE', maintenance).catch(() => undefined);
    await freeMachine();
    const begun = Date.now();
    const [{ last }] = await Promise.all([
      deploy(session, { image_id: lab.image, server_id: machine.name }),
      untilStep('write_image')
        .then(cutPower)
        .then(async () => tell('killed while it writes, a moment ago', begun, await diagnose())),
    ]);
    expect(last.status).toBe('failed');
    const lost = await diagnose();
    tell('killed while it wrote, and Ironic has given up', begun, lost);
    expect(codes(lost)).toEqual(['agent_lost']);
  });
});
