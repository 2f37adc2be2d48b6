import { describe, expect, it } from 'vitest';
import { bootDigestOf } from '../../../src/core/boot/phone-home.js';
import { freeServer, lostRequest, script, uuid } from '../fake-bare-metal.js';
import type { Setup } from '../setup.js';
import { setup } from '../setup.js';

const bootReportUrl = 'http://10.0.0.1:7386';
const byId = { server_id: 'bm-1' };

/** The tokens that the machine got, one for each deployment. */
function tokensIn({ bareMetal }: Setup): string[] {
  return bareMetal.deployments.map(({ configDrive }) => {
    const [, token = ''] =
      new RegExp(`${bootReportUrl}/${uuid(1)}/([\\w-]{43})`).exec(JSON.stringify(configDrive)) ?? [];
    return token;
  });
}

const expectedBy = ({ bareMetal }: Setup) => bareMetal.servers.get(uuid(1))?.entry?.expected?.digest;

describe('a deployment whose machine reports', () => {
  it('gives the machine a token, and keeps only its digest on the node', async () => {
    const lab = setup({ bootReportUrl });
    const { message } = await lab.provision({ ...byId, config_drive: { vendor_data: { site: 'a' } } });
    const [token = ''] = tokensIn(lab);
    expect(expectedBy(lab)).toBe(bootDigestOf(token));
    expect(lab.bareMetal.deployments).toMatchObject([{ configDrive: { vendor_data: { site: 'a' } } }]);
    expect(message).not.toContain('boot report');
    expect(JSON.stringify([message, [...lab.bareMetal.servers]])).not.toContain(token);
  });

  it('warns if the config drive has a phone_home of its own', async () => {
    const { message } = await setup({ bootReportUrl }).provision({
      ...byId,
      config_drive: { phone_home: { url: 'x' } },
    });
    expect(message).toContain(
      'The machine may send no boot report, because the config drive has a phone_home of its own.',
    );
  });

  it('still warns that nobody may be able to log in', async () => {
    expect((await setup({ bootReportUrl }).provision(byId)).message).toContain('Nobody may be able to log in');
  });

  it('is the same request with and without boot reports', async () => {
    const [lab, plain] = [setup({ bootReportUrl }), setup()];
    for (const each of [lab, plain]) await each.provision({ ...byId, idempotency_key: 'k' });
    const digests = [lab, plain].map(({ bareMetal }) => bareMetal.servers.get(uuid(1))?.entry?.digest);
    expect(digests[0]).toBe(digests[1]);
    const again = await lab.provision({ ...byId, idempotency_key: 'k' });
    expect(again.status).toBe('in_progress');
  });

  it('has a new token when it is deployed again in place', async () => {
    const lab = setup({ bootReportUrl });
    await lab.provision({ ...byId, idempotency_key: 'k' });
    lab.bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
    await lab.provision({ ...byId, idempotency_key: 'k', retry_failed: true });
    const [first, second = ''] = tokensIn(lab);
    expect(second).not.toBe(first);
    expect(expectedBy(lab)).toBe(bootDigestOf(second));
  });

  it('has the token of the reservation if a later call goes on with it, so that a late start does no harm', async () => {
    const key = { ...byId, idempotency_key: 'k' };
    const lab = setup({ bootReportUrl, misbehave: script({ deploy: Array(4).fill(lostRequest) }) });
    expect(await lab.failure(key)).toMatchObject({ code: 'outcome_unknown' });
    const promised = expectedBy(lab);
    await lab.provision(key);
    expect(expectedBy(lab)).toBe(promised);
    expect(tokensIn(lab).map(bootDigestOf)).toEqual([promised]);
  });

  it('has no token without the setting, or if vendor data cannot be extended', async () => {
    for (const [options, config_drive] of [
      [{}, { user_data: '#!/bin/sh' }],
      [{ bootReportUrl }, { vendor_data: { 'cloud-init': {} } }],
    ] as const) {
      const lab = setup({ servers: [freeServer(1)], ...options });
      await lab.provision({ ...byId, config_drive });
      expect(expectedBy(lab)).toBeUndefined();
      expect(lab.bareMetal.deployments).toMatchObject([{ configDrive: config_drive }]);
      expect(JSON.stringify(lab.bareMetal.deployments)).not.toContain('phone_home');
    }
  });
});
