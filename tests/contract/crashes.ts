import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/faults/fault-proxy.js';
import { localImages } from '../support/local-images.js';
import { openSession } from '../support/mcp-session.js';
import { run } from '../support/program.js';
import { provision } from '../support/tool-answers.js';
import { type Administrator, administrator, type Node } from './lab.js';

/** Where the program is killed: at the nth request of a deployment, before or after Ironic has done it. */
type CrashPoint = readonly [moment: 'before' | 'after', what: string, nth: number];

const around = (requests: readonly string[]) =>
  requests.flatMap((what, index): CrashPoint[] => [
    ['before', what, index + 1],
    ['after', what, index + 1],
  ]);
const withKey = around(['the search by key', 'the list', 'the reservation', 'the start', 'the second look']);
const withoutKey = around(['the list', 'the reservation', 'the start']);

/** Checks what a deployment leaves behind when its program is killed. The same suite runs against each Ironic. */
export function crashes(openLab: () => Promise<{ endpoint: string; image: string }>): void {
  let admin: Administrator;
  let proxy: FaultProxy;
  let request: object;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const { endpoint, image } = await openLab();
    env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, ...localImages };
    admin = administrator(endpoint);
    proxy = await startFaultProxy(endpoint);
    request = { image_id: image, resource_class: 'baremetal.small', hostname: 'crash-1' };
  });
  afterAll(() => proxy.close());

  let takenBefore: Set<string>;
  const takenSince = async () =>
    (await admin.nodes('&associated=true')).filter(({ instance_uuid: id }) => !takenBefore.has(String(id)));
  const open = () => openSession('v2', { ...env, OS_ENDPOINT: proxy.url });

  /** Starts the program, has it deploy, and kills it there. Nothing that it has not sent by then is ever sent. */
  async function killed([moment, , nth]: CrashPoint, input: object): Promise<void> {
    takenBefore = new Set((await admin.nodes('&associated=true')).map(({ instance_uuid: id }) => String(id)));
    proxy.clear();
    const session = await open();
    const gone = new Promise<void>((resolve) => {
      proxy.on({ nth }, async ({ pass }) => {
        if (moment === 'after') await pass();
        process.kill(session.pid, 'SIGKILL');
        resolve();
      });
    });
    const call = session.callTool('provision_server', input).catch((error: unknown) => error);
    await gone;
    expect(await session.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(await call).toBeInstanceOf(Error);
    proxy.clear();
  }

  afterEach(async () => {
    for (const { uuid } of await takenSince()) await giveBack(await admin.node(uuid));
  });

  async function giveBack({ uuid, provision_state: state }: Node): Promise<void> {
    if (state === 'available') {
      await admin.patch(
        uuid,
        { op: 'remove', path: '/instance_uuid' },
        { op: 'replace', path: '/instance_info', value: {} },
      );
    } else {
      await admin.done('PUT', `nodes/${uuid}/states/provision`, { target: 'deleted' });
      await admin.until(uuid, 'available');
    }
  }

  describe('a deployment with a key whose program is killed', () => {
    it.each(withKey)('%s %s is finished by a new process with the same key, as one deployment', async (...point) => {
      const input = { ...request, idempotency_key: randomUUID() };
      await killed(point, input);
      const fresh = await open();
      const { status, server_id, deployment_id } = await provision(fresh, input);
      await fresh.close();
      expect(['accepted', 'in_progress', 'completed']).toContain(status);
      const [server, ...others] = await takenSince();
      expect(others).toEqual([]);
      expect(server).toMatchObject({ uuid: server_id, instance_uuid: deployment_id });
      expect(server?.provision_state).not.toBe('available');
    });
  });

  describe('a deployment without a key whose program is killed', () => {
    it.each(withoutKey)(
      '%s %s leaves at most one server, and the check finds it if nothing deploys',
      async (...point) => {
        await killed(point, request);
        const left = await takenSince();
        const [moment, , nth] = point;
        expect(left).toHaveLength(nth > 2 || (nth === 2 && moment === 'after') ? 1 : 0);
        for (const { uuid, name, instance_uuid: id, instance_info: info, provision_state: state } of left) {
          expect(JSON.stringify(info.ironic_mcp)).toContain('started_at');
          expect(state === 'available').toBe(!(nth === 3 && moment === 'after'));
          if (state !== 'available') continue;
          // Backdate it, because no call may be about to start it any more.
          const began = '2026-01-01T00:00:00Z';
          await admin.patch(uuid, { op: 'replace', path: `/instance_info/ironic_mcp/${id}/started_at`, value: began });
          const found = `${name} (host name crash-1) has been reserved since ${began} and was never deployed`;
          const { stdout } = await run(['check'], env);
          expect(stdout).toContain(found);
          expect(stdout).toContain(`openstack baremetal node unset ${uuid} --instance-uuid`);
          await admin.patch(uuid, { op: 'remove', path: '/instance_uuid' });
          expect((await run(['check'], env)).stdout).not.toContain('never deployed');
          await admin.patch(uuid, { op: 'replace', path: '/instance_info', value: {} });
        }
      },
    );
  });
}
