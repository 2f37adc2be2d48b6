import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { type ServerListing, ServerListRequest } from '../../../src/core/inventory/server-list.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { createPolicy } from '../../../src/core/policy.js';
import type { Server } from '../../../src/core/server.js';
import { anyText } from '../any-text.js';
import {
  createFakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';

const forever = new AbortController().signal;

function setup(
  servers: readonly Server[],
  options: Partial<FakeBareMetalOptions> & { readonly classes?: readonly string[] } = {},
) {
  const { classes, ...rest } = options;
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock, pageLength: 1_000, ...rest });
  const policy = createPolicy({ resourceClasses: classes });
  const service = createServerService({ bareMetal, clock, policy, random: () => 0 });
  const list = (input: object = {}) => service.list(ServerListRequest.parse(input), forever);
  return { bareMetal, list };
}

/** All pages, one after the other. */
async function everyPage(list: (input: object) => Promise<ServerListing>, input: object): Promise<ServerListing[]> {
  const pages = [await list(input)];
  for (let cursor = pages[0]?.next_cursor; cursor; cursor = pages.at(-1)?.next_cursor) {
    pages.push(await list({ ...input, cursor }));
  }
  return pages;
}

const many = (count: number, overrides: Partial<Server> = {}) =>
  Array.from({ length: count }, (_, index) => freeServer(index + 1, overrides));

/** A UUID as random as a real one, because the tests count tokens. */
function uuidLike(seed: number): string {
  const hex = createHash('sha256').update(String(seed)).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-a$4-$5');
}

describe('the list of servers', () => {
  it.each(['resource_class', 'name_contains'])('refuses a %s with control characters', (name) => {
    const { error } = ServerListRequest.safeParse({ [name]: 'gpu\n' });
    expect(error?.issues).toMatchObject([{ path: [name], message: 'must not contain control characters' }]);
  });

  it('counts servers by class and state, then says what you need to choose one', async () => {
    const { list, bareMetal } = setup([
      freeServer(1),
      freeServer(2, { provisionState: 'active', deploymentId: uuid(9), resourceClass: 'gpu', traits: ['CUSTOM_GPU'] }),
      freeServer(3, { resourceClass: 'gpu', maintenance: true }),
      freeServer(4, { name: null, resourceClass: null, cpus: null, memoryMb: null, diskGb: null }),
    ]);
    const listing = await list();
    expect(Object.keys(listing)).toEqual(['message', 'counts', 'servers', 'next_cursor']);
    expect(listing).toEqual({
      message: '4 servers: 2 available, 1 in_use, 1 unusable.',
      counts: [
        { resource_class: '(none)', available: 1 },
        { resource_class: 'baremetal.small', available: 1 },
        { resource_class: 'gpu', in_use: 1, unusable: 1 },
      ],
      servers: [
        {
          id: uuid(1),
          name: 'bm-1',
          resource_class: 'baremetal.small',
          state: 'available',
          cpus: 8,
          memory_gb: 16,
          disk_gb: 100,
        },
        expect.objectContaining({ id: uuid(2), state: 'in_use', traits: ['CUSTOM_GPU'], note: 'deployed' }),
        expect.objectContaining({ id: uuid(3), state: 'unusable', note: 'it is in maintenance' }),
        { id: uuid(4), state: 'available' },
      ],
      next_cursor: null,
    });
    expect(bareMetal.requests).toEqual(['list from the start']);
  });

  const entry = (time: string) => ({ started_at: `2026-11-22T${time}Z`, image: 'a', digest: 'd' });

  it.each<[Partial<Server>, string, string | undefined]>([
    [{}, 'available', undefined],
    [{ lessee: 'somebody' }, 'available', 'leased to somebody else: choose another'],
    [{ powerState: null }, 'available', 'power state unknown: choose another'],
    [{ deploymentId: uuid(9) }, 'in_use', 'reserved, not deployed'],
    [{ deploymentId: uuid(9), entry: entry('07:59:59') }, 'deploying', 'reserved, not deployed'],
    [{ deploymentId: uuid(9), entry: entry('07:00:00') }, 'failed', 'reserved, not deployed'],
    [{ retired: true }, 'unusable', 'it is retired'],
    [{ provisionState: 'deploying', deploymentId: uuid(9) }, 'deploying', 'being deployed'],
    [
      { provisionState: 'wait call-back', deploymentId: uuid(9) },
      'deploying',
      'waiting for the deployment agent on the server',
    ],
    [{ provisionState: 'active', deploymentId: uuid(9), maintenance: true }, 'in_use', 'deployed, in maintenance'],
    [{ provisionState: 'rescue' }, 'in_use', 'deployed, in rescue mode'],
    [{ provisionState: 'deploy failed', deploymentId: uuid(9) }, 'failed', 'not deployed: the deployment failed'],
    [{ provisionState: 'error' }, 'failed', 'out of use: its undeployment failed'],
    [{ provisionState: 'manageable' }, 'unusable', 'not offered for deployment'],
    [{ provisionState: 'clean wait' }, 'unusable', 'waiting in its cleaning'],
    [{ provisionState: 'newfangled' }, 'unusable', 'newfangled'],
    [{ provisionState: 'newfangled', deploymentId: uuid(9) }, 'in_use', 'newfangled'],
  ])('says that a server with %j is %s', async (overrides, state, note) => {
    const { list } = setup([freeServer(1, overrides)]);
    const [server] = (await list()).servers;
    expect({ state: server?.state, note: server?.note }).toEqual({ state, note });
  });

  it('does not call a server available if the policy does not allow its class', async () => {
    const { list } = setup([freeServer(1), freeServer(2, { resourceClass: 'gpu' })], { classes: ['gpu'] });
    const { message, servers } = await list();
    expect(servers[0]).toMatchObject({
      state: 'unusable',
      note: "class not allowed by this MCP server's operator (IRONIC_MCP_RESOURCE_CLASSES)",
    });
    expect(message).toBe('2 servers: 1 available, 1 unusable.');
    expect((await list({ state: 'available' })).servers).toMatchObject([{ resource_class: 'gpu' }]);
  });

  it('filters by class, state and part of the name, and counts what it finds', async () => {
    const { list } = setup([
      freeServer(1, { name: 'Rack1-a' }),
      freeServer(2, { name: 'rack2-a', provisionState: 'active' }),
      freeServer(3, { name: 'rack1-b', resourceClass: 'gpu' }),
      freeServer(4, { name: null }),
    ]);
    const found = async (input: object) => {
      const { servers, message } = await list(input);
      return [servers.map(({ id }) => Number(id.slice(-2))), message];
    };
    expect(await found({ resource_class: 'gpu' })).toEqual([[3], '1 server matches: 1 available.']);
    expect(await found({ state: 'in_use' })).toEqual([[2], '1 server matches: 1 in_use.']);
    expect(await found({ name_contains: 'RACK1' })).toEqual([[1, 3], '2 servers match: 2 available.']);
    expect(await found({ name_contains: 'rack1', resource_class: 'baremetal.small' })).toEqual([
      [1],
      '1 server matches: 1 available.',
    ]);
    expect(await found({ state: 'failed' })).toEqual([[], '0 servers match.']);
    expect(await found({ resource_class: 'none-such' })).toEqual([
      [],
      '0 servers match. Call again without resource_class to see the classes.',
    ]);
  });

  it('says whose deployment a server carries, and finds it by its host name', async () => {
    const { list } = setup([
      freeServer(1),
      freeServer(2, {
        provisionState: 'active',
        deploymentId: uuid(9),
        entry: { ...entry('07:00:00'), hostname: 'Web-1.test' },
      }),
      freeServer(3, {
        provisionState: 'active',
        deploymentId: uuid(8),
        imageSource: 'https://me:pw@images.test/b?sig=1',
      }),
      freeServer(4, { deploymentId: uuid(7) }),
    ]);
    const found = async (input: object) => (await list(input)).servers.map(({ id }) => Number(id.slice(-2)));
    const [, ours, theirs, reserved] = (await list()).servers;
    expect(ours).toMatchObject({
      hostname: 'Web-1.test',
      image_name: 'a',
      started_at: '2026-11-22T07:00:00Z',
      deployed_here: true,
    });
    expect(theirs).toMatchObject({ image_name: 'https://***@images.test/b?***', deployed_here: false });
    expect(theirs).not.toHaveProperty('started_at');
    expect(reserved).not.toHaveProperty('deployed_here');
    expect(await found({ deployed_here: true })).toEqual([2]);
    expect(await found({ deployed_here: false })).toEqual([3]);
    expect(await found({ name_contains: 'web-1' })).toEqual([2]);
  });

  it('lets Ironic itself find the available servers', async () => {
    const { list, bareMetal } = setup([freeServer(1), freeServer(2, { retired: true })]);
    const { servers } = await list({ state: 'available', resource_class: 'baremetal.small' });
    expect(servers.map(({ id }) => id)).toEqual([uuid(1)]);
    expect(bareMetal.requests).toEqual(['listFree baremetal.small']);
  });

  it('says that the account may lack rights when no server is visible', async () => {
    const { message } = await setup([]).list();
    expect(message).toBe('Ironic shows no servers: none is enrolled, or this account may not see them.');
  });

  it('shows every matching server once, whatever the size of the pages', async () => {
    const states = ['available', 'active', 'deploying', 'deploy failed', 'manageable'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...states), { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 7 }),
        fc.constantFrom(undefined, 'available', 'in_use', 'unusable'),
        async (fleet, pageLength, limit, state) => {
          const servers = fleet.map((provisionState, index) => freeServer(index + 1, { provisionState }));
          const { list } = setup(servers, { pageLength });
          const pages = await everyPage(list, { limit, ...(state === undefined ? {} : { state }) });
          const all = await setup(servers).list({ limit: 200, ...(state === undefined ? {} : { state }) });
          expect(pages.flatMap((page) => page.servers)).toEqual(all.servers);
          expect(pages.every((page) => page.servers.length <= limit)).toBe(true);
          expect(pages[0]?.counts).toEqual(all.counts);
          expect(pages.slice(1).some((page) => page.counts !== undefined)).toBe(false);
        },
      ),
    );
  });

  it('reads a limited number of pages in one call, says that the counts are incomplete, and goes on', async () => {
    const servers = many(59).map((server, index) => (index === 55 ? { ...server, name: 'needle' } : server));
    const { list, bareMetal } = setup(servers, { pageLength: 3 });
    const first = await list();
    expect(bareMetal.requests).toHaveLength(10);
    expect(first).toMatchObject({
      message: 'At least 30 servers: 30 available. Only 30 servers were read; call again with next_cursor to go on.',
      next_cursor: uuid(30),
    });
    const [nothing, found] = await everyPage(list, { name_contains: 'needle' });
    expect(nothing).toMatchObject({ servers: [], next_cursor: uuid(30) });
    expect(nothing?.message).toBe(
      'No server matched so far. Only 30 servers were read; call again with next_cursor to go on.',
    );
    expect(found).toMatchObject({ servers: [{ name: 'needle' }], next_cursor: null });
  });

  it('reads only what it shows once counting is done', async () => {
    const { list, bareMetal } = setup(many(60), { pageLength: 10 });
    const { next_cursor: cursor } = await list({ limit: 5 });
    expect(cursor).toBe(uuid(5));
    const before = bareMetal.requests.length;
    await list({ limit: 5, cursor });
    expect(bareMetal.requests.length - before).toBe(1);
  });

  it('refuses an unknown or expired cursor, and a malformed one without asking Ironic', async () => {
    const { list, bareMetal } = setup(many(3));
    const refusal = { code: 'invalid_request', fields: [{ field: 'cursor' }] };
    await expect(list({ cursor: 'x' })).rejects.toMatchObject(refusal);
    expect(bareMetal.requests).toEqual([]);
    await expect(list({ cursor: uuid(99) })).rejects.toMatchObject(refusal);
  });

  it("fails with Ironic's failure", async () => {
    const { list } = setup(many(3), { misbehave: script({ list: [unsent] }) });
    await expect(list()).rejects.toMatchObject({ code: 'ironic_unavailable' });
  });

  it.each<[string, Partial<Server>, readonly string[] | undefined]>([
    ['of which each has something to say', {}, undefined],
    ['that are leased', { lessee: 'somebody' }, undefined],
    ['whose power state nobody knows', { powerState: null }, undefined],
    ['that may not be deployed', {}, ['gpu']],
    ['in maintenance', { maintenance: true }, undefined],
  ])('shows 50 servers %s in less than 4,500 tokens', async (_, overrides, classes) => {
    const servers = many(60, overrides).map((server, index) => ({
      ...server,
      id: uuidLike(index),
      name: `dc2-rack${index % 7}-compute-${index}`,
      resourceClass: index % 4 ? 'baremetal.general-purpose' : 'baremetal.gpu',
      provisionState: index % 3 ? 'available' : 'active',
      deploymentId: index % 3 ? null : uuid(900 + index),
      traits: index % 4 ? [] : ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'],
    }));
    const listing = await setup(servers, { ...(classes ? { classes } : {}) }).list();
    expect(listing.servers).toHaveLength(50);
    expect(countTokens(JSON.stringify(listing))).toBeLessThan(4_500);
  });

  it('ends a page early when its servers are long, and skips none', async () => {
    const traits = Array.from({ length: 8 }, (_, index) => `CUSTOM_RACK_${index}_COOLED`);
    const servers = many(60, { traits }).map((server, index) => ({ ...server, id: uuidLike(index) }));
    const { list } = setup(servers);
    const pages = await everyPage(list, {});
    expect(pages.flatMap((page) => page.servers.map(({ id }) => id))).toEqual(servers.map(({ id }) => id).sort());
    expect(pages[0]?.servers.length).toBeLessThan(50);
    for (const page of pages) expect(countTokens(JSON.stringify(page))).toBeLessThan(5_500);
    expect((await list({ limit: 1 })).servers).toHaveLength(1);
  });

  it('shows a few of many traits, custom ones first, and counts the rest', async () => {
    const traits = Array.from({ length: 30 }, (_, index) => `${index < 28 ? 'HW_CPU' : 'CUSTOM'}_${index}`);
    const [server] = (await setup([freeServer(1, { traits })]).list()).servers;
    expect(server?.traits?.slice(0, 3)).toEqual(['CUSTOM_28', 'CUSTOM_29', 'HW_CPU_0']);
    expect(server).toMatchObject({ more_traits: 22 });
    expect(server?.traits).toHaveLength(8);
  });

  it('counts the classes when there are too many to name', async () => {
    const servers = many(100).map((server, index) => ({ ...server, resourceClass: `c${index}` }));
    const { counts } = await setup(servers).list({ limit: 1 });
    expect(counts).toHaveLength(31);
    expect(counts?.at(-1)).toEqual({ resource_class: '(70 others)', available: 70 });
  });

  it('keeps text from others short, on one line, and out of the message', async () => {
    await fc.assert(
      fc.asyncProperty(anyText(600), async (text) => {
        const { list } = setup([
          freeServer(1, { name: text, resourceClass: text, provisionState: `x${text}`, traits: [text] }),
        ]);
        const { servers, message, counts } = await list();
        expect(message).toBe('1 server: 1 unusable.');
        const [server] = servers;
        for (const shown of [server?.name, server?.resource_class, server?.note, counts?.[0]?.resource_class]) {
          expect(shown?.length ?? 0).toBeLessThanOrEqual(80);
        }
        expect(JSON.stringify({ servers, counts })).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});
