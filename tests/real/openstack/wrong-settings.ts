import { describe, expect, test } from 'vitest';
import { nowhere } from '../../support/nowhere.js';
import { failureIn } from '../../support/tool-answers.js';
import type { Cloud, Env } from './cloud.js';

interface Wrong {
  readonly what: string;
  readonly env: (cloud: Cloud) => Env | Promise<Env>;
  readonly reason: string | ((cloud: Cloud) => string);
  readonly image?: string;
}

const provisioner = (more: Env | ((cloud: Cloud) => Env)) => (cloud: Cloud) => ({
  ...cloud.openrc('provisioner'),
  ...(typeof more === 'function' ? more(cloud) : more),
});

const token = async ({ auth_url }: Cloud, value: string | Promise<string>) => ({
  OS_AUTH_URL: auth_url,
  OS_TOKEN: await value,
  OS_PROJECT_NAME: 'demo',
});

const applicationCredential = ({ auth_url }: Cloud, id: string): Env => ({
  OS_AUTH_URL: auth_url,
  OS_AUTH_TYPE: 'v3applicationcredential',
  OS_APPLICATION_CREDENTIAL_ID: id,
  OS_APPLICATION_CREDENTIAL_SECRET: 'wrong-secret',
});

/** Keystone's own words, which do not say why. */
const refused =
  'Keystone refused the sign-in (HTTP status 401: "The request you have made requires authentication."); one of OS_USERNAME, OS_USER_DOMAIN_NAME, OS_PASSWORD and OS_PROJECT_NAME is wrong, or the user has no role in that project';
const tokenRefused = (words: string) =>
  `Keystone refused the sign-in (HTTP status 404: ${words}); OS_TOKEN has expired or is wrong, OS_PROJECT_NAME is wrong, or the user has no role in that project`;
const credentialRefused = (words: string) =>
  `Keystone refused the sign-in (HTTP status ${words}); OS_APPLICATION_CREDENTIAL_ID or OS_APPLICATION_CREDENTIAL_SECRET is wrong, or the credential has expired`;
const everywhere = 'RegionOne/public, RegionOne/internal, RegionOne/admin';
const notInCatalog = (service: string, where: string, offered: string) =>
  `Keystone's catalog has no service of type ${service} for ${where}; it has ${offered}: check OS_REGION_NAME and OS_INTERFACE`;

const atTheCall: readonly Wrong[] = [
  { what: 'a wrong password', env: provisioner({ OS_PASSWORD: 'wrong-password' }), reason: refused },
  { what: 'an unknown user', env: provisioner({ OS_USERNAME: 'nobody' }), reason: refused },
  { what: 'an unknown project', env: provisioner({ OS_PROJECT_NAME: 'nowhere' }), reason: refused },
  {
    what: 'a user without a role in the project',
    env: ({ openrc }) => ({ ...openrc('stranger'), OS_SYSTEM_SCOPE: '', OS_PROJECT_NAME: 'demo' }),
    reason: refused,
  },
  {
    what: 'an unknown region',
    env: provisioner({ OS_REGION_NAME: 'Atlantis' }),
    reason: notInCatalog('image', 'interface public and region Atlantis', `${everywhere}, RegionTwo/public`),
  },
  {
    what: 'a region without Ironic',
    env: provisioner(({ region_without_baremetal: region }) => ({ OS_REGION_NAME: region })),
    reason: notInCatalog('baremetal', 'interface public and region RegionTwo', everywhere),
  },
  {
    what: 'an unknown interface',
    env: provisioner({ OS_INTERFACE: 'private' }),
    reason: notInCatalog('image', 'interface private and region RegionOne', `${everywhere}, RegionTwo/public`),
  },
  {
    what: 'a token that is none',
    env: (cloud) => token(cloud, 'no-token-at-all'),
    reason: tokenRefused('"Could not recognize Fernet token"'),
  },
  {
    what: 'an expired token',
    env: (cloud) => token(cloud, cloud.expiredToken()),
    reason: tokenRefused('"Failed to validate token"'),
  },
  {
    what: 'an unknown application credential',
    env: (cloud) => applicationCredential(cloud, 'unknown'),
    reason: credentialRefused('404: "Could not find Application Credential: unknown."'),
  },
  {
    what: 'a wrong secret of an application credential',
    env: (cloud) => applicationCredential(cloud, cloud.application_credential.id),
    reason: credentialRefused('401: "The request you have made requires authentication."'),
  },
  {
    what: 'nobody where Keystone should be',
    env: provisioner({ OS_AUTH_URL: `${nowhere}/v3` }),
    reason: `Keystone at ${nowhere} cannot be reached (ECONNREFUSED); check OS_AUTH_URL`,
  },
  {
    what: 'a host that does not exist',
    env: provisioner({ OS_AUTH_URL: 'http://keystone.invalid:5000/v3' }),
    reason: 'Keystone at http://keystone.invalid:5000 cannot be reached (ENOTFOUND); check OS_AUTH_URL',
  },
  {
    what: 'Glance where Keystone should be',
    env: provisioner(({ image_endpoint }) => ({ OS_AUTH_URL: image_endpoint })),
    reason: ({ image_endpoint }) =>
      `No Keystone with API v3 runs at ${image_endpoint} (HTTP status 300); check OS_AUTH_URL`,
  },
  {
    what: 'nobody where Ironic should be',
    env: provisioner({ OS_BAREMETAL_ENDPOINT_OVERRIDE: nowhere }),
    reason: `Ironic at ${nowhere} cannot be reached (ECONNREFUSED); check OS_BAREMETAL_ENDPOINT_OVERRIDE`,
  },
  {
    what: 'nobody where Glance should be',
    env: provisioner({ OS_IMAGE_ENDPOINT_OVERRIDE: `${nowhere}/v2` }),
    reason: `The image service at ${nowhere} cannot be reached (ECONNREFUSED); check OS_IMAGE_ENDPOINT_OVERRIDE`,
  },
  {
    what: 'no sign-in where one is wanted',
    env: ({ baremetal_endpoint }) => ({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: baremetal_endpoint }),
    image: 'http://127.0.0.1:9/image.raw',
    reason:
      'Ironic refused the sign-in: "The request you have made requires authentication."; set OS_AUTH_TYPE and the settings of that type',
  },
  {
    what: 'a wrong password of a standalone Ironic',
    env: ({ basic }) => ({
      OS_AUTH_TYPE: 'http_basic',
      OS_ENDPOINT: basic.endpoint,
      OS_USERNAME: basic.username,
      OS_PASSWORD: 'wrong-password',
    }),
    image: 'http://127.0.0.1:9/image.raw',
    reason: 'Ironic refused the sign-in: "Incorrect username or password"; OS_USERNAME or OS_PASSWORD is wrong',
  },
];

export function wrongSettings(cloud: () => Cloud): void {
  describe('settings that are wrong', () => {
    test.each(atTheCall)('($what) fail the call with a sentence that names what to check', async (wrong) => {
      const { session, secrets, signIns } = cloud();
      for (const secret of ['wrong-password', 'wrong-secret', 'no-token-at-all']) secrets.add(secret);
      const { env, reason, image = 'ubuntu-22.04' } = wrong;
      const settings = await env(cloud());
      const before = await signIns();
      await session(settings, async (mcp) => {
        const answer = await mcp.callTool('provision_server', { image_id: image, resource_class: 'baremetal.gpu' });
        expect(failureIn(answer).slice(0, 2)).toEqual([
          'Failed to communicate with Ironic',
          `Reason: ${typeof reason === 'string' ? reason : reason(cloud())}`,
        ]);
      });
      // Keystone may lock a user out after too many wrong passwords.
      expect((await signIns()) - before).toBeLessThanOrEqual(1);
    });

    test('end the program before it serves anybody, if they are visibly wrong', async () => {
      const scoped = { ...applicationCredential(cloud(), 'any'), OS_PROJECT_NAME: 'demo' };
      expect(await cloud().run(scoped)).toEqual({
        code: 78,
        stdout: '',
        stderr:
          'ironic-mcp: OS_PROJECT_NAME must not be set with an application credential, which already belongs to a project.\n',
      });
    });
  });

  describe('a user without rights', () => {
    // Ironic shows nothing to users without rights, and does not say that it hides something.
    test.each([
      ['member', { resource_class: 'baremetal.gpu' }, 'No available servers matching criteria'],
      ['member', { server_id: 'bm-0005' }, 'Server bm-0005 not found'],
      ['system_reader', { server_id: 'bm-0005' }, 'Ironic refused to deploy server bm-0005'],
    ] as const)('(%s) gets no server of %j', async (user, criteria, message) => {
      const { session, openrc, node } = cloud();
      const before = await node('bm-0005');
      await session(openrc(user), async (mcp) => {
        const answer = await mcp.callTool('provision_server', { image_id: 'ubuntu-22.04', ...criteria });
        expect(failureIn(answer)[0]).toBe(message);
        expect(answer.text).toContain('this account may');
      });
      expect(await node('bm-0005')).toEqual(before);
    });
  });
}
