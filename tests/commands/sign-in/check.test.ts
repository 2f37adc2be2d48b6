import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { check } from '../../../src/commands/check/check.js';
import { type CallersCloud, startCallersCloud } from '../../support/callers/callers-cloud.js';
import { createFakeIo } from '../../support/fake-io.js';
import { nowhere } from '../../support/nowhere.js';

describe('ironic-mcp check, where each caller signs in', () => {
  let cloud: CallersCloud;
  beforeAll(async () => {
    cloud = await startCallersCloud();
  });
  afterAll(() => cloud.close());

  async function run(env: Readonly<Record<string, string>>) {
    const { io, stdout } = createFakeIo({ env: { ...cloud.env, ...env } });
    return { code: await check(io, ['--json']), report: JSON.parse(stdout()) as Report };
  }

  it('sees that Keystone answers, and says what it could not check', async () => {
    const { code, report } = await run({});
    expect(code).toBe(0);
    const found = report.steps.filter(({ step }) => step === 'Keystone');
    expect(found.map(({ outcome }) => outcome)).toEqual(['ok', 'warning']);
    expect(found[0]?.detail).toBe(`answers at ${cloud.url}`);
    expect(found[1]?.detail).toContain('nothing behind the sign-in was checked');
    expect(report.steps.find(({ step }) => step === 'http')?.detail).toBe(
      'each caller signs in with a credential of its own',
    );
    expect(cloud.signIns).toEqual([]);
  });

  it('fails if Keystone does not answer, and names the setting', async () => {
    const { code, report } = await run({ OS_AUTH_URL: nowhere });
    expect(code).toBe(1);
    expect(report.steps.find(({ step }) => step === 'Keystone')).toMatchObject({
      outcome: 'failed',
      next: 'Check OS_AUTH_URL.',
    });
  });

  it('refuses what the server would refuse', async () => {
    const { code, report } = await run({ IRONIC_MCP_BOOT_REPORT_URL: 'http://10.0.0.1' });
    expect(code).toBe(78);
    expect(report.steps.at(-1)).toMatchObject({ step: 'http', outcome: 'failed' });
  });
});

interface Report {
  readonly steps: readonly { readonly step: string; readonly outcome: string; readonly detail: string }[];
}
