import { describe, expect, test } from 'vitest';
import type { Cloud, Env } from './cloud.js';

interface Step {
  readonly step: string;
  readonly outcome: string;
  readonly detail: string;
  readonly next?: string;
}

type Case = readonly [who: string, env: (cloud: Cloud) => Env | Promise<Env>, failing: string, detail: RegExp];

const failing: readonly Case[] = [
  ['a member, who sees nothing', ({ openrc }) => openrc('member'), 'servers', /^none can be seen$/],
  [
    'a reader of the system, who may change nothing',
    ({ openrc }) => openrc('system_reader'),
    'rights',
    /^this account may not reserve \S+: Access was denied/,
  ],
  [
    'a wrong password',
    ({ openrc }) => ({ ...openrc('provisioner'), OS_PASSWORD: 'wrong-password' }),
    'sign-in and catalog',
    /^Keystone refused the sign-in .* OS_PASSWORD and OS_PROJECT_NAME is wrong/,
  ],
  [
    'an unknown CA',
    ({ openrc, tls }) => ({ ...openrc('provisioner'), OS_AUTH_URL: tls.https.auth_url }),
    'sign-in and catalog',
    /set OS_CACERT to the file of that CA$/,
  ],
  [
    'a region without Ironic',
    ({ openrc, region_without_baremetal: region }) => ({ ...openrc('provisioner'), OS_REGION_NAME: region }),
    'sign-in and catalog',
    /check OS_REGION_NAME and OS_INTERFACE$/,
  ],
];

const ready: readonly (readonly [who: string, env: (cloud: Cloud) => Env | Promise<Env>])[] = [
  ['a password', ({ openrc }) => openrc('provisioner')],
  ['a user of the system', ({ openrc }) => openrc('system_admin')],
  [
    'an application credential',
    ({ auth_url, application_credential }) => ({
      OS_AUTH_URL: auth_url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: application_credential.id,
      OS_APPLICATION_CREDENTIAL_SECRET: application_credential.secret,
    }),
  ],
  [
    'a token',
    async ({ auth_url, users, token }) => ({
      OS_AUTH_URL: auth_url,
      OS_TOKEN: await token(users.provisioner),
      OS_PROJECT_NAME: 'demo',
    }),
  ],
];

export function checkOfSettings(cloud: () => Cloud): void {
  async function checked(env: Env) {
    const { code, stdout } = await cloud().run(env, ['check', '--json']);
    const { ready: isReady, steps } = JSON.parse(stdout) as { ready: boolean; steps: readonly Step[] };
    return { code, isReady, steps };
  }

  describe('ironic-mcp check', () => {
    test.each(ready)('says with %s that a deployment can be made', async (_, env) => {
      const before = await cloud().changes();
      const { code, isReady, steps } = await checked(await env(cloud()));
      expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      expect({ code, isReady }).toEqual({ code: 0, isReady: true });
      // It tries the rights with requests that change nothing.
      expect((await cloud().changes()).slice(before.length).filter((line) => !line.startsWith('PATCH '))).toEqual([]);
    });

    test.each(failing)('says with %s what is wrong', async (_, env, step, detail) => {
      const { code, isReady, steps } = await checked(await env(cloud()));
      expect({ code, isReady }).toEqual({ code: 1, isReady: false });
      expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([
        expect.objectContaining({ step, detail: expect.stringMatching(detail), next: expect.any(String) }),
      ]);
    });
  });
}
