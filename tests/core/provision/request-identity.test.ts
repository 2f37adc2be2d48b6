import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NoAnswer } from '../../../src/core/ports.js';
import { identify, isSameRequest } from '../../../src/core/provision/request-identity.js';
import type { ProvisionRequest } from '../../../src/core/requests.js';
import type { DeploymentEntry, Server } from '../../../src/core/server.js';
import { always, freeServer, lostAnswer, type Mishap, refused, script, unsent, uuid } from '../fake-bare-metal.js';
import { type Setup, type SetupOptions, seededRandom, setup } from '../setup.js';

const request: ProvisionRequest = { image_id: 'ubuntu-24.04', hostname: 'web-1', idempotency_key: 'job-1' };
const { idempotency_key: _, ...unkeyed } = request;

/** The entry that a request leaves on its server. */
function entryOf(one: ProvisionRequest, scope = 'tests'): DeploymentEntry {
  return { started_at: '2026-11-22T07:30:00Z', image: one.image_id, digest: identify(one, scope).requestDigest };
}

describe('the identity of a request', () => {
  it('is a UUID of version 5 when it has a key', () => {
    const keyed = (key: string, scope: string) => identify({ ...request, idempotency_key: key }, scope).deploymentId;
    expect(keyed('job-1', 'http://ironic.example\nproject-1')).toBe('5cdf4ec5-6ab2-51c8-86ad-43a34fa552d0');
    expect(keyed('jöb', 'http://ironic.example')).toBe('93b7a74e-52dd-5cfd-88ec-2f3e7ad81a7c');
  });

  it('is the same for the same key, and differs in another cloud', () => {
    const { deploymentId, keyed } = identify(request, 'here');
    expect(keyed).toBe(true);
    expect(identify({ ...request, image_id: 'debian-12' }, 'here').deploymentId).toBe(deploymentId);
    expect(identify(request, 'there').deploymentId).not.toBe(deploymentId);
    expect(identify({ ...request, idempotency_key: 'job-2' }, 'here').deploymentId).not.toBe(deploymentId);
  });

  it('is new each time without a key', () => {
    const [first, second] = [identify(unkeyed, 'here'), identify(unkeyed, 'here')];
    expect(first.keyed).toBe(false);
    expect(first.deploymentId).not.toBe(second.deploymentId);
    expect(first.requestDigest).toBe(second.requestDigest);
  });

  it('recognises the entry of the same request, with a key and without', () => {
    for (const one of [request, unkeyed]) {
      expect(isSameRequest(one, entryOf(one))).toBe(true);
      expect(isSameRequest({ ...one, retry_failed: true }, entryOf(one))).toBe(true);
      expect(isSameRequest({ ...one, hostname: 'web-2' }, entryOf(one))).toBe(false);
      expect(isSameRequest({ ...one, server_id: 'bm-1' }, entryOf(one))).toBe(false);
    }
  });

  it('recognises nothing without an entry, or without the salt of its digest', () => {
    expect(isSameRequest(request, null)).toBe(false);
    expect(isSameRequest(unkeyed, entryOf(request))).toBe(false);
    expect(isSameRequest({ ...request, idempotency_key: 'job-2' }, entryOf(request))).toBe(false);
  });

  it('reveals nothing about a config drive, which is left out without a key', () => {
    const withDrive = { ...unkeyed, config_drive: { user_data: 'secret' } };
    expect(entryOf(withDrive).digest).toBe(entryOf(unkeyed).digest);
    expect(isSameRequest(withDrive, entryOf(unkeyed))).toBe(true);
  });

  it('is not proved by an entry that somebody forged without the key', () => {
    const forged = { ...entryOf(unkeyed), salt: 'chosen by the forger' };
    expect(isSameRequest(request, forged)).toBe(false);
  });

  it('writes only a digest of the request to the node, and what the answers name', async () => {
    const { provision, bareMetal } = setup();
    await provision({ ...request, server_id: 'bm-1' });
    expect(Object.keys(bareMetal.servers.get(uuid(1))?.entry ?? {}).sort()).toEqual([
      'digest',
      'hostname',
      'image',
      'started_at',
    ]);
  });

  it('does not depend on the order of members', () => {
    const drive = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(drive, (given) => {
        const reversed = Object.fromEntries(Object.entries(given).reverse());
        const entry = entryOf({ ...request, config_drive: given });
        expect(isSameRequest({ config_drive: reversed, ...request }, entry)).toBe(true);
      }),
    );
  });

  it('depends on every value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const entry = entryOf({ ...request, config_drive: { a: left } });
        const same = isSameRequest({ ...request, config_drive: { a: right } }, entry);
        expect(same).toBe(sorted(left) === sorted(right));
      }),
    );
  });

  it('reveals nothing of the request', () => {
    const secret = 'hunter2-hunter2';
    const entry = entryOf({ ...request, config_drive: { password: secret } });
    expect(JSON.stringify(entry)).not.toContain(secret);
    expect(entry.digest).toMatch(/^[\w-]{43}$/);
  });
});

/** JSON with sorted members, made in another way than the code under test. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${sorted(Reflect.get(value, name))}`).join()}}`;
}

const { deploymentId } = identify(request, 'tests');

/** A server that an earlier call with the same key has reserved. */
function earlier(overrides: Partial<Server> = {}, one = request): Server {
  return freeServer(1, { deploymentId, entry: entryOf(one), provisionState: 'deploying', ...overrides });
}

describe('a request with a key', () => {
  it('takes five requests', async () => {
    const { bareMetal, provision } = setup();
    await expect(provision(request)).resolves.toMatchObject({ status: 'accepted', deployment_id: deploymentId });
    expect(bareMetal.requests).toEqual([
      `findByDeployment ${deploymentId}`,
      'listFree any',
      'reserve bm-1',
      'deploy bm-1',
      'find bm-1',
    ]);
  });

  it('is unique in its scope only', async () => {
    const { provision } = setup({ idempotencyScope: async () => 'elsewhere' });
    const { deployment_id } = await provision(request);
    expect(deployment_id).toBe(identify(request, 'elsewhere').deploymentId);
    expect(deployment_id).not.toBe(deploymentId);
  });

  it('changes nothing while its scope is unknown; without a key the scope is not read', async () => {
    const { failure, provision, bareMetal } = setup({
      idempotencyScope: async () => {
        throw new NoAnswer('Keystone did not answer within 30 s', false);
      },
    });
    expect(await failure(request)).toMatchObject({
      code: 'ironic_unavailable',
      reason: 'Keystone did not answer within 30 s',
    });
    expect(bareMetal.requests).toEqual([]);
    await expect(provision(unkeyed)).resolves.toMatchObject({ status: 'accepted' });
  });

  it('reports the first deployment when it is repeated', async () => {
    const { provision, writes } = setup({ servers: [freeServer(1), freeServer(2)] });
    const first = await provision(request);
    const before = writes().length;
    const second = await provision(request);
    expect(second).toEqual({
      ...first,
      status: 'in_progress',
      message:
        'This request was made before. Server bm-1 (host name web-1) is being deployed. Waiting for Ironic to check the image and the power, and to start the first step.',
    });
    expect(writes()).toHaveLength(before);
  });

  it('reports the end of its deployment when it is repeated after that', async () => {
    const { provision } = setup({ servers: [earlier({ provisionState: 'active' })] });
    await expect(provision(request)).resolves.toMatchObject({
      status: 'completed',
      started_at: '2026-11-22T07:00:00Z',
      message: expect.stringMatching(
        /^This request was made before\. Server bm-1 is deployed with image ubuntu-24\.04/,
      ),
    });
  });

  it('says how to go on when it is repeated after a failure', async () => {
    const { provision, writes } = setup({ servers: [earlier({ provisionState: 'deploy failed' })] });
    await expect(provision(request)).resolves.toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/ says what to try next\.$/),
    });
    expect(writes()).toEqual([]);
  });

  it('is not told to deploy again when it is repeated after a failed undeployment', async () => {
    const { provision } = setup({ servers: [earlier({ provisionState: 'error' }), freeServer(2)] });
    for (const retry_failed of [false, true]) {
      await expect(provision({ ...request, retry_failed })).resolves.toMatchObject({
        status: 'failed',
        message: expect.stringMatching(/until it has been undeployed\.$/),
      });
    }
  });

  it('continues when a call died between its reservation and its start', async () => {
    const { provision, writes } = setup({ servers: [earlier({ provisionState: 'available' }), freeServer(2)] });
    await expect(provision(request)).resolves.toMatchObject({ status: 'accepted', server_id: uuid(1) });
    expect(writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });

  it.each<[string, DeploymentEntry | null, string]>([
    [
      'another request',
      entryOf({ ...request, hostname: 'web-2' }),
      'it was used for image ubuntu-24.04 at 2026-11-22T07:30:00Z, on server bm-1',
    ],
    ['nobody knows what', null, 'it was used for an unknown image, on server bm-1'],
  ])('is refused when the key was used for %s', async (_name, entry, reason) => {
    const { failure, writes } = setup({ servers: [earlier({ entry }), freeServer(2)] });
    expect(await failure(request)).toMatchObject({ code: 'idempotency_conflict', http: 409, reason });
    expect(writes()).toEqual([]);
  });

  it('is refused while its server is in a state that allows no deployment', async () => {
    const { failure, writes } = setup({ servers: [earlier({ provisionState: 'cleaning' }), freeServer(2)] });
    expect(await failure(request)).toMatchObject({ code: 'server_not_available', reason: 'its state is cleaning' });
    expect(writes()).toEqual([]);
  });

  it('leaves the outcome open when the deployment cannot be read', async () => {
    const { failure, writes } = setup({ misbehave: script({ find: [unsent] }) });
    const unknown = await failure(request);
    expect(unknown.code).toBe('outcome_unknown');
    expect(unknown.reason).toContain('Ironic accepted the deployment, but the server could not be read again');
    expect(writes()).not.toContain('release bm-1');
  });

  it('is not accepted when another request wrote to the server in between', async () => {
    const lab: Setup = setup({
      misbehave: ({ method }) =>
        method === 'deploy'
          ? () => lab.bareMetal.set(uuid(1), { entry: entryOf({ ...request, image_id: 'debian-12' }) })
          : undefined,
    });
    expect(await lab.failure(request)).toMatchObject({
      code: 'idempotency_conflict',
      reason:
        'Another request with this key came at the same moment. Server bm-1 was given image debian-12, ' +
        'and the config drive of one of the two requests',
    });
  });

  it('reports the deployment that another call has started on its server', async () => {
    const lab: Setup = setup({
      misbehave: script({
        deploy: [
          (act) => {
            act();
            refused('wrong_state', 'it is in state "deploying"')(act);
          },
        ],
      }),
    });
    await expect(lab.provision(request)).resolves.toMatchObject({
      status: 'in_progress',
      server_id: uuid(1),
      message:
        'Another call with this idempotency_key started the deployment at the same moment, with its own config drive. Server bm-1 (host name web-1) is being deployed. Waiting for Ironic to check the image and the power, and to start the first step.',
    });
    expect(lab.writes()).not.toContain('release bm-1');
  });

  it('leaves its reservation to a repeated call if the start met a lock, because another call may be about to start it', async () => {
    const lab = setup({ misbehave: script({ deploy: Array(8).fill(refused('locked')) }) });
    await expect(lab.provision(request)).rejects.toMatchObject({
      code: 'server_not_available',
      reason: expect.stringContaining('Server bm-1 stays reserved for this idempotency key'),
      retryable: true,
    });
    expect(lab.writes()).not.toContain('release bm-1');
    expect(lab.bareMetal.servers.get(uuid(1))).toMatchObject({ deploymentId, provisionState: 'available' });
    await expect(lab.provision(request)).resolves.toMatchObject({ status: 'accepted', server_id: uuid(1) });
  });

  it('finds the server that another call has reserved meanwhile', async () => {
    const lab: Setup = setup({
      servers: [freeServer(1), freeServer(2)],
      misbehave: script({
        reserve: [
          () => lab.bareMetal.set(uuid(2), { deploymentId, entry: entryOf(request), provisionState: 'deploying' }),
        ],
      }),
    });
    await expect(lab.provision(request)).resolves.toMatchObject({ status: 'in_progress', server_id: uuid(2) });
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  describe('whose server another call has deployed meanwhile', () => {
    const byName = { ...request, server_id: 'bm-1' };
    const failed = (one = request) => earlier({ provisionState: 'deploy failed' }, one);

    it('looks for that deployment again before it reserves, if its choice took long', async () => {
      const lab: Setup = setup({
        between: (bareMetal) => ({
          ...bareMetal,
          async find(...args) {
            const server = await bareMetal.find(...args);
            lab.clock.pass(20_000);
            lab.bareMetal.set(uuid(1), failed(byName));
            return server;
          },
        }),
      });
      await expect(lab.provision(byName)).resolves.toMatchObject({ status: 'failed', server_id: uuid(1) });
      expect(lab.writes()).toEqual([]);
    });

    it.each<[string, Mishap]>([
      ['was lost', lostAnswer],
      ['was late for a lock', refused('locked')],
    ])('reports that deployment if its own reservation %s', async (_, mishap) => {
      const lab: Setup = setup({
        misbehave: script({
          reserve: [
            (act) => {
              lab.bareMetal.set(uuid(1), failed(byName));
              mishap(act);
            },
          ],
        }),
      });
      await expect(lab.provision(byName)).resolves.toMatchObject({ status: 'failed', server_id: uuid(1) });
      expect(lab.writes()).toEqual(['reserve bm-1', 'reserve bm-1']);
    });

    it('reports that deployment if it continued the reservation of an earlier call', async () => {
      const lab: Setup = setup({
        servers: [earlier({ provisionState: 'available' })],
        misbehave: script({ reserve: [() => lab.bareMetal.set(uuid(1), failed())] }),
      });
      await expect(lab.provision(request)).resolves.toMatchObject({ status: 'failed', server_id: uuid(1) });
      expect(lab.writes()).toEqual(['reserve bm-1']);
    });
  });

  it('does not search forever for a server that Ironic does not show', async () => {
    const { failure, writes } = setup({
      misbehave: ({ method }) => (method === 'reserve' ? refused('elsewhere') : undefined),
    });
    expect(await failure(request)).toMatchObject({
      code: 'outcome_unknown',
      reason: `deployment ${deploymentId} is already on a server, but Ironic does not show which`,
    });
    expect(writes().length).toBeLessThan(10);
  });

  it('from many callers at once deploys one server, and all callers get it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 6 }), fc.nat(1_000), async (callers, seed) => {
        const servers = Array.from({ length: 5 }, (_none, index) => freeServer(index + 1));
        const { provision, bareMetal } = setup({ servers, random: seededRandom(seed) });
        const answers = await Promise.all(Array.from({ length: callers }, () => provision(request)));
        expect(new Set(answers.map(({ server_id }) => server_id)).size).toBe(1);
        expect(bareMetal.deployments).toHaveLength(1);
        const reserved = [...bareMetal.servers.values()].filter((server) => server.deploymentId !== null);
        expect(reserved).toHaveLength(1);
      }),
    );
  });

  it('from many callers with different requests deploys one of the requests, and only its caller gets it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), fc.nat(1_000), async (callers, seed) => {
        const servers = Array.from({ length: 5 }, (_none, index) => freeServer(index + 1));
        const { provision, bareMetal } = setup({ servers, random: seededRandom(seed) });
        const answers = await Promise.allSettled(
          Array.from({ length: callers }, (_none, index) => provision({ ...request, hostname: `web-${index}` })),
        );
        for (const answer of answers) {
          if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'idempotency_conflict' });
        }
        const heard = answers.flatMap((answer, index) => (answer.status === 'fulfilled' ? [index] : []));
        expect(heard.length).toBeLessThanOrEqual(1);
        expect(bareMetal.deployments).toHaveLength(1);
        const [deployed] = [...bareMetal.servers.values()].filter((server) => server.deploymentId !== null);
        for (const index of heard) {
          expect(isSameRequest({ ...request, hostname: `web-${index}` }, deployed?.entry ?? null)).toBe(true);
        }
      }),
    );
  });
});

describe('a reservation without a key that arrives late', () => {
  it('is used instead of a second server', async () => {
    let arrive: () => void = () => undefined;
    const late: Mishap = (act) => {
      arrive = act;
      throw new NoAnswer('Ironic did not answer within 30 s', true);
    };
    const { provision, bareMetal } = setup({
      servers: [freeServer(1), freeServer(2)],
      misbehave: script({ reserve: [late, refused('busy'), () => arrive()] }),
    });
    await expect(provision(unkeyed)).resolves.toMatchObject({ status: 'accepted', server_id: uuid(1) });
    expect(bareMetal.servers.get(uuid(2))?.deploymentId).toBeNull();
    expect(bareMetal.deployments).toHaveLength(1);
  });
});

describe('retrying a failed deployment', () => {
  const failed = (overrides: Partial<Server> = {}) =>
    earlier({ provisionState: 'deploy failed', lastError: 'no luck', ...overrides });

  it('by its key deploys it again in place', async () => {
    const { provision, writes, bareMetal } = setup({ servers: [failed(), freeServer(2)] });
    await expect(provision({ ...request, retry_failed: true })).resolves.toMatchObject({
      status: 'accepted',
      server_id: uuid(1),
      deployment_id: deploymentId,
      started_at: '2026-11-22T08:00:00Z',
      message: expect.stringContaining('on server bm-1 (host name web-1) has started again.'),
    });
    expect(writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
    expect(bareMetal.servers.get(uuid(1))?.provisionState).toBe('deploying');
  });

  it('makes the next status read Ironic again, even while an older read is under way', async () => {
    const slow = new AbortController();
    const pending = [once(slow.signal, 'abort')];
    const { provision, service } = setup({
      servers: [failed()],
      between: (bareMetal) => ({
        ...bareMetal,
        find: async (...asked) => {
          const held = pending.shift();
          const found = await bareMetal.find(...asked);
          await held;
          return found;
        },
      }),
    });
    const status = () => service.status({ operation_id: uuid(1), wait_seconds: 0 }, new AbortController().signal);
    const before = status();
    await provision({ ...request, retry_failed: true });
    const after = status();
    slow.abort();
    expect((await before).status).toBe('failed');
    expect((await after).status).toBe('in_progress');
  });

  it('by its server deploys it again under its own id', async () => {
    const one = { ...unkeyed, server_id: 'bm-1' };
    const { provision, writes } = setup({ servers: [failed({ deploymentId: uuid(9), entry: entryOf(one) })] });
    await expect(provision({ ...one, retry_failed: true })).resolves.toMatchObject({
      status: 'accepted',
      deployment_id: uuid(9),
    });
    expect(writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });

  it.each([
    ['its server had been chosen', unkeyed, 'bm-1'],
    ['its server had been chosen, and is now named by its id', unkeyed, uuid(1)],
    ['its server was named by its name then', { ...unkeyed, server_id: 'bm-1' }, uuid(1)],
    ['its server was named by its id then', { ...unkeyed, server_id: uuid(1) }, 'bm-1'],
  ])('by its server deploys it again when %s', async (_, first, server_id) => {
    const { provision, writes } = setup({ servers: [failed({ deploymentId: uuid(9), entry: entryOf(first) })] });
    const again = { ...unkeyed, server_id, retry_failed: true };
    await expect(provision(again)).resolves.toMatchObject({ status: 'accepted', deployment_id: uuid(9) });
    expect(writes()).toHaveLength(2);
  });

  it('by a server is refused if the failed request named another server', async () => {
    const entry = entryOf({ ...unkeyed, server_id: 'bm-2' });
    const { failure, writes } = setup({ servers: [failed({ deploymentId: uuid(9), entry })] });
    const refusal = await failure({ ...unkeyed, server_id: 'bm-1', retry_failed: true });
    expect(refusal).toMatchObject({
      code: 'server_not_available',
      hint: expect.stringContaining('the same arguments'),
    });
    expect(writes()).toEqual([]);
  });

  it.each<[string, Partial<Server>, string]>([
    [
      'was another request',
      { entry: entryOf({ ...unkeyed, image_id: 'debian-12' }) },
      'this is not the request that failed there: its state is deploy failed; it was given image debian-12 at ',
    ],
    ['is not ours', { entry: null }, 'its state is deploy failed'],
    ['has not failed', { provisionState: 'active' }, 'its state is active'],
  ])('by its server is refused when the deployment there %s', async (_name, overrides, reason) => {
    const { failure, writes } = setup({ servers: [failed(overrides)] });
    const refusal = await failure({ ...unkeyed, server_id: 'bm-1', retry_failed: true });
    expect(refusal.code).toBe('server_not_available');
    expect(refusal.reason).toContain(reason);
    expect(writes()).toEqual([]);
  });

  it('is refused without a server or a key', async () => {
    expect(await setup().failure({ ...unkeyed, retry_failed: true })).toMatchObject({
      code: 'invalid_request',
      reason: 'retry_failed: needs the server_id or the idempotency_key of the failed deployment',
    });
  });

  it('is an ordinary request if no deployment has failed', async () => {
    await expect(setup().provision({ ...request, retry_failed: true })).resolves.toMatchObject({ status: 'accepted' });
    const byServer = { ...unkeyed, server_id: 'bm-1', retry_failed: true };
    await expect(setup().provision(byServer)).resolves.toMatchObject({ status: 'accepted' });
  });

  it('leaves the server unchanged if Ironic refuses it', async () => {
    const { failure, writes, bareMetal } = setup({
      servers: [failed()],
      misbehave: script({ deploy: [refused('invalid', 'no checksum')] }),
    });
    expect(await failure({ ...request, retry_failed: true })).toMatchObject({ code: 'deploy_refused' });
    expect(writes()).not.toContain('release bm-1');
    expect(bareMetal.servers.get(uuid(1))).toMatchObject({ deploymentId, provisionState: 'deploy failed' });
  });

  describe.each(['available', 'clean failed'])('of a server that has been undeployed meanwhile and is %s', (state) => {
    /** Right before its first reservation arrives. */
    const undeployed = (mishaps: Parameters<typeof script>[0], mishap?: Mishap) => {
      const reserve: Mishap = (act) => {
        lab.bareMetal.set(uuid(1), { provisionState: state, deploymentId: null, entry: null, attemptId: null });
        mishap?.(act);
      };
      const lab: Setup = setup({
        servers: [failed()],
        misbehave: script({ ...mishaps, reserve: [reserve, ...(mishaps.reserve ?? [])] }),
      });
      return lab;
    };
    const again = { ...request, retry_failed: true };

    it('reserves nothing', async () => {
      const { failure, writes, bareMetal } = undeployed({});
      expect(await failure(again)).toMatchObject({
        code: 'server_not_available',
        reason: `the failed deployment is gone: its state is ${state}`,
        deployment: null,
      });
      expect(writes()).toEqual(['reserve bm-1', 'release bm-1']);
      expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
    });

    it('reserves nothing when the answer that would have shown it is lost', async () => {
      const { failure, bareMetal } = undeployed({ reserve: [refused('forbidden')] }, lostAnswer);
      expect(await failure(again)).toMatchObject({ code: 'deploy_refused' });
      expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
    });

    it.each<[string, Parameters<typeof script>[0], string]>([
      ['released', { release: always(unsent) }, 'is still'],
      ['read', { find: always(unsent) }, 'may still be'],
    ])('says that the server is reserved when it can no longer be %s', async (_, mishaps, stands) => {
      const { failure, bareMetal } = undeployed(mishaps);
      const { reason, deployment } = await failure(again);
      expect(reason).toContain(`Server bm-1 ${stands} reserved as deployment ${deploymentId}`);
      expect(deployment).toEqual({ operationId: uuid(1), deploymentId });
      expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBe(deploymentId);
    });
  });

  it('leaves the server to its undeployment if Ironic refuses it', async () => {
    const lab = setup({
      servers: [failed()],
      misbehave: script({
        deploy: [
          (act) => {
            lab.bareMetal.set(uuid(1), { provisionState: 'deleting' });
            act();
          },
        ],
      }),
    });
    expect(await lab.failure({ ...request, retry_failed: true })).toMatchObject({
      code: 'server_not_available',
      reason: 'Ironic says: "it is in state \'deleting\'"',
    });
    expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });

  it('counts after a lost answer if Ironic has started again', async () => {
    const options: SetupOptions = { servers: [failed()], misbehave: script({ deploy: [lostAnswer] }) };
    await expect(setup(options).provision({ ...request, retry_failed: true })).resolves.toMatchObject({
      status: 'accepted',
    });
  });

  it('counts after a lost answer even if it has failed again', async () => {
    const lab: Setup = setup({
      servers: [failed()],
      misbehave: script({
        deploy: [
          (act) => {
            act();
            lab.bareMetal.set(uuid(1), { provisionState: 'deploy failed' });
            throw new NoAnswer('gone', true);
          },
        ],
      }),
    });
    await expect(lab.provision({ ...request, retry_failed: true })).resolves.toMatchObject({ status: 'accepted' });
    expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });
});
