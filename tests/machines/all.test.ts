import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProvisionStatus } from '../../src/core/requests.js';
import { createRestClient, type RestClient } from '../http/rest-client.js';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { type McpSession, openSession } from '../support/mcp-session.js';
import { deploy, reportFailure } from './following.js';
import {
  admin,
  cutPower,
  diskText,
  freeMachine,
  keyPair,
  lab,
  machine,
  newDisk,
  report,
  settings,
  sshWhenBooted,
  untilStep,
} from './machine.js';

const image = join(lab.files, 'debian.qcow2');

describe(`the life of a machine that boots, and Ironic ${lab.version}`, () => {
  let session: McpSession;
  let server: HttpServer;
  let rest: RestClient;
  let key: Awaited<ReturnType<typeof keyPair>>;

  beforeAll(async () => {
    key = await keyPair('user');
    const large = join(lab.files, 'large.qcow2');
    copyFileSync(image, large);
    execFileSync('qemu-img', ['resize', '-q', large, '8G']);
    const checksum = createHash('sha256').update(readFileSync(large)).digest('hex');
    const env = settings({
      large: { source: `${lab.images}/large.qcow2`, os_hash_value: checksum },
      late: { source: `${lab.images}/late.qcow2` },
    });
    session = await openSession('v2', env);
    server = await startHttpServer([], { ...env, IRONIC_MCP_ALLOW_DEPROVISION: 'true' });
    rest = createRestClient(server.url, (request) => fetch(request));
  });
  afterAll(async () => {
    expect(await session.close()).toEqual({ code: 0, signal: null });
    expect(await server.stop()).toBe(0);
  });

  test('an image larger than the disk fails with no_space', async () => {
    await freeMachine();
    const begun = Date.now();
    const { last } = await deploy(session, { image_id: 'large', server_id: machine.name });
    await reportFailure('an image larger than the disk', begun, last);
    expect(last).toMatchObject({ status: 'failed', failure: { code: 'no_space' } });
  });

  test('a disk that is too small for the agent fails with no_space', async () => {
    await freeMachine();
    await newDisk('2G');
    try {
      const begun = Date.now();
      const { last } = await deploy(session, { image_id: lab.image, server_id: machine.name });
      await reportFailure('a disk under 4 GiB', begun, last);
      expect(last).toMatchObject({ status: 'failed', failure: { code: 'no_space' } });
    } finally {
      await freeMachine();
      await newDisk('4G');
    }
  });

  test('a machine that is switched off while it writes fails with agent_lost', async () => {
    await freeMachine();
    const begun = Date.now();
    const [{ last }] = await Promise.all([
      deploy(session, { image_id: lab.image, server_id: machine.name }),
      untilStep('write_image').then(cutPower),
    ]);
    await reportFailure('switched off while it writes', begun, last);
    // The step is known only to whoever looks before Ironic has wiped it.
    expect(last).toMatchObject({ status: 'failed', failure: { code: 'agent_lost' } });
  });

  test('a machine deployed by name over REST has the address that network_data sets', async () => {
    await freeMachine();
    const address = '10.99.0.50';
    const network_data = {
      links: [{ id: 'nic', type: 'phy', ethernet_mac_address: machine.mac }],
      networks: [
        { id: 'lan', network_id: 'lan', link: 'nic', type: 'ipv4', ip_address: address, netmask: '255.255.255.0' },
      ],
      services: [],
    };
    const begun = Date.now();
    const { status, json, text } = await rest.ask('POST', '/provision', {
      image_id: lab.image,
      server_id: machine.name,
      hostname: 'static-1',
      ssh_public_keys: [key.publicKey],
      config_drive: { network_data },
    });
    expect(status, text).toBe(202);
    let last: ProvisionStatus;
    do {
      const answer = await rest.ask('GET', `/provision/${json.operation_id}?wait_seconds=50`);
      expect(answer.status, answer.text).toBe(200);
      last = answer.json as unknown as ProvisionStatus;
    } while (last.status === 'in_progress');
    expect(last).toMatchObject({ status: 'completed', failure: null });
    expect(await sshWhenBooted(key.path, 'hostname', address)).toBe('static-1');
    report('by name over REST with a static address, to the login', begun, 'active', 'completed');
  });

  test('deprovisioning cleans the machine, and frees it', async () => {
    await admin.patch(machine.uuid, { op: 'add', path: '/automated_clean', value: true });
    try {
      const begun = Date.now();
      const said = new Set<string>();
      for (let status: unknown; status !== 'completed'; ) {
        const answer = await rest.ask('DELETE', `/provision/${machine.uuid}`, { confirm_server_name: machine.name });
        status = answer.json.status;
        expect([said.size === 0 ? 'accepted' : 'in_progress', 'completed'], answer.text).toContain(status);
        said.add(String(answer.json.message));
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
      expect(await admin.node(machine.uuid)).toMatchObject({ provision_state: 'available', instance_uuid: null });
      report('deprovisioning with cleaning', begun, 'available', ...said);
      expect([...said].join()).toContain('erase_devices_metadata');
      // The agent has erased the partition table, which the system had booted from.
      expect(await diskText(512, 8)).not.toContain('EFI PART');
    } finally {
      await admin.patch(machine.uuid, { op: 'add', path: '/automated_clean', value: false });
    }
  });

  test('a failed deployment goes on with retry_failed when its cause is gone', async () => {
    await freeMachine();
    const input = {
      image_id: 'late',
      server_id: machine.name,
      hostname: 'again-1',
      ssh_public_keys: [key.publicKey],
    };
    const begun = Date.now();
    const { last: failed } = await deploy(session, input);
    await reportFailure('an image that is not there yet', begun, failed);
    expect(failed).toMatchObject({ status: 'failed', failure: { code: 'image_unreachable' } });

    symlinkSync(realpathSync(image), join(lab.files, 'late.qcow2'));
    const again = Date.now();
    const { last } = await deploy(session, { ...input, retry_failed: true });
    expect(last).toMatchObject({ status: 'completed', failure: null });
    expect(await sshWhenBooted(key.path, 'hostname')).toBe('again-1');
    report('retry_failed when it is there, to the login', again, 'active', 'completed');
  });
});
