import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadlines } from '../../../src/core/async/retry.js';
import { Failure } from '../../../src/core/failures.js';
import { ProvisionStatus } from '../../../src/core/requests.js';
import type { DeploymentEntry, Server } from '../../../src/core/server.js';
import { provisionStates, stateMeaning } from '../../../src/core/states.js';
import { displayName, nameOf, standingOf, statusOf } from '../../../src/core/status/provision-status.js';
import { isoTime } from '../../../src/core/text/iso-time.js';
import { anyText } from '../any-text.js';
import { direct } from '../direct.js';
import { freeServer, uuid } from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';

const entry: DeploymentEntry = { started_at: '2026-11-22T07:30:00Z', image: 'ubuntu-24.04', digest: 'd' };
const startedAt = Date.parse(entry.started_at);

/** A server that we deploy. */
function ours(overrides: Partial<Server> = {}): Server {
  return freeServer(1, {
    provisionState: 'deploying',
    deploymentId: uuid(9),
    entry,
    imageSource: uuid(7),
    provisionedAt: startedAt + 5_000,
    ...overrides,
  });
}

function refusalOf(server: Server, now = start): string | null {
  try {
    statusOf(server, now);
  } catch (error) {
    if (error instanceof Failure && error.code === 'operation_not_found') return error.reason;
    throw error;
  }
  throw new Error('There is a status.');
}

describe('the status of a deployment', () => {
  it('is complete while it is under way', () => {
    const server = ours({ step: { name: 'write_image', number: 2, names: direct } });
    expect(statusOf(server, startedAt + 90_000)).toEqual({
      operation_id: uuid(1),
      server_id: uuid(1),
      server_name: 'bm-1',
      status: 'in_progress',
      provision_state: 'deploying',
      progress_percent: 40,
      message:
        'Server bm-1 is being deployed. Writing the image to the disk (step 2 of 6: write_image). Waiting for Ironic to finish this step.',
      started_at: '2026-11-22T07:30:00Z',
      completed_at: null,
      deployment_id: uuid(9),
      hostname: null,
      image_name: 'ubuntu-24.04',
      deployed_here: true,
      addresses: [],
      login_user: null,
      poll_after_seconds: 21,
      failure: null,
      boot: 'unknown',
      booted_at: null,
      host_keys: [],
    });
  });

  it('is complete when it is over', () => {
    expect(statusOf(ours({ provisionState: 'active', provisionedAt: startedAt + 600_000 }), start)).toEqual({
      operation_id: uuid(1),
      server_id: uuid(1),
      server_name: 'bm-1',
      status: 'completed',
      provision_state: 'active',
      progress_percent: 100,
      message:
        "Server bm-1 is deployed with image ubuntu-24.04 and switched on; its system may take some minutes to boot. The image's owner knows its user name, unless config_drive sets another. The operator of its network (DHCP) knows its address.",
      started_at: '2026-11-22T07:30:00Z',
      completed_at: '2026-11-22T07:40:00Z',
      deployment_id: uuid(9),
      hostname: null,
      image_name: 'ubuntu-24.04',
      deployed_here: true,
      addresses: [],
      login_user: null,
      poll_after_seconds: null,
      failure: null,
      boot: 'unknown',
      booted_at: null,
      host_keys: [],
    });
  });

  it('is complete when it failed', () => {
    const lastError = 'Deploy step deploy.write_image failed: no space left on device /dev/sda.';
    const server = ours({ provisionState: 'deploy failed', provisionedAt: startedAt + 60_000, lastError });
    expect(statusOf(server, start)).toMatchObject({
      status: 'failed',
      provision_state: 'deploy failed',
      progress_percent: null,
      message: 'Deployment on server bm-1 failed at step write_image: The disk of the server is too small or full.',
      completed_at: '2026-11-22T07:31:00Z',
      poll_after_seconds: null,
      failure: { code: 'no_space', step: 'write_image', ironic_error: lastError },
    });
  });

  it('is about to start while the server is reserved by us', () => {
    // The last request of a call gets its own time.
    const last = startedAt + deadlines.call + deadlines.request;
    expect(statusOf(ours({ provisionState: 'available' }), last)).toMatchObject({
      status: 'in_progress',
      progress_percent: 0,
      message: 'Server bm-1 is reserved; its deployment is about to start.',
      completed_at: null,
      failure: null,
    });
  });

  it('is failed when the server stays reserved for longer than any call lasts', () => {
    expect(
      statusOf(ours({ provisionState: 'available' }), startedAt + deadlines.call + 2 * deadlines.request + 1),
    ).toMatchObject({
      status: 'failed',
      progress_percent: null,
      message: 'Deployment on server bm-1 failed: The server was reserved, but its deployment was never started.',
      completed_at: null,
      poll_after_seconds: null,
      failure: { code: 'never_deployed', step: null, ironic_error: null },
    });
  });

  it.each([
    ['wait call-back', 'Server bm-1 is waiting for the deployment agent on the server.'],
    ['deploy hold', 'Server bm-1 is held by an operator in the middle of its deployment.'],
    [
      'deploying',
      'Server bm-1 is being deployed. Waiting for Ironic to check the image and the power, and to start the first step.',
    ],
  ])('says what happens in "%s" outside of steps', (provisionState, message) => {
    expect(statusOf(ours({ provisionState }), startedAt)).toMatchObject({ status: 'in_progress', message });
  });

  it('is one sentence with the time so far for a waiting caller', () => {
    expect(standingOf(ours({ step: null }), startedAt + 5_000).progress.words).toBe(
      'Server bm-1 is being deployed. Waiting for Ironic to check the image and the power, and to start the first step; 5 s so far, usually past this within 15 min',
    );
  });

  it.each(['rescue', 'servicing', 'service failed', 'unrescue failed'])('stays completed in "%s"', (provisionState) => {
    expect(statusOf(ours({ provisionState }), start)).toMatchObject({
      status: 'completed',
      progress_percent: 100,
      message: `Server bm-1 is ${stateMeaning(provisionState)?.words} with image ubuntu-24.04.`,
      completed_at: null,
      failure: null,
    });
  });

  it('is in progress in an unknown state', () => {
    const server = ours({ provisionState: 'quantum\u202e entangled' });
    expect(statusOf(server, start)).toMatchObject({
      status: 'in_progress',
      provision_state: 'quantum entangled',
      progress_percent: null,
      message: 'Server bm-1 is in the state "quantum entangled", which ironic-mcp does not know.',
    });
    expect(refusalOf({ ...server, deploymentId: null, entry: null })).toBe('its state is "quantum entangled"');
  });

  it.each(['__proto__', 'constructor', 'toString', ''])('treats "%s" as an unknown state', (provisionState) => {
    expect(statusOf(ours({ provisionState }), start).status).toBe('in_progress');
  });

  it("names Ironic's image if the deployment is not ours", () => {
    const server = ours({ provisionState: 'active', entry: null, imageSource: 'http://images/a.qcow2' });
    expect(statusOf(server, start).message).toContain('deployed with image http://images/a.qcow2 and switched on');
    expect(statusOf({ ...server, imageSource: null }, start).message).toContain('is deployed and switched on');
  });

  it('exists for every state, or the failure is operation_not_found', () => {
    const someStates = [...provisionStates, 'no such state', '__proto__', 'constructor'];
    for (const provisionState of someStates) {
      for (const deploymentId of [uuid(9), null]) {
        for (const own of [entry, null]) {
          const server = ours({ provisionState, deploymentId, entry: own });
          const outcome = stateMeaning(provisionState)?.outcome;
          const about = `${provisionState}, ${deploymentId}, ${own ? 'ours' : 'not ours'}`;
          const absent =
            outcome === 'none' ? !(provisionState === 'available' && own) : !outcome && deploymentId === null;
          if (absent) expect(refusalOf(server), about).toMatch(/^it(s state)? is /);
          else expect(ProvisionStatus.safeParse(statusOf(server, start)).success, about).toBe(true);
        }
      }
    }
  });

  it('is well-formed and in order for any server', () => {
    const moment = fc.integer({ min: Date.UTC(2010), max: Date.UTC(2100) });
    const text = anyText(120);
    const server = fc
      .record({
        id: fc.uuid(),
        name: fc.option(text),
        provisionState: fc.oneof(fc.constantFrom(...provisionStates), text),
        provisionedAt: fc.option(moment),
        deploymentId: fc.option(fc.uuid()),
        entry: fc.option(fc.record({ started_at: moment.map(isoTime), image: text, digest: fc.string() })),
        imageSource: fc.option(text),
        step: fc.option(
          fc.record({
            name: text,
            number: fc.integer({ min: 1, max: 20 }),
            names: fc.array(fc.oneof(fc.constantFrom(...direct), text), { minLength: 20, maxLength: 30 }),
          }),
        ),
        lastError: fc.option(text),
      })
      .map((overrides) => freeServer(1, overrides));
    fc.assert(
      fc.property(server, moment, (any, now) => {
        let status: ProvisionStatus;
        try {
          status = statusOf(any, now);
        } catch (error) {
          expect(error).toMatchObject({ name: 'Failure', code: 'operation_not_found', id: any.id });
          return;
        }
        ProvisionStatus.parse(status);
        if (status.started_at && status.completed_at) expect(status.started_at <= status.completed_at).toBe(true);
        expect(status.poll_after_seconds === null).toBe(status.status !== 'in_progress');
        expect(status.failure !== null).toBe(status.status === 'failed');
        expect(status.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(status.message.length).toBeLessThan(1_000);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the message of a completed deployment', () => {
  const addresses = [{ address: '10.20.0.11', mac: '52:54:00:00:00:01' }];
  const owner = "The image's owner knows its user name, unless config_drive sets another.";
  const network = 'The operator of its network (DHCP) knows its address.';
  const messageWith = (overrides: Partial<Server>) =>
    statusOf(ours({ provisionState: 'active', ...overrides }), start).message;

  it.each<[Partial<DeploymentEntry>, string]>([
    [{ login_user: 'ubuntu', addresses }, 'Log in with "ssh ubuntu@10.20.0.11".'],
    [{ login_user: 'ubuntu' }, `Log in by ssh as ubuntu. ${network}`],
    [{ addresses }, `Log in with "ssh 10.20.0.11". ${owner}`],
    [{}, `${owner} ${network}`],
  ])('says how to log in, or who knows what is missing (%j)', (known, words) => {
    expect(messageWith({ entry: { ...entry, ...known } }).endsWith(` to boot. ${words}`)).toBe(true);
  });

  it('says when the machine reported, from where, and that the address may be wrong', () => {
    const since = new Date(startedAt + 5_000).toISOString().replace('.000Z', 'Z');
    const booted = { at: since, since, from: '10.20.0.99', host_keys: [] };
    const reported = { entry: { ...entry, login_user: 'ubuntu', booted } };
    const told = `, and its system reported at ${since} that it had booted`;
    const how =
      'It reported from 10.20.0.99: try "ssh ubuntu@10.20.0.99", which is wrong behind a NAT or a container network.';
    expect(messageWith(reported)).toContain(`${told}. ${how}`);
    expect(messageWith({ ...reported, poweredAt: startedAt + 6_000 })).toContain(
      `${told}; its power has changed since.`,
    );
  });

  it('says for how many minutes no report of the boot has come', () => {
    const waiting = ours({
      provisionState: 'active',
      entry: { ...entry, expected: { digest: 'd', seed: uuid(7) } },
    });
    const told = (minutes: number) => statusOf(waiting, startedAt + 5_000 + minutes * 60_000).message;
    expect(told(0.5)).toContain(' has not reported yet that it has booted. ');
    expect(told(8.5)).toContain(' has not reported yet that it has booted, 8 min after its deployment. ');
  });

  it('says that the server is switched off, and not how to log in', () => {
    const message = messageWith({ powerState: 'power off', entry: { ...entry, login_user: 'ubuntu', addresses } });
    expect(message).toMatch(/ is deployed with image .*, but it is switched off\.$/);
  });

  it('refers to the person who deployed it by other means', () => {
    expect(messageWith({ entry: null })).toMatch(/ Ask the person who deployed it how to log in\.$/);
    expect(messageWith({ provisionState: 'rescue' })).not.toContain('og in');
  });
});

describe('without an operation', () => {
  it.each([
    ['available', 'its state is available: free for deployment'],
    ['cleaning', 'its state is cleaning: being cleaned, if this Ironic cleans'],
    ['manageable', 'its state is manageable: not offered for deployment'],
  ])('the reason explains "%s"', (provisionState, reason) => {
    expect(refusalOf(freeServer(1, { provisionState }))).toBe(reason);
  });

  it.each([
    [true, null, 'being cleaned after its last use'],
    [false, null, 'becoming free without cleaning'],
    [false, 'manageable', 'being cleaned on the order of an operator'],
  ])(
    'the reason in "cleaning" is true with automated_clean %s and the target %s',
    (automatedClean, targetState, words) => {
      const server = freeServer(1, { provisionState: 'cleaning', automatedClean, targetState });
      expect(refusalOf(server)).toBe(`its state is cleaning: ${words}`);
    },
  );

  it.each(['deleting', 'cleaning', 'clean wait', 'clean hold'])(
    'in state "%s" the hint says how to see when the server is free again',
    (state) => {
      expect(() => statusOf(freeServer(1, { provisionState: state }), start)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining('list_servers shows when the server is free again') }),
      );
    },
  );

  it.each([
    [
      'cleaning',
      { number: 2, names: ['power', 'erase_devices'] },
      'being cleaned after its last use (step 2 of 2: erase_devices)',
    ],
    ['clean wait', { number: null, names: [] }, 'waiting in its cleaning (step: erase_devices)'],
  ])('the reason names the step of "%s"', (provisionState, place, words) => {
    const server = freeServer(1, { provisionState, step: { name: 'erase_devices', ...place } });
    expect(refusalOf(server)).toBe(`its state is ${provisionState}: ${words}`);
  });

  it.each(['cleaning', 'clean wait', 'clean hold'])(
    '"%s" that an operator ordered promises no free server, because it ends in "manageable"',
    (provisionState) => {
      const server = freeServer(1, { provisionState, targetState: 'manageable' });
      expect(refusalOf(server)).toMatch(/^its state is clean.*operator/);
      expect(() => statusOf(server, start)).toThrow(
        expect.objectContaining({ hint: expect.not.stringContaining('when the server is free again') }),
      );
    },
  );

  it('the reason says who reserved the server', () => {
    expect(refusalOf(freeServer(1, { deploymentId: uuid(8) }))).toBe(
      `it is reserved by somebody else, as deployment ${uuid(8)}`,
    );
  });
});

describe('the times', () => {
  it('come from our own entry', () => {
    expect(statusOf(ours({ provisionedAt: null }), start).started_at).toBe('2026-11-22T07:30:00Z');
  });

  it('are an estimate without our entry, and the message says so', () => {
    const foreign = ours({ entry: null, provisionedAt: start - 3_600_000 });
    const status = statusOf(foreign, start - 3_500_000);
    expect(status.started_at).toBe('2026-11-22T07:00:00Z');
    expect(status.message).toBe(
      'Server bm-1 is being deployed. It was not deployed through ironic-mcp, so started_at is an estimate: the time of its last change of state. Waiting for Ironic to check the image and the power, and to start the first step.',
    );
  });

  it("are an estimate if Ironic forgot whose deployment it failed to undeploy, which is not called somebody else's", () => {
    const { message } = statusOf(freeServer(1, { provisionState: 'error' }), start);
    expect(message).toContain('Ironic no longer shows who made this deployment, so started_at is an estimate');
    const known = statusOf(ours({ provisionState: 'error', entry: null }), start);
    expect(known.message).toContain('It was not deployed through ironic-mcp');
  });

  it('are unknown if Ironic shows no times', () => {
    const status = statusOf(ours({ entry: null, provisionedAt: null }), start);
    expect(status).toMatchObject({ started_at: null, completed_at: null, poll_after_seconds: 5 });
    expect(statusOf(ours({ provisionState: 'active', provisionedAt: null }), start).completed_at).toBeNull();
  });

  it('never put the start after the end', () => {
    const status = statusOf(ours({ provisionState: 'active', provisionedAt: startedAt - 30_000 }), start);
    expect(status.started_at).toBe(status.completed_at);
    expect(status.completed_at).toBe('2026-11-22T07:29:30Z');
  });

  it('are in UTC to the second', () => {
    expect(isoTime(start + 1_999)).toBe('2026-11-22T08:00:01Z');
  });
});

describe('the time until the next look', () => {
  it.each([
    [0, 5],
    [20, 5],
    [40, 9],
    [150, 30],
    [900, 30],
    [3_600, 60],
    [-60, 5],
  ])('%i s after the start is %i s before the first step', (elapsed, seconds) => {
    expect(statusOf(ours(), startedAt + elapsed * 1_000).poll_after_seconds).toBe(seconds);
  });

  it.each([
    ['deploy', [10, 10, 10, 15, 30]],
    ['write_image', [10, 10, 10, 15, 30]],
    ['prepare_instance_boot', [8, 8, 8, 15, 30]],
    ['tear_down_agent', [8, 8, 8, 15, 30]],
    ['switch_to_tenant_network', [8, 8, 8, 15, 30]],
    ['boot_instance', [8, 8, 8, 15, 30]],
    ['bios.apply_configuration', [5, 5, 8, 15, 30]],
  ])('follows the step %s', (name, seconds) => {
    const begun = startedAt + 120_000;
    const server = ours({ step: { name, number: 1, names: [name] }, calledAt: null, provisionedAt: begun });
    const polls = [0, 20, 30, 60, 300].map((elapsed) => statusOf(server, begun + elapsed * 1_000));
    expect(polls.map((status) => status.poll_after_seconds)).toEqual(seconds);
  });

  it('is a minute while an operator holds the deployment', () => {
    expect(statusOf(ours({ provisionState: 'deploy hold' }), startedAt).poll_after_seconds).toBe(60);
  });
});

describe('the name of a server', () => {
  it('is safe to show', () => {
    const server = freeServer(1, { name: `a\u202eb\n${'c'.repeat(500)}` });
    expect(nameOf(server)).toMatch(/^a b c+…$/);
    expect(nameOf(server)).toHaveLength(80);
  });

  it('is its UUID if it has no name', () => {
    expect(nameOf(freeServer(1, { name: null }))).toBeNull();
    expect(displayName(freeServer(1, { name: null }))).toBe(uuid(1));
    expect(displayName(freeServer(1))).toBe('bm-1');
  });
});
