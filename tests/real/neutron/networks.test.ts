import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, connect } from '../../../src/connect.js';
import { isSlaac } from '../../../src/core/networks/ip.js';
import type { ProvisionResponse, ProvisionStatus } from '../../../src/core/requests.js';

const lab = 'tests/real/ironic/openstack_lab.py';

/** What `openstack_lab.py --networks` prints. */
interface Lab {
  readonly auth_url: string;
  readonly region: string;
  readonly version: string;
  readonly baremetal_endpoint: string;
  readonly network_endpoint: string;
  readonly network_admin_token: string;
  readonly baremetal_admin_token: string;
  readonly users: { readonly owner_admin: { readonly password: string; readonly project: string } };
  readonly networks: Readonly<Record<string, string>>;
  readonly nodes: {
    readonly connected: readonly { readonly id: string; readonly name: string; readonly interface: string }[];
  };
}

interface Port {
  readonly id: string;
  readonly device_id: string;
  readonly device_owner: string;
  readonly status: string;
  readonly revision_number: number;
}

type Entries = NonNullable<Parameters<Connection['provision']>[0]['networks']>;

describe.each(['debian', 'newest'])('a real Neutron with the Ironic of %s', (release) => {
  const state = join(mkdtempSync(join(tmpdir(), 'ironic-mcp-networks-')), release);
  let cloud: Lab;
  let program: Connection;
  let foreign: readonly Port[] = [];

  async function neutron(method: string, path: string, port?: object) {
    const headers = { 'x-auth-token': cloud.network_admin_token, 'content-type': 'application/json' };
    const init = port === undefined ? { method, headers } : { method, headers, body: JSON.stringify({ port }) };
    const response = await fetch(`${cloud.network_endpoint}/v2.0/${path}`, init);
    return JSON.parse((await response.text()) || 'null');
  }
  const ports = async (): Promise<readonly Port[]> => (await neutron('GET', 'ports')).ports;
  const revisions = (all: readonly Port[]) =>
    all.map(({ id, revision_number: revision }) => `${id} ${revision}`).sort();
  const own = async () => (await ports()).filter(({ device_owner: owner }) => owner === 'ironic-mcp');

  beforeAll(async () => {
    const args = [lab, 'up', '--networks', '--release', release, '--nodes', '5', '--deploy-interface', 'staged'];
    const { stdout } = await promisify(execFile)('python3', [...args, '--deploy-delay', '0', '--state', state]);
    cloud = JSON.parse(stdout);
    const { password, project } = cloud.users.owner_admin;
    program = await connect({
      OS_AUTH_URL: cloud.auth_url,
      OS_USERNAME: 'owner_admin',
      OS_PASSWORD: password,
      OS_USER_DOMAIN_NAME: 'Default',
      OS_PROJECT_NAME: project,
      OS_PROJECT_DOMAIN_ID: 'default',
      OS_REGION_NAME: cloud.region,
      IRONIC_MCP_ALLOW_DEPROVISION: 'true',
    });
    for (const { id } of cloud.nodes.connected) await setDelay(id);
    // Ports of others, two of which look much like ours.
    for (const more of [
      {},
      { device_owner: 'compute:nova', device_id: 'web-7' },
      { description: 'ironic-mcp deployment x attempt y server z' },
    ]) {
      await neutron('POST', 'ports', { network_id: cloud.networks['tenant-a'], ...more });
    }
    foreign = await ports();
  });
  afterAll(() => {
    spawnSync('python3', [lab, 'down', '--state', state]);
  });

  async function setDelay(id: string): Promise<void> {
    const headers = {
      'x-auth-token': cloud.baremetal_admin_token,
      'x-openstack-ironic-api-version': '1.65',
      'content-type': 'application/json',
    };
    const body = JSON.stringify([{ op: 'add', path: '/extra/staged', value: { delay: 0.5 } }]);
    await fetch(`${cloud.baremetal_endpoint}/v1/nodes/${id}`, { method: 'PATCH', headers, body });
  }

  /** Follows a deployment to its end. */
  async function deployed(id: string): Promise<ProvisionStatus> {
    for (;;) {
      const status = await program.status({ operation_id: id, wait_seconds: 20 });
      if (status.status !== 'in_progress') return status;
    }
  }

  /** Undeploys a server, and waits until it is free. */
  async function free({ operation_id, server_name, deployment_id }: ProvisionResponse): Promise<void> {
    for (;;) {
      const input = { operation_id, confirm_server_name: server_name, deployment_id };
      const { status } = await program.call('deprovision_server', input);
      if (status === 'completed') return;
      await sleep(500);
    }
  }

  const plain = (status: Pick<ProvisionResponse, 'addresses'>) => status.addresses.map(({ address }) => address);

  const cases: readonly (readonly [string, Entries, RegExp[]])[] = [
    ['a network by its name', [{ network: 'tenant-a' }], [/^10\.30\.0\.1\d\d$/]],
    ['a fixed address outside the pool', [{ network: 'tenant-a', address: '10.30.0.7' }], [/^10\.30\.0\.7$/]],
    ['both address families', [{ network: 'tenant-dual' }], [/^10\.40\.0\./, /^fd00:40::/]],
    [
      'two network cards, one of them in a shared network',
      [{ network: 'tenant-a', address: '10.30.0.8' }, { network: 'shared-net' }],
      [/^10\.30\.0\.8$/, /^10\.50\.0\./],
    ],
  ];

  describe.each(['flat', 'neutron'])('and the network interface %s', (networkInterface) => {
    test.each(cases)(
      'connects a server to %s, tells its address, and leaves no port',
      async (_, networks, expected) => {
        const server = cloud.nodes.connected.find((node) => node.interface === networkInterface);
        const accepted = await program.provision({ image_id: 'debian-12', server_id: String(server?.name), networks });
        expect(accepted.status).toBe('accepted');
        // What a card makes of its MAC address shows once it is in use.
        const early = plain(accepted).filter((address) => !address.includes(':'));
        expect(early).toEqual(early.map((_address, index) => expect.stringMatching(expected[index] ?? /^$/)));
        expect(early).toHaveLength(networks.length);

        const status = await deployed(accepted.operation_id);
        expect(status).toMatchObject({ status: 'completed' });
        expect(status.message).not.toContain('DOWN');
        expect(plain(status).sort()).toEqual([...expected].map((each) => expect.stringMatching(each)));
        for (const { address, mac } of status.addresses) {
          if (address.includes(':')) expect(isSlaac(address, String(mac))).toBe(true);
        }
        const made = await own();
        expect(made).toHaveLength(networks.length);
        expect(made.every((port) => port.device_id === accepted.deployment_id && port.status === 'ACTIVE')).toBe(true);

        await free(accepted);
        expect(await own()).toEqual([]);
        expect(revisions(await ports())).toEqual(revisions(foreign));
      },
    );
  });

  test('deletes what it made when an address is taken, and says why', async () => {
    const [server] = cloud.nodes.connected;
    const networks = [{ network: 'shared-net' }, { network: 'tenant-a', address: '10.30.0.9' }];
    await neutron('POST', 'ports', {
      network_id: cloud.networks['tenant-a'],
      fixed_ips: [{ ip_address: '10.30.0.9' }],
    });
    const before = await ports();
    const request = { image_id: 'debian-12', server_id: String(server?.name), networks };
    await expect(program.provision(request)).rejects.toMatchObject({
      code: 'deploy_refused',
      reason: expect.stringContaining('10.30.0.9'),
    });
    expect(revisions(await ports())).toEqual(revisions(before));
    const [taken] = before.filter(({ id }) => foreign.every((port) => port.id !== id));
    await neutron('DELETE', `ports/${taken?.id}`);
    expect((await program.servers({ name_contains: String(server?.name) })).servers).toMatchObject([
      { state: 'available' },
    ]);
  });
});
