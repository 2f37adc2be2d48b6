import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Administrator, administrator, methodsOf } from '../contract/lab.js';
import { localImages } from '../support/local-images.js';
import { clientLines, type McpSession, openSession } from '../support/mcp-session.js';
import { ironics } from './ironics.js';

const image = 'cirros';
/** An address where nobody listens. */
const source = 'http://127.0.0.1:9/cirros.img';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBinaryBinaryBinaryBinaryBinary tests';

describe.each(ironics)('the built program with Ironic $version ($release)', ({ endpoint, access_log }) => {
  const admin: Administrator = administrator(endpoint);
  let folder: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-binary-'));
    const catalogue = join(folder, 'images.json');
    await writeFile(catalogue, JSON.stringify({ [image]: { source, checksum: 'd41d8cd98f00b204e9800998ecf8427e' } }));
    env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, ...localImages, IRONIC_MCP_IMAGE_CATALOG: catalogue };
  });
  afterAll(() => rm(folder, { recursive: true }));

  const requests = async () =>
    (await readFile(access_log, 'utf8')).split('\n').filter((line) => line && !line.includes('/detail'));

  async function free(): Promise<string> {
    const [node] = await admin.nodes(
      '&provision_state=available&associated=false&maintenance=false&resource_class=baremetal.small',
    );
    return String(node?.uuid);
  }

  async function followed(session: McpSession, operation_id: unknown) {
    for (;;) {
      const { data, text } = await session.callTool('check_provision_status', { operation_id, wait_seconds: 20 });
      if (data === undefined) throw new Error(text);
      if (data.status !== 'in_progress') return data;
    }
  }

  async function undeploy(id: unknown): Promise<void> {
    await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
    await admin.until(String(id), 'available');
  }

  describe.each(clientLines)('and a %s client', (line) => {
    let session: McpSession;
    beforeAll(async () => {
      session = await openSession(line, env);
    });
    afterAll(async () => {
      expect(await session.close()).toEqual({ code: 0, signal: null });
      expect(session.stderr()).toBe('');
    });

    test.each<[string, () => Promise<object>]>([
      ['by class', async () => ({ resource_class: 'baremetal.small' })],
      ['by name', async () => ({ server_id: (await admin.node(await free())).name })],
      ['by UUID', async () => ({ server_id: await free() })],
      ['without any criterion', async () => ({})],
    ])('takes a server %s to a running system in three requests', async (_, criteria) => {
      const input = { image_id: image, ...(await criteria()), hostname: 'binary-1', ssh_public_keys: [key] };
      const before = (await requests()).length;
      const begun = Date.now();
      const { data: started, text } = await session.callTool('provision_server', input);
      const answered = Date.now();
      expect(started, text).toMatchObject({ status: 'accepted' });
      expect(methodsOf((await requests()).slice(before))).toBe('GET PATCH PUT');
      const ended = await followed(session, started?.operation_id);
      expect(ended).toMatchObject({ status: 'completed', started_at: started?.started_at, failure: null });
      const node = await admin.node(String(started?.server_id));
      expect(node).toMatchObject({ provision_state: 'active', instance_uuid: started?.deployment_id });
      expect(node.instance_info.image_source).toBe(source);
      expect(node.instance_info.configdrive).toBe('******');
      const [from, to] = [started?.started_at, ended.completed_at].map((time) => Date.parse(String(time)));
      expect(from).toBeLessThanOrEqual(Number(to));
      // Both clocks are this machine's clock, and HTTP dates have whole seconds.
      expect(from).toBeGreaterThanOrEqual(begun - 1_000);
      expect(from).toBeLessThanOrEqual(answered);
      expect(Number(to)).toBe(Math.floor(Date.parse(String(node.provision_updated_at)) / 1_000) * 1_000);
      await undeploy(started?.server_id);
    });

    test('says why a deployment failed if Ironic cannot reach its image', async () => {
      const server_id = await free();
      await admin.patch(server_id, { op: 'replace', path: '/deploy_interface', value: 'direct' });
      const { data } = await session.callTool('provision_server', { image_id: image, server_id });
      const ended = await followed(session, data?.operation_id);
      expect(ended).toMatchObject({ status: 'failed', failure: { code: 'image_unreachable' } });
      await undeploy(server_id);
      await admin.patch(server_id, { op: 'replace', path: '/deploy_interface', value: 'fake' });
    });

    test('refuses an image without a checksum if the server needs one, and leaves no reservation', async () => {
      const server_id = await free();
      await admin.patch(server_id, { op: 'replace', path: '/deploy_interface', value: 'direct' });
      const { isError, text } = await session.callTool('provision_server', {
        image_id: 'http://127.0.0.1:9/x',
        server_id,
      });
      expect(isError).toBe(true);
      expect(text).toMatch(/^Image http:\/\/127\.0\.0\.1:9\/x cannot be deployed\nReason: .*needs a checksum/);
      expect(await admin.node(server_id)).toMatchObject({ instance_uuid: null, instance_info: {} });
      await admin.patch(server_id, { op: 'replace', path: '/deploy_interface', value: 'fake' });
    });
  });
});
