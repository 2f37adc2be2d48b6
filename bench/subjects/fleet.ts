// Plays a fleet of deployments in virtual time against the code that waits for them.
import { Failure } from '../../src/core/failures.js';
import { type BareMetal, type Clock, NoAnswer } from '../../src/core/ports.js';
import type { Server } from '../../src/core/server.js';
import { movingStates } from '../../src/core/states.js';
import { createStatusService } from '../../src/core/status/wait-for-change.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';
import { direct } from '../../tests/core/direct.js';
import { createFakeBareMetal, freeServer, uuid } from '../../tests/core/fake-bare-metal.js';
import { seededRandom } from '../../tests/core/setup.js';
import { openPolicy } from '../../tests/support/open-policy.js';

/** Milliseconds that one process of Ironic's API needs, measured on 21.4: for a request, and for each server in a list. */
const service = { request: 7.4, listed: 0.3 };
/** The servers of a page. */
const page = 500;
const requestTimeout = 30_000;

/** Nobody aborts it, so nobody need listen to it. */
const never = new AbortController().signal;

const second = 1_000;
const minute = 60_000;
const begin = Date.UTC(2026, 0, 1);
/** Everybody follows by then. */
const warmUp = 3 * minute;

export interface Fleet {
  /** In flight at any time. When one ends, the next begins. */
  readonly deployments: number;
  readonly copies: number;
  /** Whether the callers pass `wait_seconds`, or call again after `poll_after_seconds`. */
  readonly callers: 'wait' | 'poll';
  /** Of each deployment, give or take some. */
  readonly stages: readonly Stage[];
  /** How long the fleet is watched. */
  readonly minutes: number;
}

/** Ironic's state, the position of the step (0: none), and the seconds that it usually takes. */
export type Stage = readonly [state: string, step: number, seconds: number];

const lengthOf = (stages: readonly Stage[]) => stages.reduce((sum, [, , seconds]) => sum + seconds, 0) * second;

/** One deployment: when each stage begins, and at last its end. */
interface Deployment {
  readonly id: string;
  readonly stages: readonly Stage[];
  readonly marks: readonly number[];
  readonly heartbeat: number;
  /** What Ironic showed last, and when. */
  shown?: Server;
}

/** What Ironic shows of a deployment. Its name tells the caller which stage that is. */
function serverAt(deployment: Deployment, now: number): Server {
  const { id, stages, marks, heartbeat, shown } = deployment;
  const stage = marks.findLastIndex((mark) => mark <= now);
  const [state, step] = stages[stage] ?? ['active', 0];
  const calling = stages.findIndex(([, each]) => each === 2);
  const called = marks[calling] ?? 0;
  const since = marks[stage] ?? now;
  const waits = state === 'wait call-back' && stage >= calling;
  const heard = waits ? since + Math.floor((now - since) / heartbeat) * heartbeat : called;
  const provisionedAt = waits ? heard : since;
  const name = `at-${stage}`;
  // Most looks see the same as the last one.
  if (shown?.name === name && shown.provisionedAt === provisionedAt) return shown;
  deployment.shown = freeServer(0, {
    id,
    name,
    provisionState: state,
    deploymentId: id,
    entry: { started_at: new Date(marks[0] ?? 0).toISOString(), image: 'debian', digest: 'd' },
    provisionedAt,
    heardAt: now >= called ? heard : null,
    calledAt: now >= called ? called : null,
    step: step === 0 ? null : { name: direct[step - 1] ?? '', number: step, names: direct },
  });
  return deployment.shown;
}

/** Time that passes when nobody has anything to do. */
function createVirtualClock() {
  let now = begin;
  const heap: { due: number; wake: (() => void) | undefined }[] = [];
  const swap = (a: number, b: number) => {
    [heap[a], heap[b]] = [heap[b] as (typeof heap)[0], heap[a] as (typeof heap)[0]];
  };
  const due = (index: number) => heap[index]?.due ?? Number.POSITIVE_INFINITY;
  function push(sleeper: (typeof heap)[0]): void {
    heap.push(sleeper);
    for (let at = heap.length - 1; at > 0 && due((at - 1) >> 1) > due(at); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
  }
  function pop(): (typeof heap)[0] | undefined {
    swap(0, heap.length - 1);
    const first = heap.pop();
    for (let at = 0; ; ) {
      const least = due(2 * at + 1) <= due(2 * at + 2) ? 2 * at + 1 : 2 * at + 2;
      if (due(least) >= due(at)) return first;
      swap(at, least);
      at = least;
    }
  }
  const clock: Clock = {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = () => {
          sleeper.wake = undefined;
          reject(signal.reason);
        };
        const sleeper = {
          due: now + milliseconds,
          wake: (() => {
            if (signal !== never) signal.removeEventListener('abort', leave);
            resolve();
          }) as (() => void) | undefined,
        };
        push(sleeper);
        if (signal !== never) signal.addEventListener('abort', leave, { once: true });
      }),
  };
  async function run(until: number): Promise<void> {
    await new Promise(setImmediate);
    while (due(0) <= until) {
      now = due(0);
      while (due(0) === now) pop()?.wake?.();
      // All that is awake consists of promises, which are settled before the next turn of the event loop.
      await new Promise(setImmediate);
    }
  }
  return { clock, run };
}

export async function play({ deployments, copies, callers, stages, minutes }: Fleet) {
  const { clock, run } = createVirtualClock();
  const random = seededRandom(deployments + copies);
  const all = new Map<string, Deployment>();
  const moving = new Set<Deployment>();
  const from = begin + warmUp;
  const end = from + minutes * minute;
  const counted = { requests: 0, busy: 0, failed: 0 };
  const delays: number[] = [];

  /** One process of Ironic's API serves one request after the other. */
  let line: Promise<unknown> = Promise.resolve();
  function serve<Result>(look: () => { readonly time: number; readonly result: Result }): Promise<Result> {
    const arrived = clock.now();
    const answer = line.then(async () => {
      const { time, result } = look();
      if (clock.now() >= from && clock.now() < end) {
        counted.requests += 1;
        counted.busy += time;
      }
      await clock.sleep(time, never);
      if (clock.now() - arrived > requestTimeout) throw new NoAnswer('Ironic did not answer within 30 s', true);
      return result;
    });
    line = answer.catch(() => undefined);
    return answer;
  }

  const copyOf = () => {
    const queue = createRequestQueue(8);
    const bareMetal: BareMetal = {
      ...createFakeBareMetal({ servers: [], clock }),
      find: (id, signal) =>
        queue.run(signal, () =>
          serve(() => {
            const found = all.get(id);
            return { time: service.request, result: found ? serverAt(found, clock.now()) : null };
          }),
        ),
      async listInDeployment(signal) {
        const lists = movingStates.map(async (state) => {
          for (const servers: Server[] = []; ; ) {
            const listed = await queue.run(signal, () =>
              serve(() => {
                const found = [...moving].map((each) => serverAt(each, clock.now()));
                const result = found
                  .filter(({ provisionState }) => provisionState === state)
                  .slice(servers.length, servers.length + page);
                return { time: service.request + service.listed * result.length, result };
              }),
            );
            servers.push(...listed);
            if (listed.length < page) return servers;
          }
        });
        return (await Promise.all(lists)).flat();
      },
    };
    return createStatusService({ bareMetal, clock, random, policy: openPolicy });
  };
  const services = Array.from({ length: copies }, copyOf);

  let count = 0;
  function start(at: number): Deployment {
    count += 1;
    const scale = 0.8 + 0.4 * random();
    const marks = [at];
    for (const [, , seconds] of stages)
      marks.push((marks.at(-1) ?? 0) + seconds * second * scale * (0.8 + 0.4 * random()));
    const deployment = { id: uuid(count), stages, marks, heartbeat: (90 + 90 * random()) * second };
    all.set(deployment.id, deployment);
    moving.add(deployment);
    return deployment;
  }

  /** Follows one deployment after the other, as a client does. */
  async function follow(slot: number): Promise<void> {
    const status = services[slot % copies] as (typeof services)[0];
    let deployment = start(begin - random() * lengthOf(stages));
    await clock.sleep(random() * minute, never);
    for (;;) {
      const { id, marks } = deployment;
      let known = marks.findLastIndex((mark) => mark <= clock.now());
      for (let over = false; !over; ) {
        let pause = (1 + 4 * random()) * second;
        try {
          const wait_seconds = callers === 'wait' ? 50 : 0;
          const answer = await status.status({ operation_id: id, wait_seconds }, new AbortController().signal);
          const shown = Number(/\d+$/.exec(answer.server_name ?? '')?.[0]);
          for (; known < shown; known += 1) {
            const mark = marks[known + 1] ?? 0;
            if (mark >= from && clock.now() < end) delays.push(clock.now() - mark);
          }
          over = answer.status !== 'in_progress';
          if (callers === 'poll') pause = (answer.poll_after_seconds ?? 0) * second;
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          if (clock.now() >= from) counted.failed += 1;
        }
        if (!over) await clock.sleep(pause, never);
      }
      moving.delete(deployment);
      all.delete(id);
      deployment = start(clock.now());
      status.forget(deployment.id);
    }
  }

  for (let slot = 0; slot < deployments; slot += 1) void follow(slot);
  await run(end);
  delays.sort((one, other) => one - other);
  const percentile = (share: number) => (delays[Math.ceil(delays.length * share) - 1] ?? Number.NaN) / second;
  const time = end - from;
  return {
    requestsASecond: counted.requests / (time / second),
    share: counted.busy / time,
    /** Of each deployment, from its begin to its end. */
    requests: (counted.requests / deployments) * (lengthOf(stages) / time),
    failed: counted.failed,
    p50: percentile(0.5),
    p95: percentile(0.95),
  };
}
