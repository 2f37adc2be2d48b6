import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/failures.js';
import { NoAnswer } from '../../../src/core/ports.js';
import { createRebootService } from '../../../src/core/reboot/reboot.js';
import type { RebootRequest } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { provisionStates } from '../../../src/core/states.js';
import {
  always,
  freeServer,
  lostAnswer,
  lostRequest,
  type Mishap,
  refused,
  type script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';
import { changeSetup, deployedServer, deploymentId, entry, failureOf } from '../setup.js';

const forever = new AbortController().signal;
const id = uuid(1);

/** A server that runs a deployment of ours. */
const running = (overrides: Partial<Server> = {}) => deployedServer({ powerState: 'power on', ...overrides });

function setup(
  server: Server | undefined = running(),
  mishaps: Parameters<typeof script>[0] = {},
  others: readonly Server[] = [],
) {
  const { bareMetal, clock, changed, options } = changeSetup(server ? [server, ...others] : others, mishaps);
  const service = createRebootService(options);
  const request = (overrides: Partial<RebootRequest> = {}): RebootRequest => ({
    operation_id: id,
    confirm_server_name: 'bm-1',
    force: false,
    ...overrides,
  });
  return {
    bareMetal,
    clock,
    changed,
    consent: (overrides?: Partial<RebootRequest>) => service.consent(request(overrides), forever),
    reboot: (overrides?: Partial<RebootRequest>, agreed?: string | null, signal = forever) =>
      service.reboot(request(overrides), signal, agreed),
  };
}

describe('a running deployment of ours', () => {
  it('takes two requests to reboot, and the answer says that its system may ignore it', async () => {
    const { reboot, bareMetal, changed } = setup();
    expect(await reboot()).toEqual({
      operation_id: id,
      server_name: 'bm-1',
      status: 'accepted',
      message:
        'The system on server bm-1 was asked to reboot. Ironic cannot see whether it does: a system that hangs or ignores the request does nothing, and only a call with force restarts it.',
      deployment_id: deploymentId,
    });
    expect(bareMetal.requests).toEqual(['find bm-1', 'reboot bm-1']);
    expect(bareMetal.reboots).toEqual([{ serverId: id, deploymentId, provisionState: 'active', how: 'soft' }]);
    expect(changed).toEqual([id]);
  });

  it('is switched off and on if the caller forces it', async () => {
    const { reboot, bareMetal } = setup();
    expect((await reboot({ force: true })).message).toMatch(/^Server bm-1 is being switched off and on\./);
    expect(bareMetal.reboots).toMatchObject([{ how: 'hard' }]);
  });

  it('is rebooted by its host name as well', async () => {
    const { reboot } = setup(running({ entry: { ...entry, hostname: 'web-1' } }));
    expect(await reboot({ confirm_server_name: 'web-1', deployment_id: deploymentId })).toMatchObject({
      status: 'accepted',
    });
  });

  it('is not rebooted by a host name that another deployment has as well', async () => {
    const server = running({ entry: { ...entry, hostname: 'web-1' } });
    const another = { ...server, id: uuid(2), name: 'bm-2', deploymentId: uuid(902) };
    const { reboot, consent, bareMetal } = setup(server, {}, [another]);
    for (const attempt of [reboot, consent]) {
      expect(await failureOf(attempt({ confirm_server_name: 'web-1' }))).toMatchObject({ code: 'not_confirmed' });
    }
    expect(bareMetal.reboots).toEqual([]);
  });

  it('is not rebooted for a caller who names another server or another deployment', async () => {
    const { reboot, consent, bareMetal } = setup();
    for (const attempt of [reboot, consent]) {
      expect(await failureOf(attempt({ confirm_server_name: 'bm-2' }))).toMatchObject({ code: 'not_confirmed' });
      expect(await failureOf(attempt({ deployment_id: uuid(902) }))).toMatchObject({ code: 'operation_not_found' });
    }
    expect(bareMetal.reboots).toEqual([]);
  });
});

describe('the question to the user', () => {
  it('names the server, the deployment and what is lost', async () => {
    const { consent } = setup();
    const which = `server bm-1 (deployment ${deploymentId}: image ubuntu-24.04, requested at ${entry.started_at})`;
    expect(await consent()).toBe(`Reboot ${which}? Everything that runs on it stops for some minutes.`);
    expect(await consent({ force: true })).toBe(
      `Reboot ${which}? It is switched off and on without a warning to its system: data that is not on the disk yet is lost.`,
    );
  });

  it('counts for nothing else than it says', async () => {
    const { consent, reboot, bareMetal } = setup();
    const soft = await consent();
    expect(await failureOf(reboot({ force: true }, soft))).toMatchObject({ code: 'not_confirmed' });
    expect(await failureOf(reboot({}, null))).toMatchObject({ code: 'not_confirmed' });
    bareMetal.set(id, { entry: { ...entry, started_at: new Date(start).toISOString() } });
    expect(await failureOf(reboot({}, soft))).toMatchObject({ code: 'not_confirmed' });
    expect(bareMetal.reboots).toEqual([]);
    expect(await reboot({}, await consent())).toMatchObject({ status: 'accepted' });
  });
});

describe('reboot_server refuses', () => {
  it('every state but that of a finished deployment', async () => {
    for (const provisionState of [...provisionStates, 'unheard of']) {
      const { reboot, bareMetal } = setup(running({ provisionState }));
      const ended = await reboot({ force: true }).then(
        ({ status }) => status,
        ({ code }: Failure) => code,
      );
      expect([ended, provisionState]).toEqual([
        provisionState === 'active' ? 'accepted' : expect.stringMatching(/^(reboot_refused|operation_not_found)$/),
        provisionState,
      ]);
      expect(bareMetal.reboots).toHaveLength(provisionState === 'active' ? 1 : 0);
    }
  });

  it('while the agent may be writing, and says what that would do', async () => {
    const { reboot } = setup(running({ provisionState: 'wait call-back' }));
    expect(await failureOf(reboot())).toMatchObject({
      code: 'reboot_refused',
      reason: expect.stringMatching(/wait call-back: .*; a reboot now could leave a broken system on its disk$/),
    });
  });

  it.each<[Partial<Server>, code: string, reason: string]>([
    [{ entry: null }, 'not_permitted', 'this deployment was not made through ironic-mcp'],
    [{ name: 'metal3~bm-1' }, 'not_permitted', 'it belongs to Metal3'],
    [{ maintenance: true }, 'reboot_refused', 'it is in maintenance'],
    [{ targetPower: 'power on' }, 'reboot_refused', 'Ironic is changing its power already'],
    [{ powerState: 'power off' }, 'reboot_refused', 'it is switched off; the operator can switch it on'],
  ])('a server with %j', async (overrides, code, reason) => {
    const { reboot, consent, bareMetal } = setup(running(overrides));
    const confirm_server_name = overrides.name ?? 'bm-1';
    for (const attempt of [reboot, consent]) {
      expect(await failureOf(attempt({ confirm_server_name }))).toMatchObject({
        code,
        reason: expect.stringContaining(reason),
      });
    }
    expect(bareMetal.reboots).toEqual([]);
  });

  it('no server because its power state is unknown: Ironic reboots it when its management controller is back', async () => {
    expect(await setup(running({ powerState: null })).reboot()).toMatchObject({ status: 'accepted' });
  });

  it('a server that Ironic does not know', async () => {
    expect(await failureOf(setup(freeServer(2)).reboot())).toMatchObject({ code: 'server_not_found' });
  });
});

describe('before the request is sent', () => {
  /** The server changes while Ironic is locked, so that our knowledge is old. */
  async function overtaken(changes: Partial<Server>) {
    const { reboot, bareMetal, clock } = setup(running(), { reboot: [refused('locked')] });
    clock.meanwhile = () => bareMetal.set(id, changes);
    const failure = await failureOf(reboot({ force: true }));
    expect(bareMetal.reboots).toEqual([]);
    return failure;
  }

  it.each<[Partial<Server>, code: string]>([
    [{ deploymentId: uuid(902) }, 'reboot_refused'],
    [{ attemptId: uuid(952) }, 'reboot_refused'],
    [{ entry: null, deploymentId: uuid(902), attemptId: null }, 'not_permitted'],
    [{ provisionState: 'wait call-back' }, 'reboot_refused'],
    [{ provisionState: 'available', deploymentId: null, entry: null }, 'operation_not_found'],
    [{ maintenance: true }, 'reboot_refused'],
    [{ targetPower: 'rebooting' }, 'reboot_refused'],
    [{ powerState: 'power off' }, 'reboot_refused'],
  ])('the server is read again, and it is not sent after %j', async (changes, code) => {
    expect(await overtaken(changes)).toMatchObject({ code });
  });

  it('nothing else is needed if nothing came between', async () => {
    const { reboot, bareMetal } = setup(running(), { reboot: [refused('locked'), refused('locked')] });
    expect(await reboot()).toMatchObject({ status: 'accepted' });
    expect(bareMetal.requests).toEqual([
      'find bm-1',
      'reboot bm-1',
      'find bm-1',
      'reboot bm-1',
      'find bm-1',
      'reboot bm-1',
    ]);
  });

  it('a caller who leaves ends it', async () => {
    const { reboot, bareMetal } = setup();
    await expect(reboot({}, undefined, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(bareMetal.reboots).toEqual([]);
  });
});

describe('when Ironic does not accept it', () => {
  it.each<[what: string, mishaps: readonly Mishap[], code: string, retryable: boolean]>([
    ['is locked all the time', always(refused('locked')), 'reboot_refused', true],
    ['has no conductor', always(refused('busy')), 'reboot_refused', true],
    ['cannot reboot softly', [refused('invalid')], 'reboot_refused', false],
    ['denies the right', [refused('forbidden')], 'reboot_refused', false],
    ['has lost the server', [refused('not_found')], 'server_not_found', false],
    ['is too old', [refused('too_old')], 'ironic_too_old', false],
    ['cannot be reached', always(unsent), 'ironic_unavailable', true],
  ])('because it %s, the failure says so', async (_, mishaps, code, retryable) => {
    const { reboot, bareMetal } = setup(running(), { reboot: mishaps });
    expect(await failureOf(reboot())).toMatchObject({ code, retryable });
    expect(bareMetal.reboots).toEqual([]);
  });

  it.each<[what: string, mishap: Mishap, reboots: number]>([
    ['answer', lostAnswer, 1],
    ['request', lostRequest, 0],
  ])('because its %s is lost, the outcome is unknown, and it is not sent twice', async (_, mishap, reboots) => {
    const { reboot, bareMetal, changed } = setup(running(), { reboot: [mishap] });
    const failure = await failureOf(reboot());
    expect(failure).toMatchObject({
      code: 'outcome_unknown',
      retryable: false,
      deployment: { operationId: id, deploymentId },
      reason: expect.stringContaining(`Server bm-1 may be rebooting: operation ${id}, deployment ${deploymentId}`),
      hint: expect.stringContaining('diagnose_server'),
    });
    expect(bareMetal.reboots).toHaveLength(reboots);
    expect(bareMetal.requests.filter((request) => request.startsWith('reboot'))).toHaveLength(1);
    expect(changed).toEqual([id]);
  });

  it('for a moment, it is sent again', async () => {
    const { reboot, bareMetal } = setup(running(), { reboot: [unsent, refused('locked'), unsent] });
    expect(await reboot()).toMatchObject({ status: 'accepted' });
    expect(bareMetal.reboots).toHaveLength(1);
  });

  it('and the read before it gets no answer, nothing was changed', async () => {
    const mishaps = { reboot: [refused('locked')], find: [null, ...always(lostRequest)] };
    const { reboot, bareMetal } = setup(running(), mishaps);
    expect(await failureOf(reboot())).toMatchObject({ code: 'ironic_unavailable', cause: expect.any(NoAnswer) });
    expect(bareMetal.reboots).toEqual([]);
  });
});
