import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { entranceForCallers } from '../../../src/commands/sign-in/entrance.js';
import { readServerConfig } from '../../../src/config/config.js';
import type { Core } from '../../../src/core/operation.js';
import { type CallersCloud, type Person, startCallersCloud } from '../../support/callers/callers-cloud.js';

describe('the entrance for callers with accounts of their own', () => {
  let cloud: CallersCloud;
  beforeAll(async () => {
    cloud = await startCallersCloud();
  });
  afterEach(() => void vi.useRealTimers());
  afterAll(() => cloud.close());

  async function open() {
    const running = new Set<Core>();
    const { config } = await readServerConfig(cloud.env, {});
    const { cloud: place, ...rules } = await config();
    if (place.kind !== 'callers') throw new Error('each caller signs in');
    const inFlight = { operations: [], isRunning: (core: Core) => running.has(core), endReads: () => undefined };
    const options = { inFlight, behindTls: false, warn: () => undefined };
    const entrance = entranceForCallers({ cloud: place, ...rules }, options);
    return {
      ...entrance,
      running,
      async coreOf({ header }: Person) {
        const request = new Request('http://x', { headers: { authorization: header } });
        return (await entrance.signIn.admit(request, '192.0.2.1'))();
      },
    };
  }

  it('keeps a core that runs a call or a change, however long that takes, and no other', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { coreOf, running } = await open();
    const [calling, changing, idle, other] = ['ann', 'bob', 'cid', 'dan'].map((name) => cloud.person(name, 'red'));
    const people = [calling, changing, idle] as Person[];
    const cores: Core[] = [];
    for (const person of people) cores.push(await coreOf(person));
    running.add(cores[0] as Core);
    let end: () => void = () => undefined;
    const change = cores[1]?.changes.run(() => new Promise<void>((resolve) => (end = resolve)));
    vi.setSystemTime(Date.now() + 15 * 60_000);
    // A sign-in sweeps.
    await coreOf(other as Person);
    const later: Core[] = [];
    for (const person of people) later.push(await coreOf(person));
    expect(later.map((core, index) => core === cores[index])).toEqual([true, true, false]);
    end();
    await change;
  });

  it('is settled when no change of any caller is under way', async () => {
    const { coreOf, settled } = await open();
    const { changes } = await coreOf(cloud.person('eve', 'red'));
    const events: string[] = [];
    let end: () => void = () => undefined;
    const change = changes.run(() => new Promise<void>((resolve) => (end = resolve)));
    const all = settled(600_000).then(() => events.push('settled'));
    await new Promise((resolve) => setImmediate(resolve));
    events.push('the change ends');
    end();
    await Promise.all([change, all]);
    expect(events).toEqual(['the change ends', 'settled']);
  });
});
