import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import type { Core } from '../../src/core/operation.js';
import { type BareMetal, Refused } from '../../src/core/ports.js';
import { createProvisionService } from '../../src/core/provision/provision.js';
import type { DeprovisionRequest } from '../../src/core/requests.js';
import { systemClock } from '../../src/local/clock.js';
import { createHttp } from '../../src/openstack/http.js';
import { createIronic } from '../../src/openstack/ironic.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { justSeen, plainStart } from '../support/last-look.js';
import { localImages } from '../support/local-images.js';
import { openPolicy } from '../support/open-policy.js';
import { type Administrator, administrator, type Lab, methodsOf } from './lab.js';

const image = 'cirros';
const source = 'http://127.0.0.1:9/cirros.img';
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIContractContractContractContract tests';

/** What is true of every Ironic, including the simulated one. The same suite runs against each. */
export function contract(openLab: () => Promise<Lab>): void {
  let lab: Lab;
  let admin: Administrator;
  let core: Core;
  let bareMetal: BareMetal;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    lab = await openLab();
    admin = administrator(lab.endpoint);
    core = await anotherCore();
    const http = createHttp({
      service: 'Ironic',
      endpoint: lab.endpoint,
      timeout: 30_000,
      queue: createRequestQueue(8),
    });
    bareMetal = createIronic({ http, clock: systemClock, random: Math.random });
    // The first answer settles the version. The tests count only later requests.
    await bareMetal.listFree({}, undefined, signal);
  });

  /** The services of another copy of this program. */
  async function anotherCore(rules: Readonly<Record<string, string>> = {}): Promise<Core> {
    const config = await readConfig({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: lab.endpoint, ...localImages, ...rules }, {});
    return composeCore({ ...config, catalogue: { [image]: { source, checksum: 'd41d8cd98f00b204e9800998ecf8427e' } } });
  }

  /** Servers that a test has used, to be made free again. */
  const used = new Set<string>();
  const everUsed = new Set<string>();
  afterEach(async () => {
    for (const id of used) await restore(id);
    used.clear();
  });

  async function restore(id: string): Promise<void> {
    const node = await admin.node(id);
    if (['active', 'deploy failed', 'wait call-back', 'error'].includes(node.provision_state)) {
      await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'deleted' });
      await admin.until(id, 'available');
    } else if (node.instance_uuid !== null) {
      await admin.patch(
        id,
        { op: 'remove', path: '/instance_uuid' },
        { op: 'replace', path: '/instance_info', value: {} },
      );
    }
    // Otherwise the next test that gets the server gets its fate as well.
    await admin.patch(
      id,
      { op: 'replace', path: '/deploy_interface', value: lab.ordinaryInterface },
      { op: 'replace', path: '/extra', value: {} },
    );
  }

  /** A free server of the class, for the test alone. */
  async function free(resourceClass = 'baremetal.small'): Promise<string> {
    const nodes = await admin.nodes(
      `&provision_state=available&associated=false&maintenance=false&resource_class=${resourceClass}`,
    );
    const unused = nodes.filter(({ uuid, name }) => !used.has(uuid) && !name.includes('fail'));
    // On a simulator in a hurry, an agent's heartbeat of the last deployment may look like one of the next.
    const node = unused.find(({ uuid }) => !everUsed.has(uuid)) ?? unused[0];
    if (!node) throw new Error(`no free server of class ${resourceClass} is left for the test`);
    used.add(node.uuid);
    everUsed.add(node.uuid);
    return node.uuid;
  }

  /** Lets the server go through the steps of a real deployment, with the given fate. */
  async function script(id: string, fate: object): Promise<void> {
    const { member, deployInterface } = lab.fate;
    await admin.patch(
      id,
      { op: 'replace', path: '/deploy_interface', value: deployInterface },
      { op: 'add', path: `/extra/${member}`, value: fate },
    );
  }

  async function finished(operation_id: string) {
    for (;;) {
      const status = await core.status.status({ operation_id, wait_seconds: 0 }, signal);
      if (status.status !== 'in_progress') return status;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  const reservation = (deploymentId: string = randomUUID()) => ({
    deploymentId,
    attemptId: randomUUID(),
    entry: { started_at: '2026-01-01T00:00:00Z', image, digest: 'of the request' },
    instanceInfo: { image_source: source, image_checksum: 'd41d8cd98f00b204e9800998ecf8427e' },
  });

  const refusal = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no refusal',
      (error) => (error instanceof Refused ? error.refusal : `no refusal but ${error}`),
    );

  describe('a deployment', () => {
    test.each([
      ['by class', () => ({ resource_class: 'baremetal.small' })],
      ['by UUID', async () => ({ server_id: await free() })],
      ['by name', async () => ({ server_id: (await admin.node(await free())).name })],
    ])('%s takes three requests, and the server becomes active with what was requested', async (_, criteria) => {
      const chosen = await criteria();
      const before = (await lab.requests()).length;
      const response = await core.provision.provision(
        { image_id: image, ...chosen, hostname: 'contract-1', ssh_public_keys: [key] },
        signal,
      );
      used.add(response.server_id);
      const requests = (await lab.requests()).slice(before);
      expect(methodsOf(requests)).toBe('GET PATCH PUT');
      expect(response.status).toBe('accepted');
      expect(response.operation_id).toBe(response.server_id);

      const status = await finished(response.operation_id);
      expect(status).toMatchObject({
        operation_id: response.operation_id,
        server_name: response.server_name,
        status: 'completed',
        provision_state: 'active',
        progress_percent: 100,
        started_at: response.started_at,
        deployment_id: response.deployment_id,
        poll_after_seconds: null,
        failure: null,
      });
      const node = await admin.node(response.server_id);
      expect(node.instance_uuid).toBe(response.deployment_id);
      expect(node.instance_info.image_source).toBe(source);
      expect(node.provision_state).toBe('active');
      expect(status.completed_at).toBe(`${String(node.provision_updated_at).slice(0, 19)}Z`);
      expect(Date.parse(status.started_at ?? '')).toBeLessThanOrEqual(Date.parse(status.completed_at ?? ''));
      const drive = await lab.configDrive(response.server_id);
      expect(drive).toContain('contract-1');
      expect(drive).toContain(key);
    });

    test('is reported as failed, with the step and the reason, when a step fails', async () => {
      const id = await free();
      await script(id, { fail: 'write_image', message: 'No space left on device /dev/sda' });
      await core.provision.provision({ image_id: image, server_id: id }, signal);
      const status = await finished(id);
      expect(status).toMatchObject({
        status: 'failed',
        provision_state: 'deploy failed',
        progress_percent: null,
        failure: { code: 'no_space', step: 'write_image' },
      });
      expect(status.failure?.ironic_error).toContain('No space left on device /dev/sda');
      expect(status.completed_at).not.toBeNull();
    });

    test('shows its steps in order, and its progress never goes back within one wait', async () => {
      const id = await free();
      await script(id, {});
      await core.provision.provision({ image_id: image, server_id: id }, signal);
      const seen: number[] = [];
      for (;;) {
        const status = await core.status.status({ operation_id: id, wait_seconds: 0 }, signal);
        if (status.progress_percent !== null && status.progress_percent !== seen.at(-1))
          seen.push(status.progress_percent);
        if (status.status !== 'in_progress') break;
      }
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(seen).toContain(40);
      expect(seen.at(-1)).toBe(100);
    });

    test('leaves no reservation behind when Ironic refuses it', async () => {
      const id = await free();
      await admin.patch(id, { op: 'replace', path: '/deploy_interface', value: lab.strictInterface });
      const { clock, random } = { clock: systemClock, random: Math.random };
      const service = createProvisionService({
        policy: openPolicy,
        bareMetal,
        clock,
        random,
        servers: core.servers,
        changes: core.changes,
        idempotencyScope: async () => 'tests',
        // Nobody has checked this one.
        images: {
          list: async () => ({ images: [], complete: true, anyUrl: true }),
          find: async (ref) => ({
            id: ref,
            name: ref,
            instanceInfo: { image_source: 'http://127.0.0.1:9/no-checksum.img' },
            minDiskGb: 0,
            architecture: null,
            isPartition: false,
            loginUser: null,
            lacksChecksum: false,
          }),
        },
      });
      await expect(service.provision({ image_id: 'unchecked', server_id: id }, signal)).rejects.toMatchObject({
        code: 'deploy_refused',
        message: `Ironic refused to deploy server ${id}`,
        reason: expect.stringContaining('image_checksum'),
      });
      const node = await admin.node(id);
      expect(node.instance_uuid).toBeNull();
      expect(node.instance_info).toEqual({});
    });

    test('of an http image without a checksum is refused before the reservation if one is required', async () => {
      const id = await free();
      await admin.patch(id, { op: 'replace', path: '/deploy_interface', value: lab.strictInterface });
      const before = (await lab.requests()).length;
      const unchecked = core.provision.provision({ image_id: 'http://127.0.0.1:9/x.img', server_id: id }, signal);
      await expect(unchecked).rejects.toMatchObject({
        message: 'Image http://127.0.0.1:9/x.img cannot be deployed',
        reason: expect.stringContaining('needs a checksum'),
      });
      const requests = (await lab.requests()).slice(before);
      expect(requests.map((request) => request.split(' ')[0])).toEqual(['GET']);
    });

    test('succeeds for one of two callers who ask for the same server at the same moment', async () => {
      const id = await free();
      const outcomes = await Promise.allSettled(
        [1, 2, 3, 4].map(() => core.provision.provision({ image_id: image, server_id: id }, signal)),
      );
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') {
          expect(outcome.reason).toMatchObject({ code: 'server_not_available' });
        }
      }
      expect((await admin.node(id)).instance_uuid).toBe(winners[0]?.value.deployment_id);
      await finished(id);
    });
  });

  test('the list of images shows the catalogue and says that any URL works as well', async () => {
    await expect(core.images.list({ limit: 50 }, signal)).resolves.toEqual({
      message: expect.stringMatching(/^1 image; 1 can be deployed\. image_id also takes any http, https or oci URL /),
      images: [{ id: image, name: image, deployable: true }],
      next_cursor: null,
    });
  });

  describe('the list of servers', () => {
    test('shows and counts every server of a class once, over all pages', async () => {
      const nodes = await admin.nodes('&resource_class=baremetal.large');
      const request = { resource_class: 'baremetal.large', limit: 3 };
      const first = await core.servers.list(request, signal);
      const seen = [...first.servers];
      for (let cursor = first.next_cursor; cursor; ) {
        const page = await core.servers.list({ ...request, cursor }, signal);
        seen.push(...page.servers);
        cursor = page.next_cursor;
      }
      expect(seen.map(({ id }) => id).sort()).toEqual(nodes.map(({ uuid }) => uuid).sort());
      const [{ resource_class, ...counts } = {}] = first.counts ?? [];
      expect(resource_class).toBe('baremetal.large');
      expect(Object.values(counts).reduce((sum, count = 0) => Number(sum) + count, 0)).toBe(nodes.length);
      expect(seen[0]).toMatchObject({ resource_class: 'baremetal.large', cpus: 64, memory_gb: 256, disk_gb: 1800 });
    });

    test('says why each server is not available, in one request', async () => {
      const before = (await lab.requests()).length;
      const { servers } = await core.servers.list({ limit: 200 }, signal);
      expect((await lab.requests()).length - before).toBe(1);
      for (const node of await admin.nodes()) {
        const server = servers.find(({ id }) => id === node.uuid);
        const free = node.provision_state === 'available' && !node.maintenance && node.instance_uuid === null;
        expect({ ...server, free: server?.state === 'available' }).toMatchObject({ name: node.name, free });
        if (node.provision_state === 'active') expect(server).toMatchObject({ state: 'in_use', note: 'deployed' });
        if (node.provision_state === 'manageable') {
          expect(server).toMatchObject({ state: 'unusable', note: 'not offered for deployment' });
        }
        if (node.resource_class === 'baremetal.gpu') {
          expect(server?.traits).toEqual(['CUSTOM_GPU', 'HW_CPU_X86_AVX2']);
        }
      }
    });

    test('finds the available servers', async () => {
      const { servers } = await core.servers.list({ state: 'available', limit: 200 }, signal);
      const free = await admin.nodes('&provision_state=available&associated=false&maintenance=false');
      expect(servers.map(({ id }) => id).sort()).toEqual(free.map(({ uuid }) => uuid).sort());
    });

    test('refuses a cursor whose server is gone', async () => {
      await expect(core.servers.list({ limit: 1, cursor: randomUUID() }, signal)).rejects.toMatchObject({
        code: 'invalid_request',
        fields: [{ field: 'cursor' }],
      });
    });
  });

  describe('traits', () => {
    const gpu = ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'];

    test('choose a server that has them, and are sent to Ironic, in three requests', async () => {
      const before = (await lab.requests()).length;
      const { server_id } = await core.provision.provision({ image_id: image, traits: gpu }, signal);
      used.add(server_id);
      const requests = (await lab.requests()).slice(before);
      expect(methodsOf(requests)).toBe('GET PATCH PUT');
      const node = await admin.node(server_id);
      expect(node).toMatchObject({ resource_class: 'baremetal.gpu', traits: gpu });
      expect(node.instance_info.traits).toEqual(gpu);
      expect((await finished(server_id)).status).toBe('completed');
    });

    test('exclude a named server that lacks them, before anything is reserved', async () => {
      const id = await free();
      const before = await admin.node(id);
      const wish = { image_id: image, server_id: id, traits: gpu };
      await expect(core.provision.provision(wish, signal)).rejects.toMatchObject({
        code: 'server_not_available',
        reason: 'it does not have the trait CUSTOM_GPU, HW_CPU_X86_AVX2',
      });
      expect(await admin.node(id)).toEqual(before);
    });

    test('are named in the reason when no server has them, with the number of servers that each criterion left', async () => {
      const small = (await admin.nodes('&resource_class=baremetal.small')).length;
      const wish = { image_id: image, resource_class: 'baremetal.small', traits: ['CUSTOM_GPU'] };
      await expect(core.provision.provision(wish, signal)).rejects.toMatchObject({
        message: 'No available servers matching criteria',
        reason: expect.stringMatching(
          new RegExp(
            `^servers of class baremetal\\.small: ${small}, with trait CUSTOM_GPU: 0; free in other classes: baremetal\\.gpu \\d+(; free without trait CUSTOM_GPU: baremetal\\.small \\d+)?$`,
          ),
        ),
      });
    });

    test('leave no reservation when Ironic does not find them on the server', async () => {
      const id = await free();
      await bareMetal.reserve(
        id,
        { ...reservation(), instanceInfo: { ...reservation().instanceInfo, traits: ['CUSTOM_GPU'] } },
        signal,
      );
      await admin.patch(id, { op: 'replace', path: '/deploy_interface', value: lab.fate.deployInterface });
      expect(await refusal(bareMetal.deploy(id, plainStart, signal))).toBe('invalid');
    });
  });

  describe('a conductor group', () => {
    test('without servers matches no server', async () => {
      const wish = { image_id: image, resource_class: 'baremetal.small', conductor_group: 'nosuch' };
      await expect(core.provision.provision(wish, signal)).rejects.toMatchObject({
        message: 'No available servers matching criteria',
        reason: expect.stringMatching(
          /, in conductor group nosuch: 0(; free in other conductor groups: baremetal\.small \d+)?$/,
        ),
      });
      await expect(bareMetal.listFree({ conductorGroup: 'nosuch' }, undefined, signal)).resolves.toEqual({
        servers: [],
        next: null,
      });
    });

    test('excludes a named server of another group', async () => {
      const wish = { image_id: image, server_id: await free(), conductor_group: 'nosuch' };
      await expect(core.provision.provision(wish, signal)).rejects.toMatchObject({
        code: 'server_not_available',
        reason: 'its conductor group is the default one',
      });
    });

    test('chooses one of its servers', async () => {
      const id = await free();
      await lab.putInGroup(id, 'rack-7');
      const { servers } = await bareMetal.listFree({ conductorGroup: 'rack-7' }, undefined, signal);
      expect(servers).toMatchObject([{ id, conductorGroup: 'rack-7' }]);
      await lab.putInGroup(id, '');
    });
  });

  describe('an idempotency key', () => {
    test('takes five requests for a new deployment, and finds it again from another process as well', async () => {
      const request = { image_id: image, resource_class: 'baremetal.small', idempotency_key: randomUUID() };
      const before = (await lab.requests()).length;
      const first = await core.provision.provision(request, signal);
      used.add(first.server_id);
      const requests = (await lab.requests()).slice(before);
      expect(methodsOf(requests)).toBe('GET GET PATCH PUT GET');
      const again = await (await anotherCore()).provision.provision(request, signal);
      expect(again).toMatchObject({
        operation_id: first.operation_id,
        deployment_id: first.deployment_id,
        started_at: first.started_at,
      });
      expect(['in_progress', 'completed']).toContain(again.status);
      await finished(first.operation_id);
      expect(await core.provision.provision(request, signal)).toMatchObject({
        operation_id: first.operation_id,
        status: 'completed',
      });
    });

    test('used by two calls at the same moment makes one deployment', async () => {
      const request = { image_id: image, resource_class: 'baremetal.small', idempotency_key: randomUUID() };
      const cores = await Promise.all([1, 2, 3].map(() => anotherCore()));
      const responses = await Promise.all(cores.map(({ provision }) => provision.provision(request, signal)));
      for (const { server_id } of responses) used.add(server_id);
      expect(new Set(responses.map(({ operation_id }) => operation_id)).size).toBe(1);
      expect(responses.filter(({ status }) => status === 'accepted')).toHaveLength(1);
      await finished(responses[0]?.operation_id ?? '');
    });

    test('gives a conflict when it is used for another request', async () => {
      const key = { idempotency_key: randomUUID(), server_id: await free() };
      await core.provision.provision({ image_id: image, ...key }, signal);
      await expect(
        core.provision.provision({ image_id: image, hostname: 'other', ...key }, signal),
      ).rejects.toMatchObject({
        message: 'Idempotency key was already used for a different request',
      });
      await finished(key.server_id);
    });
  });

  test('retry_failed deploys the same request again in place', async () => {
    const request = { image_id: image, server_id: await free(), retry_failed: true };
    await script(request.server_id, { fail: 'prepare_instance_boot' });
    const first = await core.provision.provision(request, signal);
    expect((await finished(first.operation_id)).status).toBe('failed');
    await expect(core.provision.provision({ ...request, hostname: 'other' }, signal)).rejects.toMatchObject({
      code: 'server_not_available',
    });
    await script(request.server_id, {});
    const second = await core.provision.provision(request, signal);
    expect(second).toMatchObject({ status: 'accepted', deployment_id: first.deployment_id });
    expect((await finished(first.operation_id)).status).toBe('completed');
  });

  describe('an undeployment', () => {
    const allowed = { IRONIC_MCP_ALLOW_DEPROVISION: 'true' };
    const undeployed = /^its state is (deleting|cleaning|clean wait|available)/;

    /** The request that undeploys a server, made by another copy of this program. */
    async function undoing(id: string, rules: Readonly<Record<string, string>> = allowed) {
      const { deprovision } = await anotherCore(rules);
      const request = { operation_id: id, confirm_server_name: (await admin.node(id)).name };
      return (more: Partial<DeprovisionRequest> = {}) => deprovision.deprovision({ ...request, ...more }, signal);
    }

    /** A server that has been given a deployment with that fate. */
    async function deployed(fate: object) {
      const id = await free();
      await script(id, fate);
      const response = await core.provision.provision({ image_id: image, server_id: id }, signal);
      return { id, deploymentId: String(response.deployment_id) };
    }

    test('of an active server frees it in two requests, and reports how far it is when repeated', async () => {
      const { id, deploymentId } = await deployed({});
      expect((await finished(id)).status).toBe('completed');
      const undo = await undoing(id);
      const before = (await lab.requests()).length;
      expect(await undo({ deployment_id: deploymentId })).toMatchObject({
        operation_id: id,
        status: 'accepted',
        deployment_id: deploymentId,
      });
      const requests = (await lab.requests()).slice(before);
      expect(requests.map((request) => request.split(/[ ?]/)[0])).toEqual(['GET', 'PUT']);
      const again = await undo().then(
        ({ status }) => status,
        ({ reason }) => reason,
      );
      expect(again).toMatch(/^(in_progress|completed)$/);
      await expect(core.status.status({ operation_id: id, wait_seconds: 0 }, signal)).rejects.toMatchObject({
        code: 'operation_not_found',
        reason: expect.stringMatching(undeployed),
      });
      const node = await admin.until(id, 'available');
      expect(node.instance_uuid).toBeNull();
      expect(node.instance_info).toEqual({});
    });

    test('clears a failed deployment', async () => {
      const { id } = await deployed({ fail: 'prepare_instance_boot' });
      expect((await finished(id)).status).toBe('failed');
      expect(await (await undoing(id))()).toMatchObject({ status: 'accepted' });
      expect((await admin.until(id, 'available')).instance_uuid).toBeNull();
    });

    test('cancels a deployment that is waiting for its agent', async () => {
      const { id } = await deployed({ hang: 'deploy' });
      await admin.until(id, 'wait call-back');
      expect(await (await undoing(id))()).toMatchObject({ status: 'accepted' });
      expect((await admin.until(id, 'available')).instance_uuid).toBeNull();
    });

    test('can be repeated after it failed, although Ironic has forgotten whose deployment it was', async () => {
      const { id } = await deployed({ fail: 'tear_down', fail_teardown: true });
      expect((await finished(id)).status).toBe('completed');
      const undo = await undoing(id);
      await undo();
      expect(await admin.until(id, 'error')).toMatchObject({ instance_uuid: null, instance_info: {} });
      await script(id, {});
      await expect(undo()).rejects.toMatchObject({
        code: 'deprovision_refused',
        reason: expect.stringMatching(/^its undeployment failed/),
      });
      expect(await undo({ retry_failed: true })).toMatchObject({ status: 'accepted', deployment_id: null });
      await admin.until(id, 'available');
    });

    test('gives back a reservation that was never deployed', async () => {
      const id = await free();
      await bareMetal.reserve(id, reservation(), signal);
      expect(await (await undoing(id))()).toMatchObject({ status: 'completed' });
      expect(await admin.node(id)).toMatchObject({ instance_uuid: null, instance_info: {} });
    });

    test('leaves a reservation alone while its deployment may be about to start', async () => {
      const id = await free();
      const { entry, ...rest } = reservation();
      const started_at = new Date(bareMetal.now()).toISOString();
      await bareMetal.reserve(id, { ...rest, entry: { ...entry, started_at } }, signal);
      await expect((await undoing(id))()).rejects.toMatchObject({ code: 'deprovision_refused', retryable: true });
      expect((await admin.node(id)).instance_uuid).toBe(rest.deploymentId);
    });

    test("spares a server that is somebody else's, protected, in maintenance or held by an allocation", async () => {
      const foreign = { ...allowed, IRONIC_MCP_DEPROVISION_FOREIGN: 'true' };
      const id = await free();
      const { name } = await admin.node(id);
      await admin.done('POST', 'allocations', {
        name: `of-${id}`,
        resource_class: 'baremetal.small',
        candidate_nodes: [id],
      });
      while ((await admin.node(id)).instance_uuid === null) await new Promise((resolve) => setTimeout(resolve, 100));
      await expect((await undoing(id, foreign))()).rejects.toMatchObject({ code: 'operation_not_found' });
      await admin.patch(id, { op: 'add', path: '/instance_info/image_source', value: source });
      await admin.patch(id, { op: 'replace', path: '/deploy_interface', value: lab.fate.deployInterface });
      await admin.patch(id, {
        op: 'add',
        path: '/instance_info/image_checksum',
        value: 'd41d8cd98f00b204e9800998ecf8427e',
      });
      await admin.done('PUT', `nodes/${id}/states/provision`, { target: 'active' });
      await admin.until(id, 'active');
      await expect((await undoing(id, foreign))()).rejects.toMatchObject({
        code: 'not_permitted',
        reason: 'an allocation in Ironic gave it to somebody else',
      });
      // Without its allocation it is just somebody else's.
      await admin.done('PUT', `nodes/${id}/maintenance`, {});
      await admin.patch(id, { op: 'remove', path: '/instance_uuid' });
      await admin.patch(id, { op: 'add', path: '/instance_uuid', value: randomUUID() });
      await admin.done('DELETE', `nodes/${id}/maintenance`);
      await expect((await undoing(id))()).rejects.toMatchObject({
        code: 'not_permitted',
        reason: expect.stringContaining('IRONIC_MCP_DEPROVISION_FOREIGN'),
      });
      const undo = await undoing(id, foreign);
      await admin.patch(id, { op: 'replace', path: '/protected', value: true });
      await expect(undo()).rejects.toMatchObject({
        code: 'deprovision_refused',
        reason: expect.stringMatching(/protected/),
      });
      expect(await refusal(bareMetal.undeploy(id, justSeen, signal))).toBe('forbidden');
      await admin.patch(id, { op: 'replace', path: '/protected', value: false });
      await admin.done('PUT', `nodes/${id}/maintenance`, {});
      await expect(undo()).rejects.toMatchObject({
        code: 'deprovision_refused',
        reason: expect.stringMatching(/maintenance/),
      });
      await admin.done('DELETE', `nodes/${id}/maintenance`);
      expect((await admin.node(id)).provision_state).toBe('active');
      expect(await undo()).toMatchObject({ status: 'accepted', server_name: name });
      await admin.until(id, 'available');
    });
  });

  test('the limit of deployments at once counts those of every copy of this program', async () => {
    const limited = (most: number) => anotherCore({ IRONIC_MCP_MAX_DEPLOYING: String(most) });
    const [first, second] = [await free(), await free()];
    await script(first, { hang: 'deploy' });
    await core.provision.provision({ image_id: image, server_id: first }, signal);
    await admin.until(first, 'wait call-back');
    const others = (await bareMetal.listReservedOrDeploying(signal)).filter(
      ({ entry, id }) => entry !== null && id !== first,
    );
    const request = { image_id: image, server_id: second };
    await expect((await limited(others.length + 1)).provision.provision(request, signal)).rejects.toMatchObject({
      code: 'not_permitted',
      reason: expect.stringContaining('IRONIC_MCP_MAX_DEPLOYING'),
      retryable: true,
    });
    expect((await admin.node(second)).instance_uuid).toBeNull();
    const { provision } = await limited(others.length + 2);
    expect(await provision.provision(request, signal)).toMatchObject({ status: 'accepted' });
    await finished(second);
  });

  describe('a reboot', () => {
    /** The server as it is when Ironic has changed its power. */
    async function switchedOn(id: string) {
      for (;;) {
        const node = await admin.node(id);
        const { power_state, target_power_state, reservation } = node;
        if (power_state === 'power on' && target_power_state === null && reservation === null) return node;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }

    test.each([
      ['soft', false],
      ['hard', true],
    ])('that is %s switches the power, and changes nothing else', async (_, force) => {
      const id = await free();
      await core.provision.provision({ image_id: image, server_id: id }, signal);
      await finished(id);
      // Ironic's fake deploy interface switches nothing on.
      await admin.done('PUT', `nodes/${id}/states/power`, { target: 'power on' });
      const before = await switchedOn(id);
      const request = { operation_id: id, confirm_server_name: before.name, force };
      expect(await core.reboot.reboot(request, signal)).toMatchObject({
        status: 'accepted',
        deployment_id: before.instance_uuid,
      });
      const after = await switchedOn(id);
      const changed = ({ driver_internal_info }: typeof after) => Object(driver_internal_info).last_power_state_change;
      expect(changed(after)).not.toBe(changed(before));
      const facts = ({ provision_state, provision_updated_at, instance_uuid, instance_info, extra }: typeof after) => {
        return { provision_state, provision_updated_at, instance_uuid, instance_info, extra };
      };
      expect(facts(after)).toEqual(facts(before));
    });

    test('is refused while the agent writes the image', async () => {
      const id = await free();
      await script(id, { hang: 'write_image' });
      await core.provision.provision({ image_id: image, server_id: id }, signal);
      const { name } = await admin.until(id, 'wait call-back');
      const before = (await lab.requests()).length;
      const request = { operation_id: id, confirm_server_name: name, force: true };
      const rebooting = core.reboot.reboot(request, signal);
      await expect(rebooting).rejects.toMatchObject({ code: 'reboot_refused' });
      expect((await lab.requests()).slice(before).map((line) => line.split(' ')[0])).toEqual(['GET']);
    });
  });

  describe('a refusal', () => {
    test('of an unknown server names it', async () => {
      await expect(
        core.provision.provision({ image_id: image, server_id: 'no-such-server' }, signal),
      ).rejects.toMatchObject({
        message: 'Server no-such-server not found',
      });
    });

    test.each([
      ['manageable', '&provision_state=manageable', 'its state is manageable'],
      ['active', '&provision_state=active', 'its state is active'],
      ['in maintenance', '&maintenance=true&provision_state=available', 'it is in maintenance'],
    ])('of a server that is %s says so and changes nothing', async (_, query, reason) => {
      const [node] = await admin.nodes(query);
      const before = await admin.node(String(node?.uuid));
      await expect(core.provision.provision({ image_id: image, server_id: before.name }, signal)).rejects.toMatchObject(
        {
          message: `Server ${before.name} is not available for provisioning`,
          reason,
        },
      );
      expect(await admin.node(before.uuid)).toEqual(before);
    });

    test('of a class without free servers says what the request asked for', async () => {
      await expect(
        core.provision.provision({ image_id: image, resource_class: 'no-such-class' }, signal),
      ).rejects.toMatchObject({
        message: 'No available servers matching criteria',
        reason: expect.stringMatching(/^no server has class no-such-class; the classes are .*baremetal\.small \d+/),
      });
    });

    test('of a status says whether the server has no deployment or somebody else has reserved it', async () => {
      const id = await free();
      await expect(core.status.status({ operation_id: id, wait_seconds: 0 }, signal)).rejects.toMatchObject({
        message: `Server ${id} has no provisioning operation`,
        reason: 'its state is available: free for deployment',
      });
      await admin.patch(id, { op: 'add', path: '/instance_uuid', value: randomUUID() });
      await expect(core.status.status({ operation_id: id, wait_seconds: 0 }, signal)).rejects.toMatchObject({
        reason: expect.stringMatching(/^it is reserved by somebody else/),
      });
    });
  });

  describe('the port', () => {
    test('finds a server by UUID and by name, and answers null when there is none', async () => {
      const id = await free();
      const byId = await bareMetal.find(id, signal);
      expect(byId).toMatchObject({ id, provisionState: 'available', deploymentId: null, entry: null });
      expect(await bareMetal.find(String(byId?.name), signal)).toEqual(byId);
      expect(await bareMetal.find(randomUUID(), signal)).toBeNull();
      expect(await bareMetal.find('no-such-server', signal)).toBeNull();
    });

    test.each(['..', '.', 'a/b', '%2e%2e', 'a b', 'ü'])('finds no server for %j', async (odd) => {
      const found = await bareMetal.find(odd, signal).catch((error) => error);
      expect(found instanceof Refused ? null : found).toBeNull();
    });

    test('lists only the free servers of a class', async () => {
      const { servers } = await bareMetal.listFree({ resourceClass: 'baremetal.small' }, undefined, signal);
      expect(servers.length).toBeGreaterThan(0);
      for (const server of servers) {
        expect(server).toMatchObject({
          resourceClass: 'baremetal.small',
          provisionState: 'available',
          maintenance: false,
          deploymentId: null,
        });
      }
    });

    test('shows a server in the middle of a deployment alike in a list and alone', async () => {
      const id = await free();
      await script(id, { hang: 'write_image' });
      const deployment = reservation();
      await bareMetal.reserve(id, deployment, signal);
      await bareMetal.deploy(id, plainStart, signal);
      // It waits for its agent before that step as well.
      const step = async () => Object(Object((await admin.until(id, 'wait call-back')).deploy_step)).step;
      while ((await step()) !== 'write_image');
      const listed = (await bareMetal.listInDeployment(signal)).find((server) => server.id === id);
      expect(listed).toMatchObject({ provisionState: 'wait call-back', step: { name: 'write_image' } });
      const shown = await bareMetal.findByDeployment(deployment.deploymentId, signal);
      // The agent may have reported in between, which takes the lock for a moment. The list leaves out what only a choice among servers needs.
      const times = { calledAt: 0, heardAt: 0, provisionedAt: 0, lockedBy: null };
      const sizes = { cpus: null, memoryMb: null, diskGb: null, architecture: null };
      const interfaces = { deployInterface: null, networkInterface: null };
      const fixed = { ...times, ...sizes, ...interfaces, resourceClass: null, traits: [], conductorGroup: '' };
      expect({ ...listed, ...fixed }).toEqual({ ...shown, ...fixed });
    });

    test('reserves a server again for the same deployment, but never for another one', async () => {
      const [first, second] = [await free(), await free()];
      const mine = reservation();
      expect(await bareMetal.reserve(first, mine, signal)).toMatchObject({
        deploymentId: mine.deploymentId,
        entry: mine.entry,
        imageSource: source,
      });
      expect(await bareMetal.reserve(first, mine, signal)).toMatchObject({ deploymentId: mine.deploymentId });
      expect(await refusal(bareMetal.reserve(first, reservation(), signal))).toBe('taken');
      expect(await refusal(bareMetal.reserve(second, mine, signal))).toBe('elsewhere');
      expect(await bareMetal.findByDeployment(mine.deploymentId, signal)).toMatchObject({
        id: first,
        entry: mine.entry,
      });
      expect(await bareMetal.findByDeployment(randomUUID(), signal)).toBeNull();
    });

    test('gives back what is ours and nothing else, however often it is called', async () => {
      const id = await free();
      const [mine, theirs] = [reservation(), reservation()];
      await bareMetal.reserve(id, mine, signal);
      await bareMetal.release(id, mine, signal);
      expect(await bareMetal.find(id, signal)).toMatchObject({ deploymentId: null, entry: null, imageSource: null });
      await bareMetal.release(id, mine, signal);
      await bareMetal.reserve(id, theirs, signal);
      await bareMetal.release(id, mine, signal);
      const earlierAttempt = { ...theirs, attemptId: randomUUID() };
      await bareMetal.release(id, earlierAttempt, signal);
      expect(await bareMetal.find(id, signal)).toMatchObject({
        deploymentId: theirs.deploymentId,
        entry: theirs.entry,
      });
    });

    test('records a boot report once, and only in place of the one that is expected', async () => {
      const id = await free();
      const mine = reservation();
      const { deploymentId } = mine;
      const expected = { digest: 'ab'.repeat(32), seed: randomUUID() };
      const report = {
        at: '2026-01-01T00:10:00Z',
        since: '2026-01-01T00:09:00Z',
        from: '10.0.0.7',
        host_keys: [`SHA256:${'a'.repeat(43)}`],
      };
      const record = { deploymentId, digest: expected.digest, report };
      await bareMetal.reserve(id, { ...mine, entry: { ...mine.entry, expected } }, signal);
      await bareMetal.deploy(id, plainStart, signal);
      await admin.until(id, 'active');
      // The conductor holds its lock a moment longer.
      while ((await admin.node(id)).reservation !== null) await new Promise((resolve) => setTimeout(resolve, 100));
      const before = await admin.node(id);
      const wrong = { ...record, digest: 'cd'.repeat(32) };
      expect(await refusal(bareMetal.recordBoot(id, wrong, signal))).toBe('taken');
      expect(await bareMetal.find(id, signal)).toMatchObject({ entry: { expected } });
      await bareMetal.recordBoot(id, record, signal);
      const server = await bareMetal.find(id, signal);
      expect(server?.entry).toEqual({ ...mine.entry, booted: report });
      const other = { ...record, report: { ...report, from: null } };
      expect(await refusal(bareMetal.recordBoot(id, other, signal))).toBe('taken');
      const now = await admin.node(id);
      const facts = ({ provision_state, instance_uuid, power_state, extra }: typeof now) => {
        return { provision_state, instance_uuid, power_state, extra };
      };
      expect(facts(now)).toEqual(facts(before));
    });

    test('distinguishes wrong data from a wrong state', async () => {
      const id = await free();
      await bareMetal.reserve(
        id,
        { ...reservation(), instanceInfo: { image_source: 'neither a UUID nor a URL' } },
        signal,
      );
      await admin.patch(id, { op: 'replace', path: '/deploy_interface', value: lab.strictInterface });
      expect(await refusal(bareMetal.deploy(id, plainStart, signal))).toBe('invalid');
      const [manageable] = await admin.nodes('&provision_state=manageable');
      const [active] = await admin.nodes('&provision_state=active');
      const [maintained] = await admin.nodes('&maintenance=true&provision_state=available');
      for (const node of [manageable, active, maintained]) {
        expect(await refusal(bareMetal.deploy(String(node?.uuid), plainStart, signal))).toBe('wrong_state');
      }
      expect(await refusal(bareMetal.deploy(randomUUID(), plainStart, signal))).toBe('not_found');
    });

    test('knows the clock of Ironic to the second', async () => {
      const asked = Date.now();
      await bareMetal.find('no-such-server', signal);
      const now = bareMetal.now();
      // Both clocks are this machine's, and HTTP dates are cut to seconds.
      expect(now).toBeGreaterThanOrEqual(asked - 1_000);
      expect(now).toBeLessThanOrEqual(Date.now());
    });
  });
}
