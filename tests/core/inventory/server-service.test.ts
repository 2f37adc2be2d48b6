import { describe, expect, it } from 'vitest';
import { obstacleTo } from '../../../src/core/inventory/eligibility.js';
import { createServerService } from '../../../src/core/inventory/server-service.js';
import { createPolicy } from '../../../src/core/policy.js';
import type { Server } from '../../../src/core/server.js';
import { provisionStates } from '../../../src/core/states.js';
import { openPolicy } from '../../support/open-policy.js';
import { createFakeBareMetal, freeServer, script, unsent, uuid } from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';
import { seededRandom } from '../setup.js';

const forever = new AbortController().signal;

function setup(servers: readonly Server[], random: () => number = () => 0) {
  const clock = createFakeClock();
  const bareMetal = createFakeBareMetal({ servers, clock });
  return { bareMetal, clock, service: createServerService({ policy: openPolicy, bareMetal, clock, random }) };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => freeServer(index + 1));

describe('an obstacle to deploying a server', () => {
  it('is any state but "available"', () => {
    for (const provisionState of [...provisionStates, 'no such state', '__proto__']) {
      const obstacle = obstacleTo(freeServer(1, { provisionState }));
      if (provisionState === 'available') expect(obstacle).toBeUndefined();
      else if (provisionState === 'no such state') expect(obstacle).toBe('its state is "no such state"');
      else expect(obstacle, provisionState).toBe(`its state is ${provisionState}`);
    }
  });

  it('names our own deployment only if there is one', () => {
    const entry = { started_at: '2026-11-22T07:00:00Z', image: `debian\n${'x'.repeat(500)}`, digest: 'd' };
    expect(obstacleTo(freeServer(1, { provisionState: 'cleaning', entry }))).toBe('its state is cleaning');
    expect(obstacleTo(freeServer(1, { provisionState: 'deploying', entry }))).toMatch(
      /^its state is deploying; it was given image "debian x+…" at 2026-11-22T07:00:00Z$/,
    );
  });

  it('shows a shortened name of an unknown state', () => {
    const obstacle = obstacleTo(freeServer(1, { provisionState: `a\u202e${'x'.repeat(100_000)}` })) ?? '';
    expect(obstacle).toMatch(/^its state is "a x+…"$/);
    expect(obstacle.length).toBeLessThan(120);
  });
});

describe('the candidates', () => {
  it('are the servers of the list, each once per round', async () => {
    const { service } = setup(many(5));
    const out = new Set<string>();
    const seen: string[] = [];
    for await (const { id } of service.candidates({}, out, forever)) {
      seen.push(id);
      out.add(id);
    }
    expect(seen).toEqual(many(5).map(({ id }) => id));
  });

  it('are sought only for as long as a call may choose, however many unfit servers Ironic shows', async () => {
    const { bareMetal, clock } = setup([]);
    let pages = 0;
    const listFree = async () => {
      pages += 1;
      clock.pass(1_000);
      return { servers: [freeServer(pages, { retired: true })], next: uuid(pages) };
    };
    const service = createServerService({
      policy: openPolicy,
      bareMetal: { ...bareMetal, listFree },
      clock,
      random: () => 0,
    });
    expect(await service.candidates({}, new Set(), forever).next()).toMatchObject({ done: true });
    expect(pages).toBe(30);
  });

  it('come in random order', async () => {
    const orders = new Set<string>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { service } = setup(many(20), seededRandom(seed));
      const first = await service.candidates({}, new Set(), forever).next();
      orders.add(first.value?.id ?? '');
    }
    expect(orders.size).toBeGreaterThan(3);
  });

  it('include locked servers last, whatever the random order', async () => {
    const servers = many(9).map((server, index) => ({ ...server, lockedBy: index % 2 ? null : 'conductor-1' }));
    for (const seed of [1, 2, 3]) {
      const { service } = setup(servers, seededRandom(seed));
      const out = new Set<string>();
      const locks: boolean[] = [];
      for await (const { id, lockedBy } of service.candidates({}, out, forever)) {
        locks.push(lockedBy !== null);
        out.add(id);
      }
      expect(locks).toEqual([false, false, false, false, true, true, true, true, true]);
    }
  });

  it('come again after a pause if they may still become free', async () => {
    const { service, clock, bareMetal } = setup(many(1));
    const candidates = service.candidates({}, new Set(), forever);
    await candidates.next();
    expect(clock.sleeps).toEqual([]);
    await candidates.next();
    expect(clock.sleeps).toEqual([250]);
    expect(bareMetal.requests).toEqual(['listFree any', 'listFree any']);
  });

  it('include servers that were released meanwhile', async () => {
    const { service, bareMetal } = setup([freeServer(1), freeServer(2, { maintenance: true })]);
    const out = new Set<string>([uuid(1)]);
    bareMetal.set(uuid(2), { maintenance: false });
    const next = await service.candidates({}, out, forever).next();
    expect(next.value).toMatchObject({ id: uuid(2) });
  });

  it('are found after the first page if no server there matches', async () => {
    const servers = many(230).map((server, index) => (index < 225 ? server : { ...server, traits: ['CUSTOM_GPU'] }));
    const { service, bareMetal } = setup(servers);
    const out = new Set<string>();
    const seen: string[] = [];
    for await (const { id } of service.candidates({ traits: ['CUSTOM_GPU'] }, out, forever)) {
      seen.push(id);
      out.add(id);
    }
    expect(seen).toEqual([226, 227, 228, 229, 230].map(uuid));
    expect(bareMetal.requests).toEqual(['listFree any', 'listFree any', 'listFree any', 'listFree any']);
  });

  it('come in random order over all matches that were found', async () => {
    const servers = many(400).map((server, index) => (index % 10 ? server : { ...server, traits: ['CUSTOM_GPU'] }));
    const first = new Set<string>();
    for (let seed = 1; seed <= 12; seed += 1) {
      const { service } = setup(servers, seededRandom(seed * 7_919));
      first.add((await service.candidates({ traits: ['CUSTOM_GPU'] }, new Set(), forever).next()).value?.id ?? '');
    }
    expect(first.size).toBeGreaterThan(5);
  });

  it('take one page if that is enough', async () => {
    const { service, bareMetal } = setup(many(300));
    await service.candidates({}, new Set(), forever).next();
    expect(bareMetal.requests).toEqual(['listFree any']);
  });

  it('end when the caller leaves', async () => {
    const { service, clock } = setup(many(1));
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const candidates = service.candidates({}, new Set(), controller.signal);
    await candidates.next();
    clock.meanwhile = () => controller.abort(reason);
    await expect(candidates.next()).rejects.toBe(reason);
  });
});

describe('a server that is named', () => {
  it.each<[string, readonly string[] | undefined, string | null]>([
    ['gets a suggestion', undefined, 'Did you mean web-server?'],
    ['gets none of a class that may not be deployed', ['gpu'], null],
  ])('with a misspelt name %s', async (_, resourceClasses, reason) => {
    const clock = createFakeClock();
    const bareMetal = createFakeBareMetal({ servers: [freeServer(1, { name: 'web-server' })], clock });
    const service = createServerService({
      policy: createPolicy({ resourceClasses }),
      bareMetal,
      clock,
      random: () => 0,
    });
    for (const find of [service.findNamed('web-sevrer', {}, forever), service.findListed('web-sevrer', forever)]) {
      await expect(find).rejects.toMatchObject({ code: 'server_not_found', reason });
    }
  });

  const deployed = (number: number, hostname: string) =>
    freeServer(number, {
      provisionState: 'active',
      deploymentId: uuid(900 + number),
      entry: { started_at: '2026-11-22T07:00:00Z', image: 'debian-12', digest: 'd', hostname },
    });

  it('or whose host name is given, is sought once in the list, which also gives the suggestion', async () => {
    const { service, bareMetal } = setup([
      ...many(3),
      deployed(4, 'web-1'),
      deployed(5, 'web-2'),
      deployed(6, 'web-2'),
    ]);
    expect(await service.find('WEB-1', forever)).toMatchObject({ id: uuid(4) });
    await expect(service.find('web-2', forever)).rejects.toMatchObject({
      reason: '2 deployments have that host name, on the servers bm-5 (host name web-2), bm-6 (host name web-2)',
    });
    const before = bareMetal.requests.length;
    await expect(service.find('bm-33', forever)).rejects.toMatchObject({ code: 'server_not_found' });
    const pages = bareMetal.requests.slice(before).filter((request) => request.startsWith('list '));
    expect(pages).toEqual([...new Set(pages)]);
  });

  it('by a host name is not called absent without a word if there are more servers than one call reads', async () => {
    const { service, bareMetal } = setup([...many(24), deployed(25, 'web-1')]);
    await expect(service.find('web-1', forever)).rejects.toMatchObject({
      code: 'server_not_found',
      reason: 'no server has that name, and only the first 20 servers were searched for it as a host name',
      hint: expect.stringContaining('list_servers with name_contains'),
    });
    expect(bareMetal.requests.filter((request) => request.startsWith('list '))).toHaveLength(10);
  });

  it("fails with Ironic's failure", async () => {
    const clock = createFakeClock();
    const bareMetal = createFakeBareMetal({ servers: [], clock, misbehave: script({ find: [unsent] }) });
    const service = createServerService({ policy: openPolicy, bareMetal, clock, random: () => 0 });
    await expect(service.findNamed('bm-1', {}, forever)).rejects.toMatchObject({ name: 'NoAnswer' });
    await expect(service.findNamed('bm-1', {}, forever)).rejects.toMatchObject({
      code: 'server_not_found',
      id: 'bm-1',
    });
  });
});
