import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Administrator, administrator } from '../contract/lab.js';
import { localImages } from '../support/local-images.js';
import { type McpSession, openSession, type ToolAnswer } from '../support/mcp-session.js';
import { ironics } from './ironics.js';

const copies = 4;
const callers = 64;
const resource_class = 'contended';
/** How many requests a deployment may cost on average while all callers compete for the same servers. */
const mostRequests = 6;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 600_000 });

describe.each(ironics)('on Ironic $version ($release)', ({ endpoint, access_log }) => {
  const admin: Administrator = administrator(endpoint);
  let sessions: McpSession[];
  let servers: readonly string[];

  beforeAll(async () => {
    servers = await some(4, [...Array(callers).keys()], enrol);
    const env = { OS_AUTH_TYPE: 'none', OS_ENDPOINT: endpoint, ...localImages };
    sessions = await Promise.all(Array.from({ length: copies }, () => openSession('v2', env)));
  });

  afterAll(async () => {
    for (const session of sessions) expect(await session.close()).toEqual({ code: 0, signal: null });
    await some(4, servers, (uuid) => admin.done('DELETE', `nodes/${uuid}`));
  });

  afterEach(() =>
    some(4, servers, async (uuid) => {
      await admin.done('DELETE', `nodes/${uuid}/maintenance`);
      await giveBack(uuid);
    }),
  );

  async function enrol(index: number): Promise<string> {
    const { uuid } = (await admin.done('POST', 'nodes', {
      name: `contended-${index}`,
      driver: 'fake-hardware',
      resource_class,
      deploy_interface: 'fake',
    })) as { uuid: string };
    await admin.done('PUT', `nodes/${uuid}/states/provision`, { target: 'manage' });
    await admin.until(uuid, 'manageable');
    // The program does not choose a server without a power state.
    await admin.done('PUT', `nodes/${uuid}/states/power`, { target: 'power off' });
    await admin.until(uuid, 'manageable');
    await admin.done('PUT', `nodes/${uuid}/states/provision`, { target: 'provide' });
    await admin.until(uuid, 'available');
    return uuid;
  }

  async function giveBack(uuid: string): Promise<void> {
    const { provision_state: state } = await admin.node(uuid);
    if (state !== 'available') {
      await admin.until(uuid, 'active');
      await admin.done('PUT', `nodes/${uuid}/states/provision`, { target: 'deleted' });
      await admin.until(uuid, 'available');
    }
  }

  const deployments = async () =>
    (await admin.nodes(`&resource_class=${resource_class}`)).filter(({ instance_uuid: id }) => id !== null);

  const requests = async () =>
    (await readFile(access_log, 'utf8')).split('\n').filter((line) => line && !line.includes('/detail')).length;

  /** One call, repeated if its time ran out: this does not test a slow machine. */
  async function called(session: McpSession | undefined): Promise<ToolAnswer & { readonly calls: number }> {
    for (let calls = 1; ; calls += 1) {
      const answer = await session?.callTool('provision_server', { image_id: 'file:///debian.img', resource_class });
      if (answer && !answer.text.includes('was busy or taken by others')) return { ...answer, calls };
    }
  }

  /** All callers at once, from all copies: their answers, and the requests to Ironic. */
  async function everybody() {
    const before = await requests();
    const answers = await Promise.all(Array.from({ length: callers }, (_, index) => called(sessions[index % copies])));
    const cost = (await requests()) - before;
    const given = answers.flatMap(({ data }) => (data ? [data] : []));
    const calls = answers.reduce((sum, answer) => sum + answer.calls, 0);
    const perSuccess = cost / given.length;
    process.stderr.write(
      `${given.length} of ${callers} callers deployed in ${calls} calls, ${perSuccess.toFixed(2)} requests for each success\n`,
    );
    return { given, refused: answers.filter(({ isError }) => isError), perSuccess };
  }

  /** Checks that the answers agree with the servers. */
  async function expectTold(given: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const told = given.map(({ server_id, deployment_id }) => `${server_id} ${deployment_id}`).sort();
    const real = (await deployments()).map(({ uuid, instance_uuid }) => `${uuid} ${instance_uuid}`).sort();
    expect(real).toEqual(told);
  }

  test(`${callers} callers of ${copies} copies get ${callers} servers, with at most ${mostRequests} requests each`, async () => {
    const { given, refused, perSuccess } = await everybody();
    expect(refused.map(({ text }) => text)).toEqual([]);
    expect(new Set(given.map(({ server_id }) => server_id)).size).toBe(callers);
    await expectTold(given);
    expect(perSuccess).toBeLessThanOrEqual(mostRequests);
  });

  test('of 16 servers 16 callers get one each, and the others hear that there is none', async () => {
    const free = 16;
    await some(4, servers.slice(free), (uuid) => admin.done('PUT', `nodes/${uuid}/maintenance`, { reason: 'test' }));
    const { given, refused } = await everybody();
    expect(new Set(given.map(({ server_id }) => server_id)).size).toBe(free);
    const messages = new Set(refused.map(({ text }) => text.split('\n')[0]));
    expect([...messages]).toEqual(['No available servers matching criteria']);
    expect(refused).toHaveLength(callers - free);
    await expectTold(given);
  });
});

/** Runs an action for each item, a few at a time. */
async function some<Item, Result>(
  width: number,
  items: readonly Item[],
  action: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = [...items.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) results[next[0]] = await action(next[1]);
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}
