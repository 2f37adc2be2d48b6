import { describe, expect, it } from 'vitest';
import type { ConfigDrive } from '../../../src/core/image.js';
import { op } from '../../../src/core/names.js';
import type { PolicySettings } from '../../../src/core/policy.js';
import { NoAnswer } from '../../../src/core/ports.js';
import type { ProvisionRequest } from '../../../src/core/requests.js';
import type { Server } from '../../../src/core/server.js';
import { meaningOf } from '../../../src/core/states.js';
import {
  always,
  freeServer,
  lostAnswer,
  lostRequest,
  type Mishap,
  refused,
  script,
  unsent,
  uuid,
} from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';
import { image, seededRandom, setup } from '../setup.js';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKey';
const byId = { server_id: 'bm-1' };
const stillReserved = /Server bm-\d is still reserved as deployment [-0-9a-f]{36}, because it could not be released/;

/** This many free servers, `bm-1` and so on. */
function servers(count: number, overrides: Partial<Server> = {}): Server[] {
  return Array.from({ length: count }, (_, index) => freeServer(index + 1, overrides));
}

describe('provisioning a named server', () => {
  it('takes three requests and answers at once', async () => {
    const { bareMetal, provision } = setup();
    const response = await provision({ ...byId, ssh_public_keys: [key] });
    const [deploymentId] = bareMetal.deploymentIds;
    expect(bareMetal.requests).toEqual(['find bm-1', 'reserve bm-1', 'deploy bm-1']);
    expect(response).toEqual({
      operation_id: uuid(1),
      server_id: uuid(1),
      server_name: 'bm-1',
      status: 'accepted',
      message: `Deployment of image ubuntu-24.04 on server bm-1 has started. Follow it with ${op('status')}.`,
      started_at: '2026-11-22T08:00:00Z',
      deployment_id: deploymentId,
      hostname: null,
      image_name: 'ubuntu-24.04',
      addresses: [],
    });
  });

  it('accepts its UUID as well as its name', async () => {
    const { provision } = setup();
    await expect(provision({ server_id: uuid(1) })).resolves.toMatchObject({ server_id: uuid(1) });
  });

  it('tells Ironic what to deploy and leaves our entry on the node', async () => {
    const { bareMetal, provision } = setup();
    await provision(byId);
    expect(bareMetal.servers.get(uuid(1))).toMatchObject({
      provisionState: 'deploying',
      imageSource: uuid(700),
      entry: { started_at: '2026-11-22T08:00:00Z', image: 'ubuntu-24.04', digest: expect.any(String) },
    });
  });

  it.each<[object, string | null]>([
    [{ hostname: 'web-1.test' }, 'web-1.test'],
    [{ config_drive: { meta_data: { 'local-hostname': 'web-2' } } }, 'web-2'],
    [{ config_drive: { meta_data: { hostname: 'not a name' } } }, null],
  ])('keeps the host name on the node and names it: %j', async (given, hostname) => {
    const { bareMetal, provision } = setup();
    expect(await provision({ ...byId, ...given })).toMatchObject({ hostname, image_name: 'ubuntu-24.04' });
    expect(bareMetal.servers.get(uuid(1))?.entry?.hostname ?? null).toBe(hostname);
  });

  it.each<[object, string | undefined]>([
    [{}, undefined],
    [
      { ssh_public_keys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFCqRHKTV+pdeHNPGKgsBlpmPvXqQpeV+7Zpvdc7mKjQ'] },
      'ubuntu',
    ],
    [{ config_drive: { packages: ['nginx'] } }, 'ubuntu'],
    [{ config_drive: { users: [{ name: 'deploy' }] } }, 'deploy'],
    [{ config_drive: { users: [{ name: 'deploy' }], user: 'admin' } }, 'deploy'],
    [{ config_drive: { users: ['default', { name: 'deploy' }] } }, undefined],
    [{ config_drive: { users: [{ name: 'de ploy' }] } }, undefined],
    [{ config_drive: { users: [{ name: 'deploy' }], system_info: {} } }, undefined],
    [{ config_drive: { user_data: '#cloud-config\nuser: {name: deploy}\n' } }, undefined],
  ])(
    "keeps on the node whom to log in as, the only user that the user data makes or the image's: %j",
    async (given, user) => {
      const { bareMetal, provision } = setup();
      await provision({ ...byId, ...given });
      expect(bareMetal.servers.get(uuid(1))?.entry?.login_user).toBe(user);
    },
  );

  it('names the image, not the id by which the caller chose it', async () => {
    expect(await setup().provision({ ...byId, image_id: uuid(700) })).toMatchObject({ image_name: 'ubuntu-24.04' });
  });

  it('hands the config drive to the deployment', async () => {
    const { bareMetal, provision } = setup();
    await provision({ ...byId, hostname: 'web-1', config_drive: { packages: ['nginx'] } });
    const drive: ConfigDrive = {
      meta_data: { hostname: 'web-1' },
      user_data: '#cloud-config\n{"packages":["nginx"]}\n',
    };
    expect(bareMetal.deployments.map(({ configDrive }) => configDrive)).toEqual([drive]);
  });

  it('warns when nobody may be able to log in', async () => {
    const { message } = await setup().provision(byId);
    expect(message).toMatch(
      /Nobody may be able to log in, because the request has neither ssh_public_keys nor user data\.$/,
    );
  });

  it('gives each deployment an id of its own', async () => {
    const { provision, bareMetal } = setup({ servers: servers(2) });
    await provision({ server_id: 'bm-1' });
    await provision({ server_id: 'bm-2' });
    expect(bareMetal.deploymentIds.size).toBe(2);
  });

  it('fails when there is no such server', async () => {
    const { failure, bareMetal } = setup();
    expect(await failure({ server_id: 'nosuch' })).toMatchObject({
      code: 'server_not_found',
      message: 'Server nosuch not found',
    });
    expect(bareMetal.requests).toEqual(['find nosuch', 'list from the start']);
  });

  it.each<[string, Partial<Server>, string]>([
    ['in another state', { provisionState: 'manageable' }, 'its state is manageable'],
    ['reserved', { deploymentId: uuid(9) }, `it is reserved as deployment ${uuid(9)}`],
    ['in maintenance', { maintenance: true }, 'it is in maintenance'],
    ['retired', { retired: true }, 'it is retired'],
    ['one of Metal3', { name: 'bm~1' }, 'it belongs to Metal3, because its name contains "~"'],
    [
      'deployed by us',
      {
        provisionState: 'active',
        deploymentId: uuid(9),
        entry: { started_at: '2026-11-22T07:00:00.5Z', image: 'debian-12', digest: 'd' },
      },
      'its state is active; it was given image debian-12 at 2026-11-22T07:00:00Z',
    ],
  ])('fails when it is %s', async (_, overrides, reason) => {
    const { failure, writes } = setup({ servers: [freeServer(1, overrides)] });
    expect(await failure({ server_id: uuid(1) })).toMatchObject({
      code: 'server_not_available',
      message: `Server ${uuid(1)} is not available for provisioning`,
      reason,
    });
    expect(writes()).toEqual([]);
  });

  it('fails when it is of another class than the requested one', async () => {
    const { failure } = setup();
    expect(await failure({ ...byId, resource_class: 'gpu' })).toMatchObject({
      code: 'server_not_available',
      reason: 'its resource class is baremetal.small',
      hint: 'Name another server, or leave out server_id to deploy on any free one. To deploy on this one, leave out the resource_class, traits, conductor_group or networks that it does not have.',
      retryable: false,
    });
    const nameless = setup({ servers: [freeServer(1, { resourceClass: null })] });
    expect((await nameless.failure({ ...byId, resource_class: 'gpu' })).reason).toBe('its resource class is not set');
  });

  it.each<[string, Partial<Server>]>([
    ['leased to a project', { lessee: 'project' }],
    ['without a power state', { powerState: null }],
    ['locked at the moment', { lockedBy: 'conductor-1' }],
  ])('works when it is %s, because the caller named it', async (_, overrides) => {
    const { provision } = setup({ servers: [freeServer(1, overrides)] });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
  });

  it('fails without a change when there is no such image', async () => {
    const { failure, writes } = setup();
    expect(await failure({ ...byId, image_id: 'nosuch' })).toMatchObject({
      code: 'image_not_found',
      message: 'Image nosuch not found',
    });
    expect(await failure({ ...byId, image_id: 'queued' })).toMatchObject({ code: 'image_not_deployable' });
    expect(writes()).toEqual([]);
  });

  it.each<[string, string, PolicySettings, string | null]>([
    ['suggests the intended image', 'debain-12', {}, 'Did you mean debian-12?'],
    ['suggests no image that the policy hides', 'debain-12', { images: ['ubuntu-*'] }, null],
    ['suggests no image that cannot be deployed', 'debain-11', {}, null],
    ['suggests nothing for a text that could be a secret', 'u:debian-12', {}, null],
  ])('%s', async (_, image_id, policy, reason) => {
    const offered = (name: string, obstacle: string | null) => ({
      ...image({ id: name, name }),
      ...{ sizeBytes: null, format: null, obstacle, caveat: null },
    });
    const offers = [offered('debian-12', null), offered('debian-11-old', 'its status is queued')];
    const { failure } = setup({ policy, list: async () => ({ images: offers, complete: true, anyUrl: false }) });
    expect(await failure({ image_id })).toMatchObject({ code: 'image_not_found', reason });
  });

  it('keeps its failure when the names to suggest cannot be read', async () => {
    const { failure } = setup({
      list: () => Promise.reject(new NoAnswer('gone', false)),
      misbehave: script({ list: [unsent] }),
    });
    expect(await failure({ image_id: 'debain-12' })).toMatchObject({ code: 'image_not_found', reason: null });
    expect(await failure({ server_id: 'bm-11' })).toMatchObject({ code: 'server_not_found', reason: null });
  });

  it('reads no names when nothing is misspelt', async () => {
    const list = () => Promise.reject(new Error('nobody asks'));
    const { provision, bareMetal } = setup({ list });
    await provision({ server_id: 'bm-1' });
    expect(bareMetal.requests.filter((each) => each.startsWith('list '))).toEqual([]);
  });

  it('reports the image first when image and server are both wrong', async () => {
    expect(await setup().failure({ server_id: 'nosuch', image_id: 'nosuch' })).toMatchObject({
      code: 'image_not_found',
    });
  });

  it('sends no request to Ironic when the config drive is wrong', async () => {
    const { failure, bareMetal } = setup();
    expect(await failure({ ...byId, config_drive: { user_data: 7 } })).toMatchObject({ code: 'invalid_request' });
    expect(bareMetal.requests).toEqual([]);
  });

  it('fails without a change when the image does not fit the server', async () => {
    const { failure, writes } = setup();
    expect(await failure({ ...byId, image_id: 'huge' })).toMatchObject({ code: 'image_not_deployable' });
    expect(writes()).toEqual([]);
  });

  it('waits while the server is locked', async () => {
    const { provision, writes, clock } = setup({
      misbehave: script({ reserve: [refused('locked'), refused('locked')] }),
    });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(writes()).toEqual(['reserve bm-1', 'reserve bm-1', 'reserve bm-1', 'deploy bm-1']);
    expect(clock.sleeps).toEqual([150, 300]);
  });

  it('does not wait forever while the server is locked', async () => {
    const { failure, writes } = setup({ misbehave: script({ reserve: always(refused('locked', 'Node is locked')) }) });
    expect(await failure(byId)).toMatchObject({
      code: 'server_not_available',
      message: 'Server bm-1 is not available for provisioning',
      reason: 'Ironic says: "Node is locked"',
      retryable: true,
    });
    expect(writes()).toEqual(Array(8).fill('reserve bm-1'));
  });

  it.each<[Mishap, string, boolean]>([
    [refused('taken'), 'server_not_available', false],
    [refused('wrong_state'), 'server_not_available', false],
    [refused('busy'), 'server_not_available', true],
    [refused('invalid'), 'deploy_refused', false],
    [refused('forbidden'), 'deploy_refused', false],
    [refused('not_found'), 'server_not_found', false],
    [refused('too_old'), 'ironic_too_old', false],
  ])('fails when Ironic refuses the reservation (%#)', async (mishap, code, retryable) => {
    const { failure, writes } = setup({ misbehave: script({ reserve: [mishap] }) });
    expect(await failure(byId)).toMatchObject({ code, retryable, id: 'bm-1' });
    expect(writes()).toEqual(['reserve bm-1']);
  });
});

describe('provisioning as a user without rights', () => {
  it('is refused with a hint that the account may lack the right', async () => {
    const { failure } = setup({ misbehave: script({ reserve: [refused('forbidden', 'disallowed by policy')] }) });
    expect(await failure({ server_id: 'bm-1' })).toMatchObject({
      code: 'deploy_refused',
      reason: 'Ironic says: "disallowed by policy"',
      hint: expect.stringMatching(
        /^Choose another server\. This one may be protected, or this account may lack the right to deploy it;/,
      ),
    });
  });

  it('of a server that Ironic hides says that the account may lack the right to see it', async () => {
    expect((await setup({ servers: [] }).failure({ server_id: 'bm-1' })).hint).toContain(
      'this account may lack the right to see it',
    );
  });
});

describe('provisioning a server with traits', () => {
  const gpu = (number: number) => freeServer(number, { traits: ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'] });
  const wish = { traits: ['CUSTOM_GPU'] };

  it('chooses one that has them all, and sends them to Ironic so that their deploy templates run', async () => {
    const { provision, bareMetal } = setup({ servers: [freeServer(1), gpu(2)] });
    await expect(provision(wish)).resolves.toMatchObject({ server_id: uuid(2) });
    expect(bareMetal.instanceInfo(uuid(2))).toMatchObject({ traits: ['CUSTOM_GPU'] });
  });

  it('sends no traits to Ironic if none are requested', async () => {
    const { provision, bareMetal } = setup({ servers: [gpu(1)] });
    await provision();
    expect(bareMetal.instanceInfo(uuid(1))).not.toHaveProperty('traits');
  });

  it('is refused before the reservation if the named server lacks one', async () => {
    const { failure, writes } = setup({ servers: [gpu(1)] });
    expect(await failure({ server_id: 'bm-1', traits: ['CUSTOM_GPU', 'CUSTOM_NVME'] })).toMatchObject({
      code: 'server_not_available',
      message: 'Server bm-1 is not available for provisioning',
      reason: 'it does not have the trait CUSTOM_NVME',
    });
    expect(writes()).toEqual([]);
  });

  it('is a different request from one without them', async () => {
    const { provision, failure } = setup({ servers: [gpu(1), gpu(2)] });
    await provision({ ...wish, idempotency_key: 'k' });
    expect(await failure({ idempotency_key: 'k' })).toMatchObject({ code: 'idempotency_conflict' });
    await expect(provision({ ...wish, idempotency_key: 'k' })).resolves.toMatchObject({ status: 'in_progress' });
  });
});

describe('provisioning a server of a conductor group', () => {
  it('chooses a server of that group', async () => {
    const { provision } = setup({ servers: [freeServer(1), freeServer(2, { conductorGroup: 'rack-2' })] });
    await expect(provision({ conductor_group: 'rack-2' })).resolves.toMatchObject({ server_id: uuid(2) });
  });

  it('is refused if the named server is in another group', async () => {
    const { failure } = setup({ servers: [freeServer(1), freeServer(2, { conductorGroup: 'rack-2' })] });
    expect((await failure({ server_id: 'bm-1', conductor_group: 'rack-1' })).reason).toBe(
      'its conductor group is the default one',
    );
    expect((await failure({ server_id: 'bm-2', conductor_group: 'rack-1' })).reason).toBe(
      'its conductor group is rack-2',
    );
  });
});

describe('provisioning any server of a class', () => {
  const ofClass = { resource_class: 'baremetal.small' };

  it('takes three requests', async () => {
    const { bareMetal, provision } = setup();
    await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(1), status: 'accepted' });
    expect(bareMetal.requests).toEqual(['listFree baremetal.small', 'reserve bm-1', 'deploy bm-1']);
  });

  it('needs no criterion at all', async () => {
    const { bareMetal, provision } = setup();
    await provision();
    expect(bareMetal.requests[0]).toBe('listFree any');
  });

  it('fails when none is free, and says how many servers each criterion left', async () => {
    const { failure, bareMetal } = setup({
      servers: [freeServer(1, { maintenance: true }), freeServer(2, { resourceClass: 'gpu' })],
    });
    expect(await failure(ofClass)).toMatchObject({
      code: 'no_available_servers',
      message: 'No available servers matching criteria',
      reason: 'servers of class baremetal.small: 1, available: 1, not in maintenance: 0; free in other classes: gpu 1',
      retryable: true,
    });
    expect(bareMetal.requests).toEqual(['listFree baremetal.small', 'list baremetal.small', 'listFree any']);
  });

  it('reads no explanation when it succeeds', async () => {
    const { provision, bareMetal } = setup({ servers: servers(3) });
    await provision(ofClass);
    expect(bareMetal.requests.map((request) => request.split(' ')[0])).toEqual(['listFree', 'reserve', 'deploy']);
  });

  it('tries the next server when one has been taken', async () => {
    const { provision, writes } = setup({ servers: servers(3), misbehave: script({ reserve: [refused('taken')] }) });
    await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(2) });
    expect(writes()).toEqual(['reserve bm-1', 'reserve bm-2', 'deploy bm-2']);
  });

  it('tries another server before it waits for a locked one', async () => {
    const { provision, writes, clock } = setup({
      servers: servers(2),
      misbehave: script({ reserve: [refused('locked')] }),
    });
    await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(2) });
    expect(writes()).toEqual(['reserve bm-1', 'reserve bm-2', 'deploy bm-2']);
    expect(clock.sleeps).toEqual([]);
  });

  it('comes back to a server that was locked', async () => {
    const { bareMetal, provision } = setup({ misbehave: script({ reserve: [refused('locked'), refused('busy')] }) });
    await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(1) });
    const list = 'listFree baremetal.small';
    expect(bareMetal.requests).toEqual([
      list,
      'reserve bm-1',
      list,
      'reserve bm-1',
      list,
      'reserve bm-1',
      'deploy bm-1',
    ]);
  });

  it('never comes back to a server that has been taken', async () => {
    const { failure, writes } = setup({
      servers: servers(2),
      misbehave: script({ reserve: always(refused('taken')) }),
    });
    expect(await failure(ofClass)).toMatchObject({ code: 'no_available_servers' });
    expect(writes()).toEqual(['reserve bm-1', 'reserve bm-2']);
  });

  it('stops choosing when half of its time is over', async () => {
    const { failure, clock, bareMetal } = setup({ misbehave: script({ reserve: always(refused('locked')) }) });
    expect(await failure(ofClass)).toMatchObject({
      code: 'no_available_servers',
      reason: 'in 30 s every free server that was tried was busy or taken by others',
      retryable: true,
    });
    expect(clock.now() - start).toBeGreaterThanOrEqual(30_000);
    expect(clock.now() - start).toBeLessThan(40_000);
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it.each<[string, Partial<Server>, Partial<ProvisionRequest>, object]>([
    [
      'has no Neutron port',
      { networkInterface: 'neutron' },
      {},
      { code: 'deploy_refused', reason: expect.stringContaining('names no network') },
    ],
    [
      'is too small for the image',
      {},
      { image_id: 'huge' },
      { code: 'image_not_deployable', message: 'Image huge cannot be deployed' },
    ],
  ])('stops choosing then as well when each of 600 %s', async (_, overrides, request, expected) => {
    const lab = setup({
      servers: servers(600, overrides),
      misbehave:
        ({ method }) =>
        () =>
          lab.clock.pass(method === 'cards' ? 300 : 1_000),
    });
    const given = await lab.failure({ ...ofClass, ...request });
    expect(given).toMatchObject({
      ...expected,
      hint: 'Call list_servers to find a suitable server, and name it in server_id.',
    });
    expect(given.reason).toMatch(/; in 30 s no other suitable server was found$/);
    expect(lab.clock.now() - start).toBeLessThan(40_000);
    expect(lab.writes()).toEqual([]);
  });

  it('tries unlocked servers first', async () => {
    const locked = servers(30, { lockedBy: 'conductor-1' });
    for (const seed of [1, 2, 3, 4, 5]) {
      const { provision } = setup({ servers: [...locked, freeServer(31)], random: seededRandom(seed) });
      await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(31) });
    }
  });

  it('spreads many callers over a list of 80', async () => {
    const random = seededRandom(7);
    const { provision } = setup({ servers: servers(80), random });
    const chosen = new Set<string>();
    for (let call = 0; call < 40; call += 1) chosen.add((await provision(ofClass)).server_id);
    expect(chosen.size).toBe(40);
    const firstTen = servers(10).map(({ id }) => id);
    expect([...chosen].filter((id) => firstTen.includes(id)).length).toBeLessThan(10);
  });

  it('reads a new list after ten failed tries', async () => {
    const reserve = [...Array<Mishap>(10).fill(refused('taken'))];
    const { bareMetal, provision } = setup({ servers: servers(12), misbehave: script({ reserve }) });
    await expect(provision(ofClass)).resolves.toMatchObject({ server_id: uuid(11) });
    expect(bareMetal.requests.filter((request) => request.startsWith('listFree'))).toHaveLength(2);
  });

  it.each<[string, Partial<Server>]>([
    ['leased', { lessee: 'project', tenancy: 'others' }],
    ['owned by another project', { tenancy: 'others' }],
    ['retired', { retired: true }],
    ['without a power state', { powerState: null }],
    ["named in Metal3's way", { name: 'metal3~bm-1' }],
  ])('never takes a server that is %s', async (_, overrides) => {
    const { provision } = setup({ servers: [freeServer(1, overrides), freeServer(2)] });
    await expect(provision()).resolves.toMatchObject({ server_id: uuid(2) });
    expect(await setup({ servers: [freeServer(1, overrides)] }).failure()).toMatchObject({
      code: 'no_available_servers',
    });
  });

  it('never takes a server that the image does not fit', async () => {
    const small = freeServer(1, { diskGb: 100 });
    const { provision, writes } = setup({ servers: [small, freeServer(2, { diskGb: 500 })] });
    await expect(provision({ image_id: 'huge' })).resolves.toMatchObject({ server_id: uuid(2) });
    expect(writes()).toEqual(['reserve bm-2', 'deploy bm-2']);
    expect(await setup({ servers: [small] }).failure({ image_id: 'huge' })).toMatchObject({
      code: 'image_not_deployable',
      message: 'Image huge cannot be deployed',
      reason: 'it needs a disk of 500 GB, and the server has 100 GB',
    });
  });

  it('treats the request as wrong after three servers have refused it', async () => {
    const { bareMetal, failure, writes } = setup({
      servers: servers(5),
      misbehave: script({ deploy: always(refused('invalid', 'image_checksum must be provided')) }),
    });
    expect(await failure(ofClass)).toMatchObject({
      code: 'deploy_refused',
      reason: 'Ironic says: "image_checksum must be provided"',
    });
    expect(writes().filter((request) => request.startsWith('deploy'))).toHaveLength(3);
    for (const server of bareMetal.servers.values()) expect(server.deploymentId).toBeNull();
  });

  it("gives Ironic's reason when all free servers have refused the request", async () => {
    const { failure, bareMetal } = setup({ misbehave: script({ deploy: always(refused('invalid', 'no checksum')) }) });
    expect(await failure(ofClass)).toMatchObject({
      code: 'deploy_refused',
      message: `Ironic refused to deploy server ${uuid(1)}`,
      reason: 'Ironic says: "no checksum"',
    });
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('says that no server is free when the image does not fit some and the others were taken', async () => {
    const { failure } = setup({
      servers: [freeServer(1, { diskGb: 100 }), freeServer(2, { diskGb: 500 })],
      misbehave: script({ reserve: [refused('taken')] }),
    });
    expect(await failure({ image_id: 'huge' })).toMatchObject({ code: 'no_available_servers', retryable: true });
  });

  it('says that no server is free when some were taken', async () => {
    const { failure } = setup({
      servers: servers(2),
      misbehave: script({ reserve: [refused('taken')], deploy: [refused('invalid')] }),
    });
    expect(await failure(ofClass)).toMatchObject({ code: 'no_available_servers' });
  });

  it('stops at once when Ironic is too old', async () => {
    const { failure, writes } = setup({ servers: servers(3), misbehave: script({ reserve: [refused('too_old')] }) });
    expect(await failure(ofClass)).toMatchObject({ code: 'ironic_too_old' });
    expect(writes()).toEqual(['reserve bm-1']);
  });

  it('stops when Ironic cannot be reached any more', async () => {
    const { failure, bareMetal } = setup({ servers: servers(3), misbehave: script({ deploy: always(unsent) }) });
    expect(await failure(ofClass)).toMatchObject({ code: 'ironic_unavailable', retryable: true });
    for (const server of bareMetal.servers.values()) expect(server.deploymentId).toBeNull();
  });

  it('fails when Ironic gives no answer for the list', async () => {
    const { failure } = setup({ misbehave: script({ listFree: [unsent] }) });
    expect(await failure(ofClass)).toMatchObject({
      code: 'ironic_unavailable',
      message: 'Failed to communicate with Ironic',
      reason: 'Ironic cannot be reached (ECONNREFUSED)',
    });
  });
});

describe('the answer to a reservation', () => {
  const changedBy = (overrides: Partial<Server>) => {
    const lab = setup({
      misbehave: ({ method }) => {
        if (method === 'reserve') return () => lab.bareMetal.set(uuid(1), overrides);
        return undefined;
      },
    });
    return lab;
  };

  it.each<[string, Partial<Server>, string]>([
    ['maintenance', { maintenance: true }, 'it is in maintenance'],
    ['another state', { provisionState: 'manageable' }, 'its state is manageable'],
    ['retirement', { retired: true }, 'it is retired'],
  ])('is checked: after %s the reservation is undone', async (_, overrides, reason) => {
    const { failure, writes, bareMetal } = changedBy(overrides);
    expect(await failure(byId)).toMatchObject({ code: 'server_not_available', reason, retryable: false });
    expect(writes()).toEqual(['reserve bm-1', 'release bm-1']);
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('is checked: a server that shows another deployment is left alone', async () => {
    const { failure, writes } = setup({
      between: (bareMetal) => ({
        ...bareMetal,
        async reserve(...args) {
          const server = await bareMetal.reserve(...args);
          return { ...server, deploymentId: uuid(99) };
        },
      }),
    });
    expect(await failure(byId)).toMatchObject({
      code: 'server_not_available',
      reason: 'somebody else has reserved it',
    });
    expect(writes()).not.toContain('deploy bm-1');
  });

  describe.each(['active', 'deploy failed', 'rescue', 'quantum'])(
    'shows that somebody has made the server "%s" by hand: it',
    (provisionState) => {
      /** Somebody deploys on bm-1 without a deployment id, right before it is reserved. */
      const deployedByHand = (mishap?: Mishap) => {
        const lab = setup({
          servers: servers(2),
          misbehave: ({ method, about }) => {
            if (method !== 'reserve' || about !== uuid(1) || lab.writes().length > 1) return undefined;
            return (act) => {
              lab.bareMetal.set(uuid(1), { provisionState });
              mishap?.(act);
            };
          },
        });
        return lab;
      };
      const asItWas = { provisionState, deploymentId: null, entry: null, attemptId: null };

      it('stays theirs when the caller named it', async () => {
        const { failure, writes, bareMetal } = deployedByHand();
        expect(await failure(byId)).toMatchObject({
          code: 'server_not_available',
          reason: `its state is ${provisionState}`,
          deployment: null,
        });
        expect(writes()).toEqual(['reserve bm-1', 'release bm-1']);
        expect(bareMetal.servers.get(uuid(1))).toMatchObject(asItWas);
      });

      it('stays theirs, and we choose another server', async () => {
        const { provision, bareMetal } = deployedByHand();
        await expect(provision()).resolves.toMatchObject({ status: 'accepted', server_id: uuid(2) });
        expect(bareMetal.servers.get(uuid(1))).toMatchObject(asItWas);
      });

      // Its reservation would look the same from here, and its deployment must not be taken apart.
      it('counts as the work of another call with the same key, if there is a key', async () => {
        const { provision, writes, bareMetal } = deployedByHand();
        const { status, server_id, message } = await provision({ ...byId, idempotency_key: 'job-1' });
        expect({ status, server_id }).toEqual({
          status: meaningOf({ provisionState }).outcome ?? 'in_progress',
          server_id: uuid(1),
        });
        expect(message).toMatch(/^Another call with this idempotency_key started the deployment at the same moment/);
        expect(writes()).toEqual(['reserve bm-1']);
        expect(bareMetal.deployments).toEqual([]);
      });

      it('stays theirs although Ironic could not be reached at first', async () => {
        const { failure, bareMetal } = deployedByHand(unsent);
        expect(await failure(byId)).toMatchObject({ code: 'server_not_available' });
        expect(bareMetal.servers.get(uuid(1))).toMatchObject(asItWas);
      });

      it('may be ours if an answer was lost, so nothing is released', async () => {
        const { failure, writes } = deployedByHand(lostAnswer);
        expect(await failure(byId)).toMatchObject({ code: 'outcome_unknown' });
        expect(writes()).not.toContain('release bm-1');
      });

      it('is reported as reserved when it cannot be released', async () => {
        const lab = setup({
          misbehave: ({ method }) => {
            if (method === 'release') return unsent;
            return method === 'reserve' ? () => lab.bareMetal.set(uuid(1), { provisionState }) : undefined;
          },
        });
        expect((await lab.failure(byId)).reason).toMatch(stillReserved);
      });
    },
  );

  it('makes a search try the next server if it shows an obstacle', async () => {
    const lab = setup({
      servers: servers(2),
      misbehave: ({ method, about }) => {
        if (method === 'reserve' && about === uuid(1)) return () => lab.bareMetal.set(uuid(1), { maintenance: true });
        return undefined;
      },
    });
    await expect(lab.provision()).resolves.toMatchObject({ server_id: uuid(2) });
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });
});

describe('a reservation whose answer is lost', () => {
  it.each([
    ['took effect', lostAnswer],
    ['did not', lostRequest],
  ])('is repeated with the same id when it %s', async (_, mishap) => {
    const { provision, bareMetal, writes } = setup({ misbehave: script({ reserve: [mishap] }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(writes()).toEqual(['reserve bm-1', 'reserve bm-1', 'deploy bm-1']);
    expect(bareMetal.deploymentIds.size).toBe(1);
  });

  it('counts if the server carries it in the end', async () => {
    const { provision, bareMetal } = setup({ misbehave: script({ reserve: always(lostAnswer) }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(bareMetal.requests.slice(-2)).toEqual(['find bm-1', 'deploy bm-1']);
  });

  it('leaves the outcome open when the server does not carry it yet', async () => {
    const { failure, bareMetal, writes } = setup({ misbehave: script({ reserve: always(lostRequest) }) });
    const lost = await failure(byId);
    const [deploymentId] = bareMetal.deploymentIds;
    expect(lost).toMatchObject({
      code: 'outcome_unknown',
      message: 'Failed to communicate with Ironic',
      retryable: false,
      reason: `Ironic did not answer within 30 s. The reservation of server bm-1 may still take effect: operation ${uuid(1)}, deployment ${deploymentId}. Its deployment was not started`,
      hint: 'Nothing was deployed. Call check_provision_status with the operation id before you provision again.',
    });
    expect(writes()).toEqual(Array(4).fill('reserve bm-1'));
  });

  it('leaves the outcome open when the server cannot be read either', async () => {
    const { failure } = setup({ misbehave: script({ reserve: always(lostAnswer), find: [null, ...always(unsent)] }) });
    expect(await failure(byId)).toMatchObject({ code: 'outcome_unknown' });
  });

  it('ends in an ordinary failure when nothing was ever sent', async () => {
    const { failure, writes } = setup({ misbehave: script({ reserve: always(unsent) }) });
    expect(await failure(byId)).toMatchObject({ code: 'ironic_unavailable', retryable: true });
    expect(writes()).toEqual(Array(4).fill('reserve bm-1'));
  });

  it('waits for a lock even in a search, because the lock may be its own', async () => {
    const { provision, writes } = setup({
      servers: servers(2),
      misbehave: script({ reserve: [lostRequest, refused('locked'), refused('locked')] }),
    });
    await expect(provision()).resolves.toMatchObject({ server_id: uuid(1) });
    expect(writes()).toEqual([...Array(4).fill('reserve bm-1'), 'deploy bm-1']);
  });

  it.each([
    ['busy', 'server_not_available'],
    ['locked', 'server_not_available'],
    ['wrong_state', 'server_not_available'],
    ['forbidden', 'deploy_refused'],
  ] as const)('is undone when the repetition is refused (%s)', async (refusal, code) => {
    const { failure, bareMetal } = setup({
      misbehave: script({ reserve: [lostAnswer, ...always(refused(refusal))] }),
    });
    expect(await failure(byId)).toMatchObject({ code });
    expect(bareMetal.requests).toContain('release bm-1');
    expect(bareMetal.servers.get(uuid(1))).toMatchObject({ deploymentId: null, entry: null });
  });

  it('is reported as remaining when it cannot be undone', async () => {
    const { failure } = setup({
      misbehave: script({ reserve: [lostAnswer, refused('forbidden')], release: always(unsent) }),
    });
    expect((await failure(byId)).reason).toMatch(stillReserved);
  });
});

describe('a start whose answer is lost', () => {
  it('is accepted when the server shows that it took effect', async () => {
    const { provision, bareMetal } = setup({ misbehave: script({ deploy: [lostAnswer] }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted', server_id: uuid(1) });
    expect(bareMetal.requests.slice(-2)).toEqual(['deploy bm-1', 'find bm-1']);
    expect(bareMetal.deployments).toHaveLength(1);
  });

  it('is sent again when it did not', async () => {
    const { provision, bareMetal } = setup({ misbehave: script({ deploy: [lostRequest] }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(bareMetal.requests.slice(-3)).toEqual(['deploy bm-1', 'find bm-1', 'deploy bm-1']);
    expect(bareMetal.deployments).toHaveLength(1);
  });

  it('is not sent again before the server has been read', async () => {
    // The first look is for the server that is named.
    const { provision, bareMetal } = setup({ misbehave: script({ deploy: [lostRequest], find: [null, unsent] }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(bareMetal.requests.slice(-4)).toEqual(['deploy bm-1', 'find bm-1', 'find bm-1', 'deploy bm-1']);
    expect(bareMetal.deployments).toHaveLength(1);
  });

  it('is accepted even when the deployment has failed by now', async () => {
    const lab = setup({
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
    await expect(lab.provision(byId)).resolves.toMatchObject({ status: 'accepted' });
  });

  it.each<[string, readonly Mishap[]]>([
    ['stays lost', always(lostRequest)],
    ['is refused afterwards', [lostRequest, ...always(refused('invalid'))]],
    ['meets a lock afterwards', [lostRequest, ...always(refused('locked'))]],
    ['cannot be sent afterwards', [lostRequest, ...always(unsent)]],
  ])('leaves the outcome open when it %s, and then nothing is released', async (_, deploy) => {
    const { failure, bareMetal, writes } = setup({ misbehave: script({ deploy }) });
    const unknown = await failure(byId);
    const [deploymentId] = bareMetal.deploymentIds;
    expect(unknown).toMatchObject({ code: 'outcome_unknown', http: 502, retryable: false });
    expect(unknown.reason).toContain(`Server bm-1 may be deploying: operation ${uuid(1)}, deployment ${deploymentId}`);
    expect(writes()).not.toContain('release bm-1');
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBe(deploymentId);
  });

  it('never makes a search try another server', async () => {
    const { failure, writes } = setup({ servers: servers(3), misbehave: script({ deploy: always(lostRequest) }) });
    expect(await failure()).toMatchObject({ code: 'outcome_unknown' });
    expect(new Set(writes())).toEqual(new Set(['reserve bm-1', 'deploy bm-1']));
  });

  it('leaves the outcome open when the server cannot be read', async () => {
    const { failure, writes } = setup({
      misbehave: script({ deploy: always(lostRequest), find: [null, ...always(unsent)] }),
    });
    expect(await failure(byId)).toMatchObject({ code: 'outcome_unknown' });
    expect(writes()).not.toContain('release bm-1');
  });

  it.each(['available', 'deploying', 'active'])(
    'is not sent again once somebody else has the server (%s)',
    async (provisionState) => {
      const lab = setup({
        misbehave: script({
          deploy: [
            () => {
              lab.bareMetal.set(uuid(1), { deploymentId: uuid(99), entry: null, provisionState });
              throw new NoAnswer('gone', true);
            },
          ],
        }),
      });
      expect(await lab.failure(byId)).toMatchObject({ code: 'outcome_unknown' });
      expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
    },
  );

  it('does not count as accepted when an operator has taken the server out of use', async () => {
    const lab = setup({
      misbehave: script({
        deploy: [
          () => {
            lab.bareMetal.set(uuid(1), { provisionState: 'manageable', provisionedAt: start });
            throw new NoAnswer('gone', true);
          },
          ...always(refused('wrong_state')),
        ],
      }),
    });
    expect(await lab.failure(byId)).toMatchObject({ code: 'outcome_unknown' });
    expect(lab.writes()).not.toContain('release bm-1');
  });
});

describe('a start that is refused', () => {
  it.each([
    ['invalid', 'deploy_refused', false],
    ['forbidden', 'deploy_refused', false],
    ['wrong_state', 'server_not_available', false],
    ['taken', 'server_not_available', false],
    ['not_found', 'server_not_found', false],
    ['too_old', 'ironic_too_old', false],
    ['locked', 'server_not_available', true],
    ['busy', 'server_not_available', true],
  ] as const)('as %s is undone', async (refusal, code, retryable) => {
    const { failure, bareMetal, writes } = setup({ misbehave: script({ deploy: always(refused(refusal, 'no')) }) });
    expect(await failure(byId)).toMatchObject({ code, retryable, reason: 'Ironic says: "no"', id: 'bm-1' });
    expect(writes().at(-1)).toBe('release bm-1');
    expect(bareMetal.servers.get(uuid(1))).toMatchObject({
      deploymentId: null,
      entry: null,
      provisionState: 'available',
    });
  });

  it.each(['locked', 'busy'] as const)('as %s is tried again first', async (refusal) => {
    const { provision, writes } = setup({ misbehave: script({ deploy: [refused(refusal), refused(refusal)] }) });
    await expect(provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(writes()).toEqual(['reserve bm-1', 'deploy bm-1', 'deploy bm-1', 'deploy bm-1']);
  });

  it('because no request was ever sent is tried again, and then undone', async () => {
    const { failure, writes } = setup({ misbehave: script({ deploy: always(unsent) }) });
    expect(await failure(byId)).toMatchObject({ code: 'ironic_unavailable', retryable: true });
    expect(writes()).toEqual(['reserve bm-1', ...Array(4).fill('deploy bm-1'), 'release bm-1']);
  });

  it("quotes only the beginning of Ironic's message", async () => {
    const { failure } = setup({ misbehave: script({ deploy: [refused('invalid', `a"b\n${'x'.repeat(100_000)}`)] }) });
    const { reason } = await failure(byId);
    expect(reason).toMatch(/^Ironic says: "a'b x+…"$/);
    expect(reason?.length).toBeLessThan(400);
  });
});

describe('a call whose time is over', () => {
  const ports = Array.from({ length: 32 }, (_, index) => uuid(801 + index));
  const tooLate = 'The time for this call was over before everything was sent';

  it('attaches no further port, starts nothing, and releases the server', async () => {
    const lab = setup({
      misbehave: ({ method }) => (method === 'attach' ? () => lab.clock.pass(5_000) : undefined),
    });
    expect(await lab.failure({ ...byId, vifs: ports })).toMatchObject({
      code: 'ironic_unavailable',
      reason: tooLate,
      retryable: true,
    });
    expect(lab.writes()).not.toContain('deploy bm-1');
    expect(lab.writes().filter((request) => request === 'attach bm-1')).toHaveLength(12);
    expect(lab.writes().filter((request) => request === 'detach bm-1')).toHaveLength(12);
    expect([...lab.bareMetal.portsOf(uuid(1))]).toEqual([]);
    expect(lab.bareMetal.servers.get(uuid(1))).toMatchObject({ deploymentId: null, provisionState: 'available' });
  });

  it('does not start a deployment on a server that it reserved too late', async () => {
    const lab = setup({
      misbehave: ({ method }) => {
        if (method !== 'reserve') return undefined;
        lab.clock.pass(29_900);
        return lostAnswer;
      },
    });
    expect(await lab.failure(byId)).toMatchObject({
      code: 'ironic_unavailable',
      reason: expect.stringContaining(`${tooLate}. An answer to its reservation was lost`),
    });
    expect(lab.writes()).not.toContain('deploy bm-1');
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('keeps the server for a repeated call with its key, which continues', async () => {
    const slow = { attaches: 5_000 };
    const lab = setup({
      misbehave: ({ method }) => (method === 'attach' ? () => lab.clock.pass(slow.attaches) : undefined),
    });
    const request = { ...byId, vifs: ports, idempotency_key: 'job-1' };
    expect((await lab.failure(request)).reason).toBe(`${tooLate}. Server bm-1 stays reserved for this idempotency key`);
    slow.attaches = 1_000;
    await expect(lab.provision(request)).resolves.toMatchObject({ status: 'accepted' });
    expect(lab.bareMetal.deployments).toHaveLength(1);
  });

  /** The machine sleeps in the pause before something is sent again. */
  const asleep = (mishaps: Parameters<typeof script>[0]) => {
    const lab = setup({ misbehave: script(mishaps) });
    lab.clock.meanwhile = (sleep) => {
      if (sleep === 1) lab.clock.pass(600_000);
    };
    return lab;
  };

  it('does not send the start again if the machine slept in the pause', async () => {
    const lab = asleep({ deploy: [refused('locked', 'Node is locked')] });
    expect(await lab.failure(byId)).toMatchObject({
      code: 'server_not_available',
      reason: 'Ironic says: "Node is locked"',
    });
    expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1', 'release bm-1']);
  });

  it('leaves the outcome of a lost start open if the machine slept in the pause', async () => {
    const lab = asleep({ deploy: [lostRequest] });
    expect(await lab.failure(byId)).toMatchObject({ code: 'outcome_unknown' });
    expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });

  it('accepts a deployment that Ironic started while the machine slept in the pause', async () => {
    const lab = asleep({ deploy: [lostAnswer] });
    await expect(lab.provision(byId)).resolves.toMatchObject({ status: 'accepted' });
    expect(lab.writes()).toEqual(['reserve bm-1', 'deploy bm-1']);
  });
});

describe('undoing a reservation', () => {
  const invalid = refused('invalid', 'no checksum');

  it.each<[string, Mishap]>([
    ['is locked', refused('locked')],
    ['cannot be reached', unsent],
    ['does not answer', lostRequest],
    ['answers too late', lostAnswer],
  ])('is tried again when the server %s', async (_, mishap) => {
    const { failure, bareMetal } = setup({ misbehave: script({ deploy: [invalid], release: [mishap] }) });
    expect(await failure(byId)).toMatchObject({ code: 'deploy_refused', reason: 'Ironic says: "no checksum"' });
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('that fails for good is reported after the first reason', async () => {
    const { failure, writes } = setup({
      misbehave: script({ deploy: [invalid], release: always(refused('forbidden', 'not you')) }),
    });
    expect(await failure(byId)).toMatchObject({
      code: 'deploy_refused',
      id: 'bm-1',
      reason: expect.stringMatching(
        new RegExp(`^Ironic says: "no checksum"\\. ${stillReserved.source}: Ironic says: "not you"$`),
      ),
      hint: 'Choose another server. The operator can release this one by removing its instance_uuid.',
    });
    expect(writes().filter((request) => request === 'release bm-1')).toHaveLength(8);
  });

  it('that cannot read the server says only that it may be reserved', async () => {
    const lab = setup({
      misbehave: ({ method }) => {
        if (method === 'deploy') return invalid;
        return method === 'find' && lab.writes().length > 0 ? unsent : undefined;
      },
    });
    expect((await lab.failure(byId)).reason).toMatch(
      /Server bm-1 may still be reserved as deployment [-0-9a-f]{36}, because/,
    );
  });

  it('that fails ends a search, so that the caller hears of it', async () => {
    const { failure, writes } = setup({
      servers: servers(3),
      misbehave: script({ deploy: [invalid], release: always(unsent) }),
    });
    expect((await failure()).reason).toMatch(stillReserved);
    expect(writes()).not.toContain('reserve bm-2');
  });

  it('does not happen when the server is being deployed after all', async () => {
    const lab = setup({
      misbehave: script({
        deploy: [
          (act) => {
            lab.bareMetal.set(uuid(1), { provisionState: 'deploying' });
            invalid(act);
          },
        ],
      }),
    });
    expect(await lab.failure(byId)).toMatchObject({
      code: 'outcome_unknown',
      reason: expect.stringContaining(
        `Ironic says: "no checksum". Server bm-1 may be deploying: operation ${uuid(1)}, deployment `,
      ),
    });
    expect(lab.writes()).not.toContain('release bm-1');
  });

  it.each<[string, (lab: ReturnType<typeof setup>) => void]>([
    ['somebody else has the server by now', (lab) => lab.bareMetal.set(uuid(1), { deploymentId: uuid(99) })],
    ['somebody has already released it', (lab) => lab.bareMetal.set(uuid(1), { deploymentId: null, entry: null })],
  ])('is not needed when %s', async (_, meanwhile) => {
    const lab = setup({
      misbehave: script({
        deploy: [
          (act) => {
            meanwhile(lab);
            invalid(act);
          },
        ],
      }),
    });
    expect(await lab.failure(byId)).toMatchObject({ code: 'deploy_refused', reason: 'Ironic says: "no checksum"' });
    expect(lab.writes()).not.toContain('release bm-1');
  });

  it('is not needed when the server is gone', async () => {
    const lab = setup({
      misbehave: script({ deploy: [refused('not_found')] }),
      between: (bareMetal) => ({
        ...bareMetal,
        find: async (ref, signal) => (lab.writes().length > 0 ? null : bareMetal.find(ref, signal)),
      }),
    });
    expect(await lab.failure(byId)).toMatchObject({ code: 'server_not_found' });
    expect(lab.writes()).not.toContain('release bm-1');
  });
});

describe('the Neutron ports of a request', () => {
  const [one, two] = [uuid(801), uuid(802)];
  const withPorts = { ...byId, vifs: [one, two] };

  it('are attached between the reservation and the start', async () => {
    const { provision, writes, bareMetal } = setup();
    await provision(withPorts);
    expect(writes()).toEqual(['reserve bm-1', 'attach bm-1', 'attach bm-1', 'deploy bm-1']);
    expect([...bareMetal.portsOf(uuid(1))]).toEqual([one, two]);
  });

  it.each<[string, Mishap]>([
    ['is lost', lostRequest],
    ['loses its answer', lostAnswer],
    ['cannot be sent', unsent],
    ['meets a lock', refused('locked')],
    ['meets a busy Ironic', refused('busy')],
  ])('are attached by another request when the first one %s', async (_, mishap) => {
    const { provision, bareMetal } = setup({ misbehave: script({ attach: [null, mishap] }) });
    await expect(provision(withPorts)).resolves.toMatchObject({ status: 'accepted' });
    expect([...bareMetal.portsOf(uuid(1))]).toEqual([one, two]);
  });

  it('are detached again when one of them is refused', async () => {
    const { failure, bareMetal } = setup({ misbehave: script({ attach: [null, refused('invalid', 'no such port')] }) });
    expect(await failure(withPorts)).toMatchObject({ code: 'deploy_refused', reason: 'Ironic says: "no such port"' });
    expect([...bareMetal.portsOf(uuid(1))]).toEqual([]);
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('are named in the hint when Ironic refuses them', async () => {
    const { failure } = setup({ misbehave: script({ attach: [refused('invalid', 'no such port')] }) });
    expect((await failure(withPorts)).hint).toMatch(/^Change networks or vifs/);
  });

  it('leave the server free if no request for them was ever sent', async () => {
    const { failure, writes, bareMetal } = setup({ misbehave: script({ attach: always(unsent) }) });
    expect(await failure(withPorts)).toMatchObject({ code: 'ironic_unavailable' });
    expect(writes()).not.toContain('deploy bm-1');
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('keep the server reserved if they may still be attached late, because they would connect the next deployment', async () => {
    const { failure, writes, bareMetal } = setup({
      misbehave: script({ attach: [lostRequest], deploy: [refused('invalid')] }),
    });
    expect((await failure(withPorts)).reason).toMatch(stillReserved);
    expect(writes()).not.toContain('release bm-1');
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).not.toBeNull();
  });

  it('are detached again when the start is refused', async () => {
    const { failure, writes, bareMetal } = setup({
      misbehave: script({ deploy: [refused('invalid')], detach: [refused('locked')] }),
    });
    expect(await failure(withPorts)).toMatchObject({ code: 'deploy_refused' });
    expect([...bareMetal.portsOf(uuid(1))]).toEqual([]);
    expect(writes().at(-1)).toBe('release bm-1');
  });

  it('leave the server free even if they cannot be detached, and the answer says so', async () => {
    const lab = setup({ misbehave: script({ deploy: [refused('invalid')], detach: always(unsent) }) });
    const { reason } = await lab.failure(withPorts);
    expect(reason).toContain(`Ironic still records Neutron port ${one}, ${two} at server ${uuid(1)}`);
    expect(reason).toContain(`openstack baremetal node vif detach ${uuid(1)} ${one}`);
    expect(lab.bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('stay attached when the outcome of the start is unknown', async () => {
    const { failure, writes, bareMetal } = setup({ misbehave: script({ deploy: always(lostRequest) }) });
    expect(await failure(withPorts)).toMatchObject({ code: 'outcome_unknown' });
    expect(writes()).not.toContain('detach bm-1');
    expect([...bareMetal.portsOf(uuid(1))]).toEqual([one, two]);
  });

  it('are required when the network interface is neutron', async () => {
    const servers = [freeServer(1, { networkInterface: 'neutron' })];
    const { failure, writes } = setup({ servers });
    const missing = {
      code: 'deploy_refused',
      reason: 'its network interface is neutron, and the request names no network and no Neutron port',
      hint: expect.stringContaining('vifs (needs IRONIC_MCP_ALLOW_VIFS)'),
    };
    expect(await failure(byId)).toMatchObject({ ...missing, id: 'bm-1' });
    expect(await failure()).toMatchObject({ ...missing, id: uuid(1) });
    expect(writes()).toEqual([]);
    const attached = setup({ servers });
    attached.bareMetal.portsOf(uuid(1)).add(one);
    await expect(attached.provision({ ...byId, vifs: [one] })).resolves.toMatchObject({ status: 'accepted' });
    await expect(setup({ servers }).provision(withPorts)).resolves.toMatchObject({ status: 'accepted' });
  });

  it('decide which server is chosen if there are none', async () => {
    const { provision } = setup({ servers: [freeServer(1, { networkInterface: 'neutron' }), freeServer(2)] });
    await expect(provision()).resolves.toMatchObject({ server_id: uuid(2) });
  });

  describe('that cannot be read', () => {
    const neutron = { networkInterface: 'flat' };

    it.each(['busy', 'not_found', 'invalid', 'wrong_state', 'locked', 'forbidden'] as const)(
      'make a search try the next server (%s)',
      async (refusal) => {
        const { provision } = setup({
          servers: [freeServer(1, neutron), freeServer(2)],
          misbehave: script({ cards: always(refused(refusal)) }),
        });
        await expect(provision()).resolves.toMatchObject({ server_id: uuid(2) });
      },
    );

    it.each([
      ['busy', 'server_not_available', true],
      ['not_found', 'server_not_found', false],
      ['forbidden', 'deploy_refused', false],
    ] as const)('make a request for that server fail (%s)', async (refusal, code, retryable) => {
      const { failure, writes } = setup({
        servers: [freeServer(1, neutron)],
        misbehave: script({ cards: [refused(refusal, 'no')] }),
      });
      expect(await failure(byId)).toMatchObject({ code, retryable, id: 'bm-1', reason: 'Ironic says: "no"' });
      expect(writes()).toEqual([]);
    });

    it('end a search if Ironic cannot be reached at all', async () => {
      const { failure } = setup({
        servers: [freeServer(1, neutron), freeServer(2)],
        misbehave: script({ cards: [unsent] }),
      });
      expect(await failure()).toMatchObject({ code: 'ironic_unavailable', retryable: true });
    });

    it('are read again if their server was only busy', async () => {
      const { provision } = setup({
        servers: [freeServer(1, neutron)],
        misbehave: script({ cards: [refused('busy')] }),
      });
      await expect(provision()).resolves.toMatchObject({ server_id: uuid(1) });
    });
  });

  it('are missing with a warning if the system may have no network without them', async () => {
    const servers = [freeServer(1, { networkInterface: 'flat' })];
    const warning =
      'The system may have no network, because the network interface is flat and no Neutron port is attached.';
    expect((await setup({ servers }).provision(byId)).message).toContain(warning);
    expect((await setup({ servers }).provision(withPorts)).message).not.toContain(warning);
  });
});

describe('the network_data of a request', () => {
  const network = (mac: string) => ({
    ...byId,
    config_drive: {
      network_data: {
        links: [{ id: 'eth0', type: 'phy', ethernet_mac_address: mac }],
        networks: [],
        services: [],
      },
    },
  });

  it('may name the network cards of the server in any spelling', async () => {
    const { message } = await setup().provision(network('52-54-00-00-00-01'));
    expect(message).not.toContain('MAC');
  });

  it('is deployed with a warning if it names others', async () => {
    const { message } = await setup().provision(network('52:54:00:00:00:AB'));
    expect(message).toContain('network_data names MAC addresses that the server does not have: 52:54:00:00:00:ab.');
  });

  it('is not checked when the network cards cannot be read', async () => {
    const { provision } = setup({ misbehave: script({ cards: [unsent] }) });
    expect((await provision(network('52:54:00:00:00:AB'))).message).not.toContain('MAC');
  });

  describe('is not checked when Ironic does not answer about the network cards', () => {
    const silent = (leave = () => {}) =>
      setup({
        between: (bareMetal) => ({
          ...bareMetal,
          cards: (_, signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason));
              leave();
            }),
        }),
      });

    it('within a few seconds, because it would only be a warning', async () => {
      const { provision, clock } = silent();
      const { status, message } = await provision(network('52:54:00:00:00:AB'));
      expect([status, message.includes('MAC')]).toEqual(['accepted', false]);
      expect(clock.sleeps).toEqual([5_000]);
    });

    it('before the caller leaves, and the call still answers that it was accepted', async () => {
      const controller = new AbortController();
      const { provision } = silent(() => controller.abort(new Error('the caller left')));
      const { status, message } = await provision(network('52:54:00:00:00:AB'), controller.signal);
      expect([status, message.includes('MAC')]).toEqual(['accepted', false]);
    });
  });

  it('is refused without a request to Ironic if it is malformed', async () => {
    const { failure, bareMetal } = setup();
    expect(await failure(network('nonsense'))).toMatchObject({
      code: 'invalid_request',
      reason: 'config_drive.network_data.links.0.ethernet_mac_address: must be a MAC address',
    });
    expect(bareMetal.requests).toEqual([]);
  });
});

describe('a caller who leaves', () => {
  const reason = new Error('the caller left');

  /** The caller leaves just before the given request. */
  function leavingAt(method: string, more: Partial<Record<string, Mishap>> = {}) {
    const controller = new AbortController();
    const lab = setup({
      servers: servers(2),
      misbehave: (request) => {
        if (request.method === method) controller.abort(reason);
        return more[request.method];
      },
    });
    return { ...lab, signal: controller.signal };
  }

  it('before any request gets the reason back', async () => {
    const { provision, bareMetal } = setup();
    await expect(provision(byId, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(bareMetal.requests).toEqual([]);
  });

  it('during the search changes nothing', async () => {
    const { provision, signal, writes, bareMetal } = leavingAt('listFree');
    await expect(provision({}, signal)).rejects.toBe(reason);
    for (const server of bareMetal.servers.values()) expect(server.deploymentId).toBeNull();
    expect(writes()).not.toContain('deploy bm-1');
  });

  it('before the start makes us release the reservation, and nothing is started', async () => {
    const { provision, signal, writes, bareMetal } = leavingAt('reserve');
    await expect(provision(byId, signal)).rejects.toBe(reason);
    expect(writes()).toEqual(['reserve bm-1', 'release bm-1']);
    expect(bareMetal.servers.get(uuid(1))?.deploymentId).toBeNull();
  });

  it('before the start is told of a reservation that cannot be undone', async () => {
    const { failure, signal } = leavingAt('reserve', { release: unsent });
    expect((await failure(byId, signal)).reason).toMatch(stillReserved);
  });

  it('after the start was sent changes nothing', async () => {
    const { provision, signal, bareMetal } = leavingAt('deploy');
    await expect(provision(byId, signal)).resolves.toMatchObject({ status: 'accepted' });
    expect(bareMetal.deployments).toHaveLength(1);
  });

  it('after the start was sent does not stop its retries', async () => {
    const controller = new AbortController();
    const { provision, writes } = setup({
      misbehave: script({
        deploy: [
          (act) => {
            controller.abort(reason);
            lostRequest(act);
          },
        ],
      }),
    });
    await expect(provision(byId, controller.signal)).resolves.toMatchObject({ status: 'accepted' });
    expect(writes()).toEqual(['reserve bm-1', 'deploy bm-1', 'deploy bm-1']);
  });

  it('between two servers ends the search', async () => {
    const { provision, signal, bareMetal, writes } = leavingAt('reserve', { reserve: refused('locked') });
    await expect(provision({}, signal)).rejects.toBe(reason);
    expect(writes()).not.toContain('deploy bm-1');
    for (const server of bareMetal.servers.values()) expect(server.deploymentId).toBeNull();
  });

  it('while the first server is being reserved gets no second one reserved', async () => {
    const { provision, signal, writes } = leavingAt('reserve', { reserve: refused('taken') });
    await expect(provision({}, signal)).rejects.toBe(reason);
    expect(writes()).toEqual(['reserve bm-1']);
  });

  it('does not end the change, which counts as under way until it is over', async () => {
    const { provision, signal, changes, bareMetal } = leavingAt('reserve');
    const call = provision(byId, signal);
    const left = call.catch((error: unknown) => error);
    // The search is a read; the change begins when it is over.
    while (!bareMetal.requests.includes('reserve bm-1')) await Promise.resolve();
    await changes.settled();
    expect(bareMetal.requests.at(-1)).toBe('release bm-1');
    expect(await left).toBe(reason);
  });
});

describe('a defect in the bare metal', () => {
  const defect = new TypeError('undefined is not a function');

  it.each(['reserve', 'attach', 'deploy', 'release'] as const)('is passed on from %s unchanged', async (method) => {
    const { provision } = setup({
      misbehave: script(method === 'release' ? { deploy: [refused('invalid')] } : {}),
      between: (bareMetal) => ({ ...bareMetal, [method]: () => Promise.reject(defect) }),
    });
    await expect(provision({ ...byId, vifs: [uuid(801)] })).rejects.toBe(defect);
  });
});
