import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy, reportFailure } from './following.js';
import { endBmc, freeMachine, lab, machine, pause, settings, untilStep } from './machine.js';

describe(`failures of a machine that boots which take minutes, and Ironic ${lab.version}`, () => {
  let session: McpSession;
  beforeAll(async () => {
    session = await openSession('v2', settings({ altered: { os_hash_value: '0'.repeat(64) } }));
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
  });

  test('a machine that gets no address fails with no_call_back', async () => {
    await freeMachine();
    const resume = pause('dhcp');
    try {
      const begun = Date.now();
      const { last } = await deploy(session, { image_id: lab.image, server_id: machine.name });
      await reportFailure('no DHCP', begun, last);
      expect(last).toMatchObject({ status: 'failed', failure: { code: 'no_call_back' } });
    } finally {
      resume();
    }
  });

  test('an image with another checksum fails with checksum_mismatch', async () => {
    await freeMachine();
    const begun = Date.now();
    const { last } = await deploy(session, { image_id: 'altered', server_id: machine.name });
    await reportFailure('a wrong checksum', begun, last);
    expect(last).toMatchObject({ status: 'failed', failure: { code: 'checksum_mismatch' } });
  });

  test('a BMC that goes away while the agent writes fails with power_or_bmc', async () => {
    await freeMachine();
    let restart: () => void = () => undefined;
    try {
      const begun = Date.now();
      const [{ last }] = await Promise.all([
        deploy(session, { image_id: lab.image, server_id: machine.name }),
        untilStep('write_image').then(() => {
          restart = endBmc();
        }),
      ]);
      await reportFailure('the BMC goes away while the agent writes', begun, last);
      expect(last).toMatchObject({ status: 'failed', failure: { code: 'power_or_bmc' } });
    } finally {
      restart();
    }
  });
});
