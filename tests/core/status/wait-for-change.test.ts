import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/call.js';
import { Failure } from '../../../src/core/failures.js';
import { withPortFailures } from '../../../src/core/port-failures.js';
import { type BareMetal, NoAnswer, SignInRefused } from '../../../src/core/ports.js';
import type { StatusRequest } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { createStatusService } from '../../../src/core/status/wait-for-change.js';
import { openPolicy } from '../../support/open-policy.js';
import { direct } from '../direct.js';
import {
  always,
  createFakeBareMetal,
  type FakeBareMetalOptions,
  freeServer,
  lostAnswer,
  type Mishap,
  refused,
  script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';
import { createTimeline } from '../timeline.js';

const step = (number: number) => ({ name: direct[number - 1] ?? '', number, names: direct });

const deploying = freeServer(1, {
  provisionState: 'deploying',
  deploymentId: uuid(9),
  entry: { started_at: '2026-11-22T07:59:00Z', image: 'ubuntu-24.04', digest: 'd' },
  provisionedAt: start - 60_000,
  step: step(1),
});

const forever = new AbortController().signal;

interface SetupOptions {
  readonly servers?: readonly Server[];
  readonly misbehave?: FakeBareMetalOptions['misbehave'];
  readonly between?: (bareMetal: BareMetal) => BareMetal;
}

function setup({ servers = [deploying], misbehave, between = (same) => same }: SetupOptions = {}) {
  const clock = createTimeline();
  const bareMetal = createFakeBareMetal({ servers, clock, ...(misbehave ? { misbehave } : {}) });
  const waiting = createStatusService({ policy: openPolicy, bareMetal: between(bareMetal), clock, random: () => 0.5 });
  const look = withPortFailures(waiting.status);
  const ask = (request: Partial<StatusRequest> = {}, signal = forever, report?: (progress: Progress) => void) =>
    look({ operation_id: uuid(1), wait_seconds: 0, ...request }, signal, report);
  return {
    clock,
    bareMetal,
    ask,
    forget: waiting.forget,
    /** Asks, and lets time pass until there is an answer. */
    answer: (...asked: Parameters<typeof ask>) => clock.until(ask(...asked)),
    finds: () => bareMetal.requests.filter((request) => request.startsWith('find')).length,
  };
}

describe('the status', () => {
  it('takes one request', async () => {
    const { answer, bareMetal, clock } = setup();
    await expect(answer()).resolves.toMatchObject({ status: 'in_progress' });
    expect(bareMetal.requests).toEqual(['find bm-1']);
    expect(clock.now()).toBe(start);
  });

  it('fails for a server that does not exist', async () => {
    await expect(setup().answer({ operation_id: uuid(5) })).rejects.toMatchObject({
      code: 'server_not_found',
      message: `Server ${uuid(5)} not found`,
      reason: null,
    });
  });

  it('fails for a server without a deployment', async () => {
    await expect(setup({ servers: [freeServer(1)] }).answer()).rejects.toMatchObject({
      code: 'operation_not_found',
      reason: 'its state is available: free for deployment',
    });
  });

  it('is about the given deployment, not a later one', async () => {
    const { answer } = setup();
    await expect(answer({ deployment_id: uuid(9) })).resolves.toBeDefined();
    await expect(answer({ deployment_id: uuid(8) })).rejects.toMatchObject({
      code: 'operation_not_found',
      reason: `it now carries another deployment: ${uuid(9)}`,
    });
  });

  it('names the later deployment as one without an id if it has none', async () => {
    const { answer } = setup({ servers: [freeServer(1, { provisionState: 'active' })] });
    await expect(answer({ deployment_id: uuid(8) })).rejects.toMatchObject({
      reason: 'it now carries another deployment: one without an id',
    });
  });

  it('is still about the given deployment when Ironic forgot its id in a failed undeployment', async () => {
    const { answer } = setup({ servers: [freeServer(1, { provisionState: 'error' })] });
    await expect(answer({ deployment_id: uuid(9) })).resolves.toMatchObject({
      status: 'failed',
      failure: { code: 'undeployment_failed' },
    });
  });

  it.each<[string, Mishap, object]>([
    ['cannot be reached', unsent, { code: 'ironic_unavailable', reason: 'Ironic cannot be reached (ECONNREFUSED)' }],
    ['has no answer', lostAnswer, { code: 'ironic_unavailable', retryable: true }],
    [
      'refuses our user',
      refused('forbidden', 'no'),
      { code: 'ironic_unavailable', reason: 'Ironic says: "no"', retryable: false },
    ],
    ['is busy', refused('busy'), { code: 'ironic_unavailable', retryable: true }],
    [
      'is too old',
      refused('too_old', 'it speaks API 1.50'),
      { code: 'ironic_too_old', reason: 'Ironic says: "it speaks API 1.50"' },
    ],
  ])('fails when Ironic %s', async (_, mishap, failure) => {
    const { answer } = setup({ misbehave: script({ find: [mishap] }) });
    await expect(answer({ wait_seconds: 50 })).rejects.toMatchObject(failure);
  });

  it('passes a defect on unchanged', async () => {
    const defect = new TypeError('undefined is not a function');
    const { answer } = setup({ between: (bareMetal) => ({ ...bareMetal, find: () => Promise.reject(defect) }) });
    await expect(answer()).rejects.toBe(defect);
  });
});

describe('the record of errors', () => {
  const failed = { ...deploying, provisionState: 'deploy failed', step: null, lastError: null };
  const words = 'Deploy step deploy.write_image failed: no space left on device';

  it('is read when a deployment has failed, and says why', async () => {
    const { answer, bareMetal } = setup({ servers: [failed] });
    bareMetal.record.set(uuid(1), [{ at: start, work: 'deploying', words }]);
    await expect(answer()).resolves.toMatchObject({ failure: { code: 'no_space', step: 'write_image' } });
    expect(bareMetal.requests).toEqual(['find bm-1', 'errors bm-1']);
  });

  it.each([
    ['deploying', false],
    ['active', false],
    ['error', true],
  ])('is read in "%s": %s', async (provisionState, asked) => {
    const { answer, bareMetal } = setup({ servers: [{ ...failed, provisionState }] });
    await answer();
    expect(bareMetal.requests.includes('errors bm-1')).toBe(asked);
  });

  it.each([
    ['refuses to tell', refused('forbidden')],
    ['has none', refused('not_found')],
    ['gives no answer', lostAnswer],
  ])('is left out when Ironic %s', async (_, mishap) => {
    const server = { ...failed, lastError: words };
    const { answer } = setup({ servers: [server], misbehave: script({ errors: [mishap] }) });
    await expect(answer()).resolves.toMatchObject({ failure: { code: 'no_space', ironic_error: words } });
  });

  it('is awaited for at most five seconds', async () => {
    const between = (bareMetal: BareMetal) => ({ ...bareMetal, errors: () => new Promise<never>(() => undefined) });
    const { answer, clock } = setup({ servers: [{ ...failed, lastError: words }], between });
    await expect(answer()).resolves.toMatchObject({ failure: { code: 'no_space' } });
    expect(clock.now() - start).toBe(5_000);
    expect(clock.sleeping).toBe(0);
  });
});

describe('a wait', () => {
  it('ends with the next step', async () => {
    const { ask, clock, bareMetal } = setup();
    const waiting = ask({ wait_seconds: 50 });
    await clock.pass(20_000);
    bareMetal.set(uuid(1), { step: step(2) });
    await expect(clock.until(waiting)).resolves.toMatchObject({ progress_percent: 40 });
    expect(clock.now() - start).toBe(30_000);
  });

  it('ends with the deployment', async () => {
    const { ask, clock, bareMetal } = setup();
    const waiting = ask({ wait_seconds: 50 });
    await clock.pass(1_000);
    bareMetal.set(uuid(1), { provisionState: 'active', provisionedAt: clock.now() });
    await expect(clock.until(waiting)).resolves.toMatchObject({ status: 'completed' });
    expect(clock.now() - start).toBe(10_000);
  });

  it('does not begin when the deployment is over', async () => {
    const { answer, clock } = setup({ servers: [{ ...deploying, provisionState: 'deploy failed' }] });
    await expect(answer({ wait_seconds: 50 })).resolves.toMatchObject({ status: 'failed' });
    expect(clock.now()).toBe(start);
  });

  it('ends after wait_seconds', async () => {
    const { answer, clock } = setup();
    await expect(answer({ wait_seconds: 7 })).resolves.toMatchObject({ status: 'in_progress' });
    expect(clock.now() - start).toBe(7_000);
  });

  it('looks at the server once in ten seconds, and less than that at its end', async () => {
    const { answer, finds } = setup();
    await answer({ wait_seconds: 45 });
    expect(finds()).toBe(5);
    await answer({ wait_seconds: 4 });
    // It begins with the last look, which was five seconds ago, and answers with one of its own.
    expect(finds()).toBe(6);
  });

  it('ends with a change that came between two calls', async () => {
    const { answer, clock, bareMetal } = setup();
    await answer({ wait_seconds: 50 });
    bareMetal.set(uuid(1), { step: step(2) });
    await clock.pass(20_000);
    const asked = clock.now();
    await expect(answer({ wait_seconds: 50 })).resolves.toMatchObject({ progress_percent: 40 });
    expect(clock.now()).toBe(asked);
  });

  it('asks Ironic again after a look that failed', async () => {
    const { answer, bareMetal } = setup({ misbehave: script({ find: [unsent] }) });
    await expect(answer()).rejects.toMatchObject({ code: 'ironic_unavailable' });
    await expect(answer({ wait_seconds: 1 })).resolves.toMatchObject({ status: 'in_progress' });
    expect(bareMetal.requests).toEqual(['find bm-1', 'find bm-1']);
  });

  it('for a deployment that has ended takes one request', async () => {
    const { answer, bareMetal } = setup({ servers: [{ ...deploying, provisionState: 'active' }] });
    await answer({ wait_seconds: 50 });
    expect(bareMetal.requests).toEqual(['find bm-1']);
    await answer({ wait_seconds: 50 });
    expect(bareMetal.requests).toEqual(['find bm-1', 'find bm-1']);
  });

  it('begins anew when the server has just been changed', async () => {
    const { answer, clock, bareMetal, forget } = setup();
    await answer({ wait_seconds: 50 });
    bareMetal.set(uuid(1), { step: step(2) });
    forget(uuid(1));
    const asked = clock.now();
    await answer({ wait_seconds: 50 });
    expect(clock.now() - asked).toBe(50_000);
  });

  it('fails when the deployment vanishes meanwhile', async () => {
    const { ask, clock, bareMetal } = setup();
    const waiting = ask({ wait_seconds: 50 });
    await clock.pass(1_000);
    bareMetal.set(uuid(1), { provisionState: 'cleaning', step: null, deploymentId: null, entry: null });
    await expect(clock.until(waiting)).rejects.toMatchObject({
      code: 'operation_not_found',
      reason: 'its state is cleaning: being cleaned, if this Ironic cleans',
    });
  });

  it('reports at its end that the deployment stalls, but does not end because of that', async () => {
    const waitingForAgent = { ...deploying, provisionState: 'wait call-back', provisionedAt: start - 15.5 * 60_000 };
    const { answer, clock } = setup({ servers: [waitingForAgent] });
    const { status, message } = await answer({ wait_seconds: 50 });
    expect(status).toBe('in_progress');
    expect(message).toContain('It seems stalled: the deployment agent has not called for 16 min');
    expect(clock.now() - start).toBe(50_000);
  });

  it('goes on while only the times in the message change', async () => {
    const stalled = { ...deploying, provisionedAt: start - 3 * 3_600_000 };
    const { answer, clock } = setup({ servers: [stalled] });
    await answer({ wait_seconds: 50 });
    expect(clock.now() - start).toBe(50_000);
  });

  it('ends when its caller leaves, and leaves no timer', async () => {
    const { ask, clock } = setup();
    const controller = new AbortController();
    const reason = new Error('the caller left');
    const left = expect(ask({ wait_seconds: 50 }, controller.signal)).rejects.toBe(reason);
    await clock.pass(3_000);
    expect(clock.sleeping).toBe(1);
    controller.abort(reason);
    await left;
    expect(clock.sleeping).toBe(0);
  });

  it('ends when its caller leaves during a read, and leaves no timer', async () => {
    let looks = 0;
    const between = (bareMetal: BareMetal): BareMetal => ({
      ...bareMetal,
      find: (...asked) => (++looks === 1 ? bareMetal.find(...asked) : new Promise(() => undefined)),
    });
    const { ask, clock } = setup({ between });
    const controller = new AbortController();
    const left = expect(ask({ wait_seconds: 50 }, controller.signal)).rejects.toBeDefined();
    await clock.pass(11_000);
    expect(looks).toBe(2);
    controller.abort();
    await left;
    expect(clock.sleeping).toBe(0);
  });
});

describe('a wait during which Ironic falls silent', () => {
  it.each([
    ['cannot be reached', unsent],
    ['does not answer', lostAnswer],
    ['is busy', refused('busy')],
    [
      'cannot be asked, for too many wait',
      () => {
        throw new Failure('overloaded');
      },
    ],
  ])('goes on when Ironic %s, and sees what comes afterwards', async (_, mishap) => {
    const { ask, clock, bareMetal } = setup({ misbehave: script({ find: [null, ...Array(2).fill(mishap)] }) });
    const waiting = ask({ wait_seconds: 50 });
    await clock.pass(10_000);
    bareMetal.set(uuid(1), { step: step(2) });
    await expect(clock.until(waiting)).resolves.toMatchObject({ progress_percent: 40, status: 'in_progress' });
    expect(clock.now() - start).toBeGreaterThan(20_000);
  });

  it('ends in time with the last status, and says how old it is', async () => {
    const { answer, clock } = setup({ misbehave: script({ find: [null, null, ...always(unsent)] }) });
    const { status, message, progress_percent } = await answer({ wait_seconds: 20 });
    expect([status, progress_percent]).toEqual(['in_progress', 4]);
    expect(message).toMatch(/ That was 10 s ago: since then Ironic has given no answer\.$/);
    expect(clock.now() - start).toBe(20_000);
  });

  it('judges the server as it was when Ironic last showed it', async () => {
    // The lock was free for 55 seconds then. After a minute it would mean that no conductor works.
    const unlocked = { ...deploying, lockedBy: null, provisionedAt: start - 45_000 };
    const { answer } = setup({ servers: [unlocked], misbehave: script({ find: [null, null, ...always(unsent)] }) });
    const { message } = await answer({ wait_seconds: 20 });
    expect(message).not.toContain('no conductor');
    expect(message).toContain('That was 10 s ago');
  });

  it('pauses for as long as Ironic took, if that is slow', async () => {
    const begun: number[] = [];
    const { answer, clock } = setup({
      between: (bareMetal): BareMetal => ({
        ...bareMetal,
        async find(...asked) {
          begun.push(bareMetal.now() - start);
          await clock.sleep(12_000, forever);
          return bareMetal.find(...asked);
        },
      }),
    });
    await answer({ wait_seconds: 50 });
    expect(begun).toEqual([0, 22_000, 44_000]);
  });

  it('ends in time although a read never does', async () => {
    let looks = 0;
    const between = (bareMetal: BareMetal): BareMetal => ({
      ...bareMetal,
      find: (...asked) => (++looks === 1 ? bareMetal.find(...asked) : new Promise(() => undefined)),
    });
    const { answer, clock } = setup({ between });
    await expect(answer({ wait_seconds: 20 })).resolves.toMatchObject({ status: 'in_progress' });
    expect(clock.now() - start).toBe(22_000);
    expect(clock.sleeping).toBe(0);
  });

  it.each<[string, Mishap]>([
    ['refuses', refused('forbidden', 'no')],
    [
      'refuses the sign-in',
      () => {
        throw new SignInRefused('the password is wrong');
      },
    ],
  ])('ends at once when Ironic %s', async (_, mishap) => {
    const { answer, clock } = setup({ misbehave: script({ find: [null, mishap] }) });
    await expect(answer({ wait_seconds: 20 })).rejects.toMatchObject({ code: 'ironic_unavailable', retryable: false });
    expect(clock.now() - start).toBe(10_000);
  });
});

describe('the reports of a wait', () => {
  it('say at each look but the last how far it is, since when, and how long it usually takes', async () => {
    const { ask, clock, bareMetal } = setup();
    const reports: Progress[] = [];
    const waiting = ask({ wait_seconds: 50 }, forever, (report) => reports.push(report));
    await clock.pass(25_000);
    bareMetal.set(uuid(1), { step: step(2) });
    await clock.until(waiting);
    expect(reports).toEqual([
      {
        percent: 4,
        words: 'Booting the deployment agent (step 1 of 6: deploy); 1 min 0 s so far, usually past this within 30 min',
      },
      {
        percent: 4,
        words: 'Booting the deployment agent (step 1 of 6: deploy); 1 min 10 s so far, usually past this within 30 min',
      },
      {
        percent: 4,
        words: 'Booting the deployment agent (step 1 of 6: deploy); 1 min 20 s so far, usually past this within 30 min',
      },
    ]);
  });

  it('are followed by an answer that does not go back, although the list of steps grows', async () => {
    const { ask, clock, bareMetal } = setup({
      servers: [{ ...deploying, step: { name: 'raid', number: 2, names: ['deploy', 'raid'] } }],
    });
    const reports: Progress[] = [];
    const waiting = ask({ wait_seconds: 50 }, forever, (report) => reports.push(report));
    await clock.pass(1_000);
    bareMetal.set(uuid(1), { step: { name: 'raid', number: 2, names: ['deploy', 'raid', 'burn_in', 'write'] } });
    await expect(clock.until(waiting)).resolves.toMatchObject({ progress_percent: 50 });
    expect(reports.map(({ percent }) => percent)).toEqual([50]);
  });

  it('name a stall', async () => {
    const { answer } = setup({ servers: [{ ...deploying, provisionedAt: start - 3_600_000 }] });
    const reports: Progress[] = [];
    await answer({ wait_seconds: 1 }, forever, (report) => reports.push(report));
    expect(reports[0]?.words).toMatch(
      /^Booting the deployment agent \(step 1 of 6: deploy\)\. It seems stalled: Ironic has worked on this for 60 min/,
    );
  });
});

describe('many waiting callers', () => {
  it('for one server cost Ironic no more than one caller', async () => {
    const alone = setup();
    await alone.answer({ wait_seconds: 50 });
    const many = setup();
    const waiting = Promise.all(
      Array.from({ length: 100 }, () => many.ask({ wait_seconds: 50 }, new AbortController().signal)),
    );
    await many.clock.until(waiting);
    expect(many.finds()).toBe(alone.finds());
    expect(many.clock.sleeping).toBe(0);
  });

  it('share only a deployment in progress, because any other answer must be new', async () => {
    const { answer, bareMetal } = setup();
    await answer({ wait_seconds: 1 });
    const look = () => answer({ wait_seconds: 50 });
    bareMetal.set(uuid(1), { provisionState: 'active' });
    await expect(look()).resolves.toMatchObject({ status: 'completed' });
    bareMetal.set(uuid(1), { provisionState: 'error' });
    await expect(look()).resolves.toMatchObject({ status: 'failed' });
    bareMetal.set(uuid(1), { provisionState: 'cleaning' });
    await expect(look()).rejects.toMatchObject({ code: 'operation_not_found' });
    bareMetal.set(uuid(1), { provisionState: 'active' });
    await expect(look()).resolves.toMatchObject({ status: 'completed' });
  });

  it('for a thousand servers cost Ironic one list for each interval', async () => {
    const servers = Array.from({ length: 1_000 }, (_, index) => ({
      ...deploying,
      id: uuid(index),
      name: `bm-${index}`,
      deploymentId: uuid(5_000 + index),
    }));
    const { ask, clock, bareMetal } = setup({ servers });
    const all = () => Promise.all(servers.map(({ id }) => ask({ operation_id: id, wait_seconds: 50 })));
    for (const { status } of await clock.until(all())) expect(status).toBe('in_progress');
    const lists = bareMetal.requests.filter((request) => request.startsWith('listInDeployment'));
    // The first calls cannot know that so many follow.
    expect([bareMetal.requests.length - lists.length, lists.length]).toEqual([16, 6]);
  });

  it('for servers in very many deployments leave the more time between two lists', async () => {
    const servers = Array.from({ length: 4_000 }, (_, index) => ({
      ...deploying,
      id: uuid(index),
      name: `bm-${index}`,
    }));
    const { ask, clock, bareMetal } = setup({ servers });
    const some = servers.slice(0, 220);
    await clock.until(Promise.all(some.map(({ id }) => ask({ operation_id: id, wait_seconds: 50 }))));
    // At the begin, after 38 seconds, and at the end.
    expect(bareMetal.requests.filter((request) => request.startsWith('listInDeployment')).length).toBeLessThan(4);
  });

  describe('for forty servers', () => {
    const servers = Array.from({ length: 40 }, (_, index) => ({ ...deploying, id: uuid(index), name: `bm-${index}` }));
    const crowd = (options: SetupOptions = {}) => {
      const lab = setup({ servers, ...options });
      const lists = () => lab.bareMetal.requests.filter((request) => request.startsWith('listInDeployment')).length;
      const all = (some = servers) =>
        Promise.all(some.map(({ id }) => lab.ask({ operation_id: id, wait_seconds: 50 }).catch(() => undefined)));
      return { ...lab, lists, all };
    };

    it('no longer count when they have left', async () => {
      const { answer, clock, lists, all } = crowd();
      await clock.until(all());
      const before = lists();
      await answer({ wait_seconds: 50 });
      expect(lists()).toBe(before);
    });

    it('see our own change, which their last list does not show', async () => {
      const { ask, bareMetal, clock, forget, all } = crowd();
      void all(servers.filter(({ id }) => id !== uuid(1)));
      await clock.pass(5_000);
      const waiting = ask({ wait_seconds: 50 });
      // The list of the tenth second is new enough for the look in the fifteenth.
      await clock.pass(7_000);
      bareMetal.set(uuid(1), { step: step(2) });
      forget(uuid(1));
      await expect(clock.until(waiting)).resolves.toMatchObject({ progress_percent: 40 });
      expect(clock.now() - start).toBe(15_000);
    });

    it('wait only once for a list that Ironic does not give', async () => {
      let lists = 0;
      const { ask, clock, bareMetal, all } = crowd({
        between: (same) => ({
          ...same,
          async listInDeployment() {
            lists += 1;
            await clock.sleep(30_000, forever);
            throw new NoAnswer('Ironic did not answer within 30 s', false);
          },
        }),
      });
      void all();
      await clock.pass(52_000);
      void all();
      const waiting = ask({ wait_seconds: 50 });
      await clock.pass(1_000);
      bareMetal.set(uuid(1), { step: step(2) });
      await expect(clock.until(waiting)).resolves.toMatchObject({ progress_percent: 40 });
      expect([clock.now() - start < 63_000, lists]).toEqual([true, 1]);
    });
  });

  it('leave nothing behind when they leave', async () => {
    const { ask, clock } = setup();
    const callers = Array.from({ length: 100 }, () => new AbortController());
    const left = Promise.allSettled(callers.map(({ signal }) => ask({ wait_seconds: 50 }, signal)));
    await clock.pass(10_000);
    expect(clock.sleeping).toBe(100);
    for (const caller of callers) caller.abort();
    await left;
    expect(clock.sleeping).toBe(0);
  });
});

describe('a wait for the boot', () => {
  const expected = { digest: 'ab'.repeat(32), seed: uuid(7) };
  const entry = { started_at: '2026-11-22T07:59:00Z', image: 'ubuntu-24.04', digest: 'd' };
  const since = '2026-11-22T07:59:50Z';
  const booted = { at: '2026-11-22T08:00:20Z', since, from: '10.0.0.7', host_keys: ['SHA256:abc'] };
  const active = { provisionState: 'active', powerState: 'power on', step: null };
  const deployed = { ...deploying, ...active, provisionedAt: Date.parse(since) };
  const waiting = { ...deployed, entry: { ...entry, expected } };

  it('ends when the machine reports', async () => {
    const { ask, bareMetal, clock } = setup({ servers: [waiting] });
    const asked = ask({ wait_seconds: 50, until: 'booted' });
    await clock.pass(20_000);
    bareMetal.set(uuid(1), { entry: { ...entry, booted } });
    await expect(clock.until(asked)).resolves.toMatchObject({
      status: 'completed',
      boot: 'reported',
      booted_at: booted.at,
      host_keys: booted.host_keys,
      addresses: [{ address: '10.0.0.7', network: null, mac: null, source: 'reported' }],
      message: expect.stringContaining(`its system reported at ${booted.at} that it had booted`),
    });
  });

  it('ends without a report when its time is over, and the deployment is completed all the same', async () => {
    const { answer, clock } = setup({ servers: [waiting] });
    await expect(answer({ wait_seconds: 50, until: 'booted' })).resolves.toMatchObject({
      status: 'completed',
      boot: 'waiting',
      booted_at: null,
      message: expect.stringContaining('has not reported yet that it has booted'),
    });
    expect(clock.now()).toBeGreaterThanOrEqual(start + 50_000);
  });

  it.each([
    ['no report was asked for', { entry }],
    ['the deployment failed', { provisionState: 'deploy failed' }],
  ])('ends at once if %s', async (_, changes) => {
    const { answer, clock } = setup({ servers: [{ ...waiting, ...changes }] });
    await expect(answer({ wait_seconds: 50, until: 'booted' })).resolves.toMatchObject({ boot: 'unknown' });
    expect(clock.now()).toBe(start);
  });

  it('asks for no list, because no list shows the server', async () => {
    const servers = Array.from({ length: 40 }, (_, index) => ({ ...waiting, id: uuid(index), name: `bm-${index}` }));
    const { ask, bareMetal, clock } = setup({ servers });
    const [first = waiting, ...others] = servers;
    const booted = ({ id }: Server) => ask({ operation_id: id, wait_seconds: 50, until: 'booted' });
    // One after the other, because many looks at the same moment try a list.
    const all = [booted(first)];
    for (const server of others) {
      await clock.pass(1);
      all.push(booted(server));
    }
    for (const { boot } of await clock.until(Promise.all(all))) expect(boot).toBe('waiting');
    expect(bareMetal.requests.filter((request) => !request.startsWith('find'))).toEqual([]);
  });

  it('is not made by a caller who waits for the deployment', async () => {
    const { answer, clock } = setup({ servers: [waiting] });
    await expect(answer({ wait_seconds: 50 })).resolves.toMatchObject({ status: 'completed', boot: 'waiting' });
    expect(clock.now()).toBe(start);
  });
});
