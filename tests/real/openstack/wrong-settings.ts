import { describe, expect, test } from 'vitest';
import { failureIn } from '../../support/tool-answers.js';
import { type Cloud, type Env, given } from './cloud.js';

interface Wrong {
  readonly what: string;
  readonly env: (cloud: Cloud) => Env | Promise<Env>;
  /** All of the answer but the lines `Next`, `Code` and `Retryable`. */
  readonly reason: RegExp;
}

const password = (cloud: Cloud, more: Env): Env => ({ ...cloud.openrc('provisioner'), ...more });
const unreachable = 'http://127.0.0.1:9';

const atTheCall: readonly Wrong[] = [
  { what: 'a wrong password', env: (cloud) => password(cloud, { OS_PASSWORD: 'wrong-password' }), reason: /./ },
  { what: 'an unknown user', env: (cloud) => password(cloud, { OS_USERNAME: 'nobody' }), reason: /./ },
  { what: 'an unknown project', env: (cloud) => password(cloud, { OS_PROJECT_NAME: 'nowhere' }), reason: /./ },
  { what: 'a user without a role in the project', env: (cloud) => ({ ...cloud.openrc('stranger'), OS_SYSTEM_SCOPE: '', OS_PROJECT_NAME: 'demo' }), reason: /./ },
  { what: 'an unknown region', env: (cloud) => password(cloud, { OS_REGION_NAME: 'Atlantis' }), reason: /./ },
  { what: 'a region without Ironic', env: (cloud) => password(cloud, { OS_REGION_NAME: cloud.region_without_baremetal }), reason: /./ },
  { what: 'an interface that the catalog has not', env: (cloud) => password(cloud, { OS_INTERFACE: 'private' }), reason: /./ },
  { what: 'a token that is none', env: ({ auth_url }) => ({ OS_AUTH_URL: auth_url, OS_TOKEN: 'junk-token', OS_PROJECT_NAME: 'demo' }), reason: /./ },
  {
    what: 'an expired token',
    env: async (cloud) => ({ OS_AUTH_URL: cloud.auth_url, OS_TOKEN: await cloud.expiredToken(), OS_PROJECT_NAME: 'demo' }),
    reason: /./,
  },
  {
    what: 'an unknown application credential',
    env: (cloud) => ({
      OS_AUTH_URL: cloud.auth_url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: 'unknown',
      OS_APPLICATION_CREDENTIAL_SECRET: 'wrong-secret',
    }),
    reason: /./,
  },
  {
    what: 'another secret of an application credential',
    env: (cloud) => ({
      OS_AUTH_URL: cloud.auth_url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: cloud.application_credential.id,
      OS_APPLICATION_CREDENTIAL_SECRET: 'wrong-secret',
    }),
    reason: /./,
  },
  { what: 'a Keystone that is not there', env: (cloud) => password(cloud, { OS_AUTH_URL: `${unreachable}/v3` }), reason: /./ },
  { what: 'something else in the place of Keystone', env: (cloud) => password(cloud, { OS_AUTH_URL: cloud.image_endpoint }), reason: /./ },
  { what: 'a host that has no address', env: (cloud) => password(cloud, { OS_AUTH_URL: 'http://keystone.invalid:5000' }), reason: /./ },
  { what: 'an Ironic that is not there', env: (cloud) => password(cloud, { OS_BAREMETAL_ENDPOINT_OVERRIDE: unreachable }), reason: /./ },
  { what: 'a Glance that is not there', env: (cloud) => password(cloud, { OS_IMAGE_ENDPOINT_OVERRIDE: unreachable }), reason: /./ },
  { what: 'something else in the place of Ironic', env: (cloud) => password(cloud, { OS_BAREMETAL_ENDPOINT_OVERRIDE: cloud.image_endpoint }), reason: /./ },
  { what: 'no sign-in where one is wanted', env: ({ baremetal_endpoint }) => ({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: baremetal_endpoint }), reason: /./ },
  { what: 'a self-signed certificate', env: (cloud) => password(cloud, { OS_AUTH_URL: cloud.tls.self_signed.auth_url }), reason: /./ },
  { what: 'http where https is spoken', env: (cloud) => password(cloud, { OS_AUTH_URL: cloud.tls.https.auth_url.replace('https', 'http') }), reason: /./ },
  { what: 'https where http is spoken', env: (cloud) => password(cloud, { OS_AUTH_URL: cloud.auth_url.replace('http', 'https') }), reason: /./ },
];

export function wrongSettings(cloud: () => Cloud): void {
  describe('settings that are wrong', () => {
    test.each(atTheCall)('($what) make the call fail with a sentence that says what to change', async ({ env, reason, what }) => {
      await cloud().session(await env(cloud()), async (mcp) => {
        const before = await cloud().signIns();
        const answer = await mcp.callTool('provision_server', { image_id: 'ubuntu-22.04', resource_class: 'baremetal.gpu' });
        console.log(what, '\n', answer.text, '\nsign-ins', (await cloud().signIns()) - before);
        expect(failureIn(answer)[1]).toMatch(reason);
      });
    });
    test('a member', async () => {
      await cloud().session(cloud().openrc('member'), async (mcp) => {
        for (const server of [{}, { resource_class: 'baremetal.gpu' }, { server_id: 'bm-0004' }]) {
        const answer = await mcp.callTool('provision_server', { image_id: 'ubuntu-22.04', ...server });
        console.log(answer.text);
        }
        console.log((await mcp.callTool('check_provision_status', { operation_id: 'b9509f66-7bd5-438d-870b-84cf74a940ae' })).text);
      });
      for (const name of ['system_reader', 'lessee'] as const)
      await cloud().session(cloud().openrc(name as 'member'), async (mcp) => {
        for (const server of [{ resource_class: 'baremetal.gpu' }, { server_id: 'bm-0002' }]) {
        const answer = await mcp.callTool('provision_server', { image_id: 'ubuntu-22.04', ...server });
        console.log(name, answer.text);
        }
      });
    });
    test('at start', async () => {
      const env = {
      OS_AUTH_URL: cloud().auth_url,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: 'unknown',
      OS_APPLICATION_CREDENTIAL_SECRET: 'wrong-secret',
      OS_PROJECT_NAME: 'demo',
      };
      console.log(await cloud().run(env));
    });
  });
}
