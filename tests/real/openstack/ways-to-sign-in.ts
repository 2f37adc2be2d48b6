import { describe, expect, test } from 'vitest';
import { localImages } from '../../support/local-images.js';
import type { McpSession } from '../../support/mcp-session.js';
import { finished, provision } from '../../support/tool-answers.js';
import { type Cloud, type Env, given } from './cloud.js';

interface Way {
  readonly name: string;
  /** The settings, as variables and arguments. */
  readonly env: (cloud: Cloud) => Env | Promise<Env>;
  readonly args?: readonly string[];
}

const applicationCredential = ({ auth_url, application_credential, region }: Cloud): Env => ({
  OS_AUTH_URL: auth_url,
  OS_AUTH_TYPE: 'v3applicationcredential',
  OS_APPLICATION_CREDENTIAL_SECRET: application_credential.secret,
  OS_REGION_NAME: region,
});

/** The cloud of the user `provisioner` in clouds.yaml, without the password. */
const entry = ({ auth_url, region }: Cloud) => ({
  auth: {
    auth_url,
    username: 'provisioner',
    user_domain_name: 'Default',
    project_name: 'demo',
    project_domain_id: 'default',
  },
  region_name: region,
});

const withClouds = async (cloud: Cloud): Promise<Env> => ({
  HOME: await cloud.homeWith(
    { mine: entry(cloud), other: { auth_type: 'none', endpoint: 'http://127.0.0.1:9' } },
    { mine: { auth: { password: cloud.users.provisioner.password } } },
  ),
});

const ways: readonly Way[] = [
  { name: 'the password of an openrc file', env: (cloud) => cloud.openrc('provisioner') },
  {
    name: 'ids instead of names',
    env: ({ openrc, users, projects }) => {
      const { OS_USERNAME: _, OS_PROJECT_NAME: __, ...others } = openrc('provisioner');
      return { ...others, OS_USER_ID: users.provisioner.id, OS_PROJECT_ID: given(projects.demo) };
    },
  },
  { name: 'a user of another domain', env: (cloud) => cloud.openrc('visitor') },
  {
    name: 'an application credential by its id',
    env: (cloud) => ({
      ...applicationCredential(cloud),
      OS_APPLICATION_CREDENTIAL_ID: cloud.application_credential.id,
    }),
  },
  {
    name: 'an application credential by its name and its user',
    env: (cloud) => ({
      ...applicationCredential(cloud),
      OS_APPLICATION_CREDENTIAL_NAME: cloud.application_credential.name,
      OS_USERNAME: 'provisioner',
      OS_USER_DOMAIN_NAME: 'Default',
    }),
  },
  {
    name: 'a token',
    env: async (cloud) => ({
      OS_AUTH_URL: cloud.auth_url,
      OS_TOKEN: await cloud.token(cloud.users.provisioner),
      OS_PROJECT_NAME: 'demo',
    }),
  },
  {
    name: 'clouds.yaml and secure.yaml, by OS_CLOUD',
    env: async (cloud) => ({ ...(await withClouds(cloud)), OS_CLOUD: 'mine' }),
  },
  { name: 'clouds.yaml and secure.yaml, by --cloud', env: withClouds, args: ['--cloud', 'mine'] },
  { name: 'a user of the system', env: (cloud) => cloud.openrc('system_admin') },
  {
    name: 'the internal interface, whose addresses end in a version',
    env: (cloud) => ({ ...cloud.openrc('provisioner'), OS_INTERFACE: 'internal' }),
  },
  {
    name: 'the admin interface, whose addresses end in a slash',
    env: (cloud) => ({ ...cloud.openrc('provisioner'), OS_ENDPOINT_TYPE: 'adminURL' }),
  },
];

export function waysToSignIn(cloud: () => Cloud): void {
  describe('the built program takes a server to a running system', () => {
    test.each(ways)('with $name', async ({ env, args = [] }) => {
      const { session, node, images } = cloud();
      await session(
        await env(cloud()),
        async (mcp) => {
          const status = await deployed(mcp, { image_id: 'ubuntu-22.04', resource_class: 'baremetal.large' });
          expect(await node(status.server_id)).toMatchObject({
            provision_state: 'active',
            instance_uuid: status.deployment_id,
            instance_info: { image_source: images['ubuntu-22.04'] },
          });
        },
        args,
      );
    });

    test('with an image by its id', async () => {
      const { session, openrc, node, images } = cloud();
      const image_id = given(images['debian-12']);
      await session(openrc('provisioner'), async (mcp) => {
        const status = await deployed(mcp, { image_id: image_id.toUpperCase(), resource_class: 'baremetal.large' });
        expect((await node(status.server_id)).instance_info).toMatchObject({ image_source: image_id });
      });
    });

    test('that belongs to the project of a user with the role member', async () => {
      const { session, openrc, node, nodes } = cloud();
      await session(openrc('owner'), async (mcp) => {
        const status = await deployed(mcp, { image_id: 'ubuntu-22.04', server_id: nodes.owned });
        expect((await node(nodes.owned)).instance_uuid).toBe(status.deployment_id);
      });
    });

    test('with the name and password for a standalone Ironic', async () => {
      const { session, basic } = cloud();
      await session(basicSettings(cloud()), async (mcp) => {
        const status = await deployed(mcp, {
          image_id: 'http://127.0.0.1:9/image.raw',
          resource_class: 'baremetal.small',
        });
        const headers = {
          authorization: `Basic ${btoa(`${basic.username}:${basic.password}`)}`,
          'x-openstack-ironic-api-version': '1.78',
        };
        const response = await fetch(`${basic.endpoint}/v1/nodes/${status.server_id}`, { headers });
        expect(await response.json()).toMatchObject({
          provision_state: 'active',
          instance_info: { image_source: 'http://127.0.0.1:9/image.raw' },
        });
      });
    });
  });
}

function basicSettings({ basic }: Cloud) {
  return {
    ...localImages,
    OS_AUTH_TYPE: 'http_basic',
    OS_ENDPOINT: basic.endpoint,
    OS_USERNAME: basic.username,
    OS_PASSWORD: basic.password,
  };
}

/** Deploys a server and follows the deployment until it is completed. */
export async function deployed(mcp: McpSession, input: object) {
  const accepted = await provision(mcp, input);
  expect(accepted.status).toBe('accepted');
  const status = await finished(mcp, accepted);
  expect(status).toMatchObject({ status: 'completed', provision_state: 'active', failure: null });
  return { ...status, deployment_id: accepted.deployment_id };
}
