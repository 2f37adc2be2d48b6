import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signalOfChange } from '../../../src/core/async/changes.js';
import { deadlines } from '../../../src/core/async/retry.js';
import { deployOn } from '../../../src/core/attempt/deploy-on.js';
import { Failure } from '../../../src/core/failures.js';
import { type BareMetal, NoAnswer, type Refusal } from '../../../src/core/ports.js';
import type { Server } from '../../../src/core/server.js';
import { isAbandoned } from '../../../src/core/status/provision-status.js';
import {
  createFakeBareMetal,
  freeServer,
  lostAnswer,
  lostRequest,
  type Mishap,
  type Request,
  refused,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { createFakeClock } from '../fake-clock.js';
import { image, type Setup, seededRandom, setup } from '../setup.js';

const forever = new AbortController().signal;

describe('an attempt on one server', () => {
  const server = freeServer(1);
  const plan = {
    serverRef: 'bm-1',
    configDrive: undefined,
    vifs: [],
    cards: [],
    resuming: false,
    mayHaveEarlier: false,
    networks: [],
    keyed: false,
    until: Number.POSITIVE_INFINITY,
    retrying: false,
    reservation: {
      deploymentId: uuid(9),
      attemptId: uuid(10),
      entry: { started_at: '2026-11-22T08:00:00Z', image: 'ubuntu-24.04', digest: 'd' },
      instanceInfo: image().instanceInfo,
    },
  };

  it('returns the server as Ironic showed it last', async () => {
    const clock = createFakeClock();
    const bareMetal = createFakeBareMetal({ servers: [server], clock });
    const outcome = await deployOn({
      deploying: { bareMetal, clock, random: () => 0 },
      server,
      plan,
      signal: signalOfChange(),
      caller: forever,
    });
    expect(outcome).toMatchObject({ server: { id: uuid(1), deploymentId: uuid(9), entry: plan.reservation.entry } });
  });

  it('returns the reason, and whether to come back, when it declines', async () => {
    const clock = createFakeClock();
    const bareMetal = createFakeBareMetal({ servers: [freeServer(1, { deploymentId: uuid(8) })], clock });
    const outcome = await deployOn({
      deploying: { bareMetal, clock, random: () => 0 },
      server,
      plan,
      signal: signalOfChange(),
      caller: forever,
    });
    expect(outcome).toMatchObject({ failure: { code: 'server_not_available', id: 'bm-1', retryable: false } });
  });

  it('lets no caller abort a single request', async () => {
    const clock = createFakeClock();
    const signals: AbortSignal[] = [];
    const bareMetal = createFakeBareMetal({ servers: [server], clock });
    const watched: BareMetal = {
      ...bareMetal,
      reserve: (id, reservation, signal) => {
        signals.push(signal);
        return bareMetal.reserve(id, reservation, signal);
      },
      release: (id, deploymentId, signal) => {
        signals.push(signal);
        return bareMetal.release(id, deploymentId, signal);
      },
    };
    const reason = new Error('the caller left');
    const attempt = deployOn({
      deploying: { bareMetal: watched, clock, random: () => 0 },
      server,
      plan,
      signal: signalOfChange(),
      caller: AbortSignal.abort(reason),
    });
    await expect(attempt).rejects.toBe(reason);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });
});

/** What may befall a request in the property below, the most usual first, so that a counterexample shrinks to it. */
const fates = [
  'fine',
  'unsent',
  'lost request',
  'lost answer',
  'late',
  'refused',
  'rival',
  'by hand',
  'leaving',
] as const;
type Fate = (typeof fates)[number];

const refusals: readonly Refusal[] = [
  'locked',
  'busy',
  'taken',
  'wrong_state',
  'invalid',
  'forbidden',
  'not_found',
  'too_old',
];

interface Scenario {
  readonly fates: readonly { readonly fate: Fate; readonly refusal: Refusal }[];
  readonly servers: number;
  readonly named: boolean;
  /** How long each request takes, in milliseconds. */
  readonly pace: number;
  readonly seed: number;
}

/** Plays a scenario. Every request after the last fate succeeds. */
async function play({ fates: script, servers, named, pace, seed }: Scenario) {
  const queue = [...script];
  const controller = new AbortController();
  const reason = new Error('the caller left');
  const late: (() => void)[] = [];
  let unknownStart = false;
  let releasedAfterwards = false;
  let startedAfterwards = false;

  const fateOf = ({ method, about }: Request): Mishap | undefined => {
    // What was sent long ago may arrive before anything that is sent now.
    for (const arrive of late.splice(0)) arrive();
    if (method === 'release' && unknownStart) releasedAfterwards = true;
    const next = queue.shift();
    const server = lab.bareMetal.servers.get(about);
    // A request may take long to arrive.
    if (method === 'deploy' && server && isAbandoned(server, lab.clock.now() + deadlines.request)) {
      startedAfterwards = true;
    }
    lab.clock.pass(pace);
    if (!next || next.fate === 'fine') return undefined;
    const lost = next.fate === 'lost answer' || next.fate === 'lost request' || next.fate === 'late';
    if (method === 'deploy' && lost) unknownStart = true;
    switch (next.fate) {
      case 'unsent':
        return unsent;
      case 'lost request':
        return lostRequest;
      case 'lost answer':
        return lostAnswer;
      case 'late':
        // A release names its attempt, so it does no harm later.
        if (method !== 'deploy' && method !== 'reserve') return lostRequest;
        return (act) => {
          late.push(() => {
            try {
              act();
            } catch {
              // Ironic refuses it, and nobody hears that.
            }
          });
          throw new NoAnswer('Ironic did not answer within 30 s', true);
        };
      case 'refused':
        return refused(next.refusal);
      case 'rival':
        return () => changeIfFree(about, { deploymentId: uuid(99) });
      case 'by hand':
        return () => changeIfFree(about, { provisionState: 'active' });
      case 'leaving':
        controller.abort(reason);
        return undefined;
    }
  };

  const lab: Setup = setup({
    servers: Array.from({ length: servers }, (_, index) => freeServer(index + 1)),
    misbehave: fateOf,
    random: seededRandom(seed),
  });
  const changeIfFree = (id: string, changes: Partial<Server>) => {
    const server = lab.bareMetal.servers.get(id);
    if (server?.deploymentId === null && server.provisionState === 'available') lab.bareMetal.set(id, changes);
  };

  const outcome = await lab.provision(named ? { server_id: uuid(1) } : {}, controller.signal).then(
    (response) => ({ response, error: undefined }),
    (error: unknown) => ({ response: undefined, error }),
  );
  for (const arrive of late.splice(0)) arrive();
  const all = [...lab.bareMetal.servers.values()];
  const ours = all.filter(({ deploymentId }) => deploymentId !== null && lab.bareMetal.deploymentIds.has(deploymentId));
  return { ...outcome, reason, ours, releasedAfterwards, startedAfterwards, lab };
}

describe('whatever goes wrong', () => {
  const anyFate = fc.oneof(
    { weight: 2, arbitrary: fc.constant('fine' as const) },
    { weight: 3, arbitrary: fc.constantFrom(...fates) },
  );
  const fate = fc.record({ fate: anyFate, refusal: fc.constantFrom(...refusals) });
  const scenario: fc.Arbitrary<Scenario> = fc.record({
    fates: fc.array(fate, { maxLength: 24, size: 'max' }),
    servers: fc.integer({ min: 1, max: 4 }),
    named: fc.boolean(),
    pace: fc.constantFrom(0, 0, 0, 25_000),
    seed: fc.nat(1_000),
  });
  const holds = (name: string, check: (played: Awaited<ReturnType<typeof play>>) => void) => {
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(scenario, async (one) => check(await play(one))),
        { numRuns: 800, seed: 20_261_122 },
      );
    });
  };

  holds('one request deploys one server at most, and only with its own reservation', ({ lab }) => {
    const { deployments, deploymentIds } = lab.bareMetal;
    expect(deploymentIds.size).toBeLessThanOrEqual(1);
    expect(deployments.length).toBeLessThanOrEqual(1);
    for (const { deploymentId } of deployments) expect([...deploymentIds]).toEqual([deploymentId]);
  });

  holds('an accepted request has exactly one server, and that is deploying', ({ response, ours, lab }) => {
    if (!response) return;
    expect(ours).toHaveLength(1);
    expect(ours[0]).toMatchObject({ id: response.server_id, provisionState: 'deploying' });
    expect(lab.bareMetal.deployments).toMatchObject([{ deploymentId: response.deployment_id }]);
  });

  holds('a failed request leaves no reservation that it does not tell of', ({ error, ours }) => {
    if (error === undefined) return;
    const left = ours.map(({ id }) => id);
    if (error instanceof Failure && error.code === 'outcome_unknown') {
      for (const id of left) expect(error.reason).toContain(`operation ${id}`);
    } else if (!(error instanceof Failure && /(is still|may still be|will be) reserved/.test(error.reason ?? ''))) {
      expect(left).toEqual([]);
    }
  });

  holds('a caller who leaves gets the reason back, a failure, or the deployment', ({ error, reason }) => {
    if (error !== undefined && error !== reason) expect(error).toBeInstanceOf(Failure);
  });

  holds('nothing is released after a start whose outcome is unknown', ({ releasedAfterwards }) => {
    expect(releasedAfterwards).toBe(false);
  });

  holds('nothing is started of which a status says that it never will be', ({ startedAfterwards }) => {
    expect(startedAfterwards).toBe(false);
  });
});
