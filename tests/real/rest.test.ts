import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { administrator } from '../contract/lab.js';
import { expectDocumented } from '../http/documented.js';
import { expectFailure, failingRequests, nobody, sameFailure } from '../http/failing-requests.js';
import { expectLostStart } from '../http/lost-start.js';
import { createRestClient, type RestClient } from '../http/rest-client.js';
import { startFaultProxy } from '../support/faults/fault-proxy.js';
import { type HttpServer, startHttpServer } from '../support/http-server.js';
import { localImages } from '../support/local-images.js';
import { nowhere } from '../support/nowhere.js';
import { ironics } from './ironics.js';

const checksum = 'd41d8cd98f00b204e9800998ecf8427e';
/** An address where nobody listens. */
const source = 'http://127.0.0.1:9/image.img';
const images = { cirros: { source, checksum } };
const withoutChecksum = 'http://127.0.0.1:9/no-checksum.img';
const provision = ['POST', '/provision'] as const;

describe.each(ironics)('REST with Ironic $version ($release)', ({ endpoint }) => {
  const admin = administrator(endpoint);
  let folder: string;
  let settings: Record<string, string>;
  let strict: string;
  const servers: HttpServer[] = [];

  /** The built program with more settings, and a client of it. */
  async function serve(env: Record<string, string> = {}): Promise<RestClient> {
    const server = await startHttpServer([], { ...settings, ...env });
    servers.push(server);
    return createRestClient(server.url, (request) => fetch(request));
  }

  const free = () =>
    admin.nodes('&provision_state=available&associated=false&maintenance=false&resource_class=baremetal.small');

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ironic-mcp-rest-'));
    const catalogue = join(folder, 'images.json');
    await writeFile(catalogue, JSON.stringify(images));
    settings = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, ...localImages, IRONIC_MCP_IMAGE_CATALOG: catalogue };
    const [node] = await free();
    strict = String(node?.uuid);
    await admin.patch(strict, { op: 'replace', path: '/deploy_interface', value: 'direct' });
  });
  afterAll(async () => {
    await admin.patch(strict, { op: 'replace', path: '/deploy_interface', value: 'fake' });
    for (const server of servers) expect(await server.stop()).toBe(0);
    await rm(folder, { recursive: true });
  });

  test('fails as MCP does and as the documents promise, for every request that fails on any cloud', async () => {
    const client = await serve();
    const [taken] = await admin.nodes('&provision_state=active');
    const [free] = await admin.nodes('&provision_state=available&associated=false');
    const cloud = {
      image: 'cirros',
      taken: String(taken?.uuid),
      free: String(free?.uuid),
      unfit: { image_id: withoutChecksum, server_id: strict },
    };
    for (const request of failingRequests(cloud)) await expectFailure(client, request);
  });

  test("reports Ironic's refusal to deploy with its words, and leaves nothing reserved", async () => {
    const client = await serve();
    // Ironic reads it only when the deployment starts.
    const path = '/driver_info/image_download_source';
    await admin.patch(strict, { op: 'add', path, value: 'nonsense' });
    const body = { image_id: 'cirros', server_id: strict };
    const request = { code: 'deploy_refused', id: strict, body, method: 'POST', target: '/provision' } as const;
    const { reason } = await expectFailure(client, { ...request, tool: ['provision_server', body] });
    expect(reason).toMatch(/^Ironic says: ".*Invalid value for image_download_source/);
    expect(await admin.node(strict)).toMatchObject({ instance_uuid: null, instance_info: {} });
    await admin.patch(strict, { op: 'remove', path });
  });

  test('refuses a key for another request, and undeploys only the named server', async () => {
    const client = await serve({ IRONIC_MCP_ALLOW_DEPROVISION: 'true' });
    const [, one] = await free();
    const first = { image_id: 'cirros', server_id: String(one?.uuid), idempotency_key: `key for ${one?.uuid}` };
    const accepted = await client.ask(...provision, first);
    expectDocumented(accepted);
    expect(accepted.json).toMatchObject({ status: 'accepted' });
    const body = { ...first, hostname: 'other' };
    const request = { code: 'idempotency_conflict', body, method: 'POST', target: '/provision' } as const;
    await expectFailure(client, { ...request, tool: ['provision_server', body] });
    await admin.until(first.server_id, 'active');
    const status = await client.ask('GET', accepted.headers.get('location') ?? '');
    expectDocumented(status);
    expect(status.json).toMatchObject({ status: 'completed', deployment_id: accepted.json.deployment_id });
    const told = await client.callTool('check_provision_status', { operation_id: first.server_id });
    expect(told.structuredContent).toEqual(status.json);

    const target = `/provision/${first.server_id}`;
    const wrong = { confirm_server_name: 'another' };
    await expectFailure(client, {
      code: 'not_confirmed',
      method: 'DELETE',
      target,
      body: wrong,
      tool: ['deprovision_server', { operation_id: first.server_id, ...wrong }],
    });
    const right = { confirm_server_name: String(one?.name) };
    await admin.patch(first.server_id, { op: 'replace', path: '/protected', value: true });
    const { reason } = await expectFailure(client, {
      code: 'deprovision_refused',
      id: first.server_id,
      method: 'DELETE',
      target,
      body: right,
      tool: ['deprovision_server', { operation_id: first.server_id, ...right }],
    });
    expect(reason).toContain('protected');
    await admin.patch(first.server_id, { op: 'replace', path: '/protected', value: false });
    expect(await admin.node(first.server_id)).toMatchObject({ provision_state: 'active' });
    const gone = await client.ask('DELETE', target, right);
    expectDocumented(gone);
    expect(gone.status, gone.text).toBe(202);
    await admin.until(first.server_id, 'available');
  });

  test('says that nobody answers at the address of Ironic', async () => {
    const client = await serve({ OS_ENDPOINT: nowhere });
    const tool = ['check_provision_status', { operation_id: nobody }] as const;
    const { retryable } = await expectFailure(client, {
      code: 'ironic_unavailable',
      target: `/provision/${nobody}`,
      tool,
    });
    expect(retryable).toBe(true);
  });

  test('says that a deployment may have begun, and where to look, if Ironic disappears before it answers', async () => {
    const proxy = await startFaultProxy(endpoint);
    const client = await serve({ OS_ENDPOINT: proxy.url });
    const body = { image_id: 'cirros', server_id: strict, idempotency_key: `lost ${strict}` };
    await expectLostStart(client, proxy, body, () =>
      admin.patch(strict, { op: 'remove', path: '/instance_uuid' }, { op: 'remove', path: '/instance_info' }),
    );
    await proxy.close();
  });

  test('refuses every caller without the token', async () => {
    const client = await serve({ IRONIC_MCP_HTTP_TOKEN: 'a-token-of-the-tests' });
    for (const headers of [{}, { authorization: 'Bearer another' }]) {
      await expectFailure(client, { code: 'unauthorized', target: `/provision/${nobody}`, headers });
    }
    const headers = { authorization: 'Bearer a-token-of-the-tests' };
    await expectFailure(client, { code: 'server_not_found', id: nobody, target: `/provision/${nobody}`, headers });
  });

  test("obeys the operator's rules, and changes nothing else", async () => {
    const body = { image_id: 'cirros', server_id: strict };
    const request = { code: 'not_permitted', body, method: 'POST', target: '/provision' } as const;
    const readOnly = await expectFailure(await serve({ IRONIC_MCP_READ_ONLY: 'true' }), request);
    expect(readOnly.reason).toContain('IRONIC_MCP_READ_ONLY');
    const limited = await serve({ IRONIC_MCP_RESOURCE_CLASSES: 'baremetal.gpu' });
    const { reason } = await expectFailure(limited, { ...request, tool: ['provision_server', body] });
    expect(reason).toContain('IRONIC_MCP_RESOURCE_CLASSES');
    expect(await admin.node(strict)).toMatchObject({ provision_state: 'available', instance_uuid: null });
  });

  test('changes nothing that it cannot record', async () => {
    const client = await serve({ IRONIC_MCP_AUDIT_LOG: '/dev/full' });
    const body = { image_id: 'cirros', server_id: strict };
    const answer = await client.ask(...provision, body);
    expectDocumented(answer);
    const problem = sameFailure(answer, await client.callTool('provision_server', body));
    expect(problem).toMatchObject({
      status: 503,
      code: 'audit_unavailable',
      detail: 'The audit log cannot be written',
      retryable: true,
    });
    expect(await admin.node(strict)).toMatchObject({ provision_state: 'available', instance_uuid: null });
  });
});
