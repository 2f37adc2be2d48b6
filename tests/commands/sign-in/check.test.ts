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
    return runIn({ ...cloud.env, ...env });
  }

  async function runIn(env: Readonly<Record<string, string>>) {
    const { io, stdout } = createFakeIo({ env });
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

  it('does not say that a deployment can be made, and shows no settings for a client over stdio', async () => {
    const { io, stdout } = createFakeIo({ env: cloud.env });
    expect(await check(io, [])).toBe(0);
    expect(stdout()).toMatch(
      /^Keystone answers\. Whether a deployment can be made depends on each caller\. Warnings: Keystone\.\n/,
    );
    expect(stdout()).not.toContain('"env"');
    expect((await run({})).report).not.toHaveProperty('env');
    const readOnly = createFakeIo({ env: { ...cloud.env, IRONIC_MCP_READ_ONLY: 'true' } });
    await check(readOnly.io, []);
    expect(readOnly.stdout()).toMatch(/^Keystone answers\. The rules allow no deployment\./);
  });

  it('names a command that sees everything with the credential of one caller', async () => {
    const ann = cloud.person('ann', 'red');
    const env = { ...cloud.env, IRONIC_MCP_HTTP_BEHIND_TLS: 'true' };
    const [, warning] = (await runIn(env)).report.steps.filter(({ step }) => step === 'Keystone');
    const [, unset = '', set = ''] = warning?.command?.match(/^\(unset ([\w ]+); ([\w= ]+) ironic-mcp check\)$/) ?? [];
    const kept = Object.entries(env).filter(([name]) => !unset.split(' ').includes(name));
    const added = set.split(' ').map((each) => each.replace('=ID', `=${ann.id}`).replace('=SECRET', `=${ann.secret}`));
    const { code, report } = await runIn(Object.fromEntries([...kept, ...added.map((each) => each.split('='))]));
    expect(code).toBe(0);
    expect(report.steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['sign-in and catalog', 'Ironic']));
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
  readonly steps: readonly {
    readonly step: string;
    readonly outcome: string;
    readonly detail: string;
    readonly command?: string;
  }[];
}
