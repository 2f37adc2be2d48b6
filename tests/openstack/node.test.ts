import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reservation } from '../../src/core/ports.js';
import { errorsFrom } from '../../src/openstack/history.js';
import {
  bootPatch,
  entryMember,
  fieldsOf,
  releasingPatch,
  reservingPatch,
  serverFrom,
} from '../../src/openstack/node.js';
import { createVersion } from '../../src/openstack/versions.js';

const id = '6cbb8dc2-6418-454d-af65-9f723bb0bbe5';
const deploymentId = 'aaaaaaaa-0000-4000-8000-000000000001';

/** The relevant members of a node on Ironic 21.4.4, during our deployment. */
const node = {
  uuid: id,
  name: 'bm-0001',
  resource_class: 'baremetal.small',
  provision_state: 'wait call-back',
  target_provision_state: 'active',
  provision_updated_at: '2026-11-22T08:32:45.219821+00:00',
  instance_uuid: deploymentId,
  instance_info: {
    image_source: '184f61bb-1dfe-4486-9b54-1ad61ea12f08',
    image_url: '******',
    [entryMember]: {
      [deploymentId]: {
        started_at: '2026-11-22T08:32:40Z',
        image: 'ubuntu-24.04',
        digest: 'abc',
        attempt: { a: true },
      },
    },
  },
  maintenance: false,
  reservation: 'h1-conductor',
  power_state: 'power on',
  properties: { cpus: 8, memory_mb: 16384, local_gb: 240, cpu_arch: 'x86_64' },
  deploy_interface: 'direct',
  retired: false,
  lessee: null,
  last_error: null,
  deploy_step: { step: 'write_image', priority: 80, argsinfo: null, interface: 'deploy' },
  driver_internal_info: {
    deploy_steps: [{ step: 'deploy' }, { step: 'write_image' }, { step: 'boot_instance' }],
    deploy_step_index: 1,
  },
};

describe('a node', () => {
  it.each([
    [null, null, 'project-1', 'anybody'],
    [null, 'project-1', 'project-1', 'ours'],
    [null, 'project-2', 'project-1', 'others'],
    ['project-1', 'project-2', 'project-1', 'ours'],
    ['project-2', 'project-1', 'project-1', 'others'],
    [null, 'project-2', undefined, 'anybody'],
    ['project-2', null, undefined, 'others'],
  ])('leased to %s and owned by %s is, for project %s, usable by %s', (lessee, owner, project, tenancy) => {
    expect(serverFrom({ ...node, lessee, owner }, project)).toMatchObject({ tenancy });
  });

  it('is read as a server', () => {
    expect(serverFrom(node)).toMatchObject({
      id,
      name: 'bm-0001',
      resourceClass: 'baremetal.small',
      provisionState: 'wait call-back',
      targetState: 'active',
      provisionedAt: Date.UTC(2026, 10, 22, 8, 32, 45, 219),
      deploymentId,
      entry: { started_at: '2026-11-22T08:32:40Z', image: 'ubuntu-24.04' },
      imageSource: '184f61bb-1dfe-4486-9b54-1ad61ea12f08',
      maintenance: false,
      lockedBy: 'h1-conductor',
      showsLock: true,
      powerState: 'power on',
      retired: false,
      lessee: null,
      step: { name: 'write_image', number: 2, names: ['deploy', 'write_image', 'boot_instance'] },
      lastError: null,
      cpus: 8,
      memoryMb: 16_384,
      diskGb: 240,
      architecture: 'x86_64',
      deployInterface: 'direct',
      traits: [],
      conductorGroup: '',
    });
  });

  it('has traits and a conductor group, if they are readable', () => {
    expect(serverFrom({ ...node, traits: ['CUSTOM_GPU'], conductor_group: 'rack-1' })).toMatchObject({
      traits: ['CUSTOM_GPU'],
      conductorGroup: 'rack-1',
    });
    expect(serverFrom({ ...node, traits: '** Redacted **', conductor_group: 7 })).toMatchObject({
      traits: [],
      conductorGroup: '',
    });
  });

  it('of an old API is available if its state is null', () => {
    expect(serverFrom({ ...node, provision_state: null })?.provisionState).toBe('available');
  });

  it('needs only the members that a safe deployment depends on', () => {
    const bare = {
      uuid: id,
      provision_state: 'available',
      instance_uuid: null,
      maintenance: false,
      instance_info: {},
    };
    expect(serverFrom(bare)).toMatchObject({
      id,
      name: null,
      targetState: null,
      entry: null,
      step: null,
      retired: false,
      lockedBy: null,
      powerState: null,
      diskGb: null,
      architecture: null,
      deployInterface: null,
    });
  });

  it.each(['uuid', 'provision_state', 'instance_uuid', 'maintenance'])('cannot be read without %s', (member) => {
    const { [member as keyof typeof node]: _, ...rest } = node;
    expect(serverFrom(rest)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['uuid', 7],
    ['uuid', null],
    ['uuid', ''],
    ['uuid', 'x'.repeat(10_000_000)],
    ['uuid', '../../nodes'],
    ['uuid', `${id}\n`],
    ['provision_state', 7],
    ['provision_state', ['active']],
    ['instance_uuid', 7],
    ['instance_uuid', { a: 1 }],
    ['instance_uuid', 'x'.repeat(10_000_000)],
    ['maintenance', 'false'],
    ['maintenance', null],
    ['maintenance', 0],
  ])('cannot be read with another type of %s (%#)', (member, value) => {
    expect(serverFrom({ ...node, [member]: value })).toBeUndefined();
  });

  it.each([undefined, null, 'text', 7, [], [node], {}])('is not %j', (body) => {
    expect(serverFrom(body)).toBeUndefined();
  });

  it.each([
    'name',
    'resource_class',
    'provision_updated_at',
    'reservation',
    'power_state',
    'retired',
    'lessee',
    'last_error',
    'properties',
    'deploy_interface',
    'deploy_step',
    'driver_internal_info',
    'instance_info',
  ])('can be read with any type of %s', (member) => {
    for (const value of [7, true, null, [], ['a'], {}, { a: { b: 1 } }, 'x'.repeat(10_000_000), undefined]) {
      expect(serverFrom({ ...node, [member]: value })).toMatchObject({ id, deploymentId });
    }
  });

  it('that is visible only in part is read in part', () => {
    const redacted = '** Redacted - requires baremetal:node:get:reservation permission. **';
    const members = ['instance_info', 'driver_internal_info', 'reservation', 'last_error'];
    const hidden = { ...node, ...Object.fromEntries(members.map((member) => [member, redacted])) };
    expect(serverFrom(hidden)).toMatchObject({ entry: null, imageSource: null, lastError: null });
    expect(serverFrom(hidden)).toMatchObject({ lockedBy: null, showsLock: false });
  });

  it('never causes an error, whatever its members are', () => {
    const members = fc.record(
      Object.fromEntries(Object.keys(node).map((member) => [member, fc.oneof(fc.jsonValue(), fc.constant(null))])),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(members, (changes) => {
        const server = serverFrom({ ...node, ...changes });
        if (server) expect(server.id).toBe({ ...node, ...changes }.uuid);
      }),
    );
  });
});

describe('the disk of a node', () => {
  it.each([
    [240, 240],
    ['240', 240],
    [0, null],
    [-1, null],
    ['unknown', null],
    [null, null],
    [{ size: 240 }, null],
    [Number.POSITIVE_INFINITY, null],
  ])('of %j is %j GiB', (localGb, diskGb) => {
    expect(serverFrom({ ...node, properties: { local_gb: localGb } })?.diskGb).toBe(diskGb);
  });
});

describe('the entry of ours on a node', () => {
  const withEntry = (entry: unknown) => serverFrom({ ...node, instance_info: { [entryMember]: entry } })?.entry;
  const good = { started_at: '2026-11-22T08:32:40Z', image: 'ubuntu-24.04', digest: 'abc' };

  it('counts for its own deployment', () => {
    expect(withEntry({ [deploymentId]: good })).toMatchObject({ image: 'ubuntu-24.04' });
    expect(withEntry({ 'bbbbbbbb-0000-4000-8000-000000000001': good })).toBeNull();
  });

  it.each<[string, unknown]>([
    ['is missing', undefined],
    ['is null', null],
    ['is a text', 'ubuntu'],
    ['is a list', [good]],
    ['holds nothing for this deployment', {}],
    ['has no time', { [deploymentId]: { ...good, started_at: undefined } }],
    ['has an invalid time', { [deploymentId]: { ...good, started_at: 'yesterday' } }],
    ['has a time with an offset', { [deploymentId]: { ...good, started_at: '2026-11-22T08:32:40+01:00' } }],
    ['has a masked time', { [deploymentId]: { ...good, started_at: '******' } }],
    ['has no image', { [deploymentId]: { ...good, image: 7 } }],
  ])('does not count if it %s', (_, entry) => {
    expect(withEntry(entry)).toBeNull();
  });

  it('has the host name, and counts without one, as older entries do, or with a forged one', () => {
    expect(withEntry({ [deploymentId]: { ...good, hostname: 'web-1.example.com' } })?.hostname).toBe(
      'web-1.example.com',
    );
    for (const hostname of [undefined, 7, 'web-1; ignore all rules', '']) {
      const entry = withEntry({ [deploymentId]: { ...good, hostname } });
      expect(entry).toMatchObject({ image: 'ubuntu-24.04' });
      expect(entry?.hostname).toBeUndefined();
    }
  });

  it('has the user of its image, but no forged one, and none once another image is deployed', () => {
    const user = (login_user: string, source = 'a') =>
      serverFrom({
        ...node,
        instance_info: { image_source: 'a', [entryMember]: { [deploymentId]: { ...good, source, login_user } } },
      })?.entry?.login_user;
    expect(user('ubuntu')).toBe('ubuntu');
    expect(user('-oProxyCommand=sh')).toBeUndefined();
    expect(user('ubuntu', 'b')).toBeUndefined();
  });

  it('does not count on a node without a deployment', () => {
    expect(serverFrom({ ...node, instance_uuid: null })?.entry).toBeNull();
    const odd = { [entryMember]: { null: good } };
    expect(serverFrom({ ...node, instance_uuid: null, instance_info: odd })?.entry).toBeNull();
  });

  it.each(['__proto__', 'constructor'])('is never found by the id %s', (instanceUuid) => {
    expect(serverFrom({ ...node, instance_uuid: instanceUuid })?.entry).toBeNull();
  });

  it('is missing if somebody else has deployed, but the image is known', () => {
    expect(serverFrom({ ...node, instance_info: { image_source: 'a' } })).toMatchObject({
      entry: null,
      imageSource: 'a',
    });
  });

  it('names the current image, if somebody has deployed another one since', () => {
    const seen = (imageSource: string, now: unknown) => {
      const reservation = {
        deploymentId,
        attemptId: deploymentId,
        entry: good,
        instanceInfo: { image_source: imageSource },
      };
      const written = reservingPatch(reservation).find(({ path }) => path === '/instance_info')?.value;
      return serverFrom({ ...node, instance_info: { ...Object(written), image_source: now } })?.entry?.image;
    };
    const [first, second] = ['184f61bb-1dfe-4486-9b54-1ad61ea12f08', '284f61bb-1dfe-4486-9b54-1ad61ea12f08'];
    expect(seen(first, first)).toBe(good.image);
    expect(seen(first, second)).toBe(second);
    expect(seen(first, null)).toBe(good.image);
    const url = 'https://user:hunter2@images.example/a.img';
    expect(seen('https://images.example/a.img', url)).toBe('https://***@images.example/a.img');
  });

  it("holds no credentials, and keeps the caller's name of the image although the credentials have changed", () => {
    const of = (login: string) => `https://${login}@images.example/a.img?signature=${login}`;
    const reservation = {
      deploymentId,
      attemptId: deploymentId,
      entry: good,
      instanceInfo: { image_source: of('a:b') },
    };
    const [, { value }] = reservingPatch(reservation) as unknown as [unknown, { value: object }];
    expect(JSON.stringify({ ...value, image_source: null })).not.toContain('a:b');
    expect(serverFrom({ ...node, instance_info: { ...value, image_source: of('c:d') } })?.entry?.image).toBe(
      good.image,
    );
  });

  it('comes back as it was written', () => {
    const reservation = {
      deploymentId,
      attemptId: 'bbbbbbbb-0000-4000-8000-000000000002',
      entry: good,
      instanceInfo: { image_source: 'a' },
    } satisfies Reservation;
    const written = reservingPatch(reservation).find(({ path }) => path === '/instance_info')?.value;
    expect(serverFrom({ ...node, instance_info: written })?.entry).toEqual(good);
  });

  it('replaces the entry of an earlier attempt, and is refused as a whole if that is gone', () => {
    const replaces = 'cccccccc-0000-4000-8000-000000000003';
    const reservation = { deploymentId, attemptId: deploymentId, entry: good, instanceInfo: {}, replaces };
    expect(reservingPatch(reservation)[0]).toEqual({
      op: 'remove',
      path: `/instance_info/${entryMember}/${deploymentId}/attempt/${replaces}`,
    });
  });
});

describe('the step of a node', () => {
  const withSteps = (deployStep: unknown, info: unknown) =>
    serverFrom({ ...node, deploy_step: deployStep, driver_internal_info: info })?.step;
  const steps = [{ step: 'deploy' }, { step: 'write_image' }];

  it('has no position before the list is known, or if it does not fit', () => {
    const nowhere = { name: 'deploy', number: null, names: [] };
    for (const info of [
      null,
      {},
      { deploy_steps: steps },
      { deploy_steps: steps, deploy_step_index: null },
      { deploy_steps: steps, deploy_step_index: 2 },
      { deploy_steps: steps, deploy_step_index: -1 },
      { deploy_steps: steps, deploy_step_index: 0.5 },
      { deploy_steps: 'write_image', deploy_step_index: 0 },
    ]) {
      expect(withSteps({ step: 'deploy' }, info)).toEqual(nowhere);
    }
  });

  it('is not a left-over of an earlier deployment, whose list is empty', () => {
    expect(withSteps({ step: 'write_image' }, { deploy_steps: null })).toBeNull();
    expect(withSteps({ step: 'write_image' }, null)).toEqual({ name: 'write_image', number: null, names: [] });
  });

  it.each([[{}], [null], [{ step: null }], ['deploy']])('does not exist in %j', (deployStep) => {
    expect(withSteps(deployStep, { deploy_steps: steps, deploy_step_index: 0 })).toBeNull();
  });
});

describe('the step of a node in cleaning', () => {
  const step = (state: string, cleanStep: unknown, info: object) =>
    serverFrom({
      ...node,
      provision_state: state,
      clean_step: cleanStep,
      driver_internal_info: { deploy_steps: null, ...info },
    })?.step;
  const names = ['erase_devices_metadata', 'reset_bios'];
  const info = { clean_steps: names.map((each) => ({ step: each })), clean_step_index: 1 };

  it.each(['cleaning', 'clean wait', 'clean hold'])('is the cleaning step in "%s"', (state) => {
    expect(step(state, { step: 'reset_bios' }, info)).toEqual({ name: 'reset_bios', number: 2, names });
    expect(step(state, { step: 'reset_bios' }, {})).toEqual({ name: 'reset_bios', number: null, names: [] });
    expect(step(state, {}, info)).toBeNull();
    expect(step(state, undefined, info)).toBeNull();
    const odd = { clean_steps: 'reset_bios', clean_step_index: 'one' };
    expect(step(state, { step: 'reset_bios' }, odd)).toEqual({ name: 'reset_bios', number: null, names: [] });
  });

  it('is not the deploy step, nor the other way round', () => {
    const deploying = { deploy_steps: [{ step: 'deploy' }], deploy_step_index: 0 };
    expect(step('deploying', { step: 'reset_bios' }, { ...info, ...deploying })).toMatchObject({ name: 'write_image' });
    expect(step('cleaning', {}, { ...info, ...deploying })).toBeNull();
    expect(step('available', { step: 'reset_bios' }, info)).toBeNull();
    expect(step('deleting', { step: 'reset_bios' }, { ...info, ...deploying })).toBeNull();
  });
});

describe('the moment of the last change', () => {
  it.each([null, 'yesterday', ''])('is unknown in %j', (text) => {
    expect(serverFrom({ ...node, provision_updated_at: text })?.provisionedAt).toBeNull();
  });
});

describe('the signs of an agent', () => {
  const heardAt = (agent_last_heartbeat: unknown) =>
    serverFrom({ ...node, driver_internal_info: { agent_last_heartbeat } })?.heardAt;

  it('are dated in UTC, with and without a zone', () => {
    expect(heardAt('2026-11-22T08:33:01.250000')).toBe(Date.UTC(2026, 10, 22, 8, 33, 1, 250));
    expect(heardAt('2026-11-22T08:33:01')).toBe(Date.UTC(2026, 10, 22, 8, 33, 1));
    expect(heardAt('2026-11-22T08:33:01.250000+00:00')).toBe(Date.UTC(2026, 10, 22, 8, 33, 1, 250));
  });

  it.each([undefined, null, 'soon', 12, {}])('are unknown in %j', (value) => {
    expect(heardAt(value)).toBeNull();
  });
});

describe('the record of errors', () => {
  it('has only the errors of a history', () => {
    const history = [
      { created_at: '2026-11-22T08:03:34.919692+00:00', severity: 'ERROR', event_type: 'deploying', event: 'no luck' },
      { created_at: '2026-11-22T08:03:30.000000+00:00', severity: 'INFO', event_type: 'deployment_start', event: 'go' },
      { created_at: null, severity: 'ERROR', event: 'who knows' },
      { created_at: null, severity: 'ERROR', event: null },
    ];
    expect(errorsFrom({ history })).toEqual([
      { at: Date.UTC(2026, 10, 22, 8, 3, 34, 919), work: 'deploying', words: 'no luck' },
      { at: null, work: null, words: 'who knows' },
    ]);
  });

  it.each([null, 'text', {}, { history: 1 }, { history: [1] }])('does not exist in %j', (body) => {
    expect(errorsFrom(body)).toBeUndefined();
  });
});

describe('the credentials of a URL that Ironic quotes', () => {
  const said = (url: string) => `Failed to download image ${url} (403 Forbidden)`;
  const words = said('https://robot:hunter2@img.example.org/u.qcow2?X-Amz-Signature=hunter2');
  const shown = said('https://***@img.example.org/u.qcow2?***');

  it('do not appear in an error of a node', () => {
    expect(serverFrom({ ...node, last_error: words })?.lastError).toBe(shown);
  });

  it('do not appear in a recorded error', () => {
    const history = [{ created_at: null, severity: 'ERROR', event: words }];
    expect(errorsFrom({ history })?.map((error) => error.words)).toEqual([shown]);
  });
});

describe('the fields that are asked for', () => {
  it('leave out, for lists, the fields that Ironic refuses there or that are long', () => {
    const version = createVersion();
    const one = fieldsOf('one', version).split(',');
    const list = fieldsOf('list', version).split(',');
    const match = fieldsOf('match', version).split(',');
    expect(match.filter((field) => !list.includes(field))).toEqual([
      'last_error',
      'deploy_step',
      'clean_step',
      'driver_internal_info',
    ]);
    const moving = fieldsOf('moving', version).split(',');
    expect(moving).toContain('reservation');
    expect(match.filter((field) => !moving.includes(field))).toEqual([
      'resource_class',
      'properties',
      'deploy_interface',
      'network_interface',
      'traits',
      'conductor_group',
      'owner',
      'retired',
      'lessee',
    ]);
    expect(one.filter((field) => !match.includes(field))).toEqual([
      'allocation_uuid',
      'protected',
      'automated_clean',
      'maintenance_reason',
      'fault',
      'target_power_state',
    ]);
    // For lists, Ironic answers these with 500 or 400.
    for (const field of ['conductor', 'allocation_uuid', 'chassis_uuid', 'updated_at'])
      expect([...list, ...match]).not.toContain(field);
  });
});

describe('the patches', () => {
  const reservation: Reservation = {
    deploymentId,
    attemptId: 'bbbbbbbb-0000-4000-8000-000000000002',
    entry: { started_at: '2026-11-22T08:32:40Z', image: 'ubuntu-24.04', digest: 'abc' },
    instanceInfo: { image_source: 'a', root_gb: 10 },
  };

  it('reserve a node and describe it in one change', () => {
    expect(reservingPatch(reservation)).toMatchObject([
      { op: 'add', path: '/instance_uuid', value: deploymentId },
      { op: 'add', path: '/instance_info', value: { image_source: 'a', root_gb: 10, [entryMember]: {} } },
    ]);
  });

  it("show the host name and the image as Ironic's display_name", () => {
    const entry = { ...reservation.entry, hostname: 'web-1' };
    expect(reservingPatch({ ...reservation, entry })[1]?.value).toMatchObject({ display_name: 'web-1 (ubuntu-24.04)' });
    expect(reservingPatch(reservation)[1]?.value).toMatchObject({ display_name: 'ubuntu-24.04' });
  });

  it('give it back only if our entry is still there', () => {
    const patch = releasingPatch(reservation);
    expect(patch[0]?.op).toBe('remove');
    expect(patch[0]?.path.startsWith(`/instance_info/${entryMember}/${deploymentId}`)).toBe(true);
    expect(patch.slice(1)).toEqual([
      { op: 'remove', path: '/instance_uuid' },
      { op: 'replace', path: '/instance_info', value: {} },
    ]);
  });

  it('record a boot report only if that very report is expected', () => {
    const report = { at: '2026-11-22T09:00:00Z', since: null, from: '10.0.0.7', host_keys: [] };
    const entry = `/instance_info/${entryMember}/${deploymentId}`;
    expect(bootPatch({ deploymentId, digest: 'ab'.repeat(32), report })).toEqual([
      { op: 'remove', path: `${entry}/expected/${'ab'.repeat(32)}` },
      { op: 'add', path: `${entry}/booted`, value: report },
    ]);
  });

  it('use no name that sounds like a secret, because Ironic would mask it', () => {
    const expected = { digest: 'ab'.repeat(32), seed: id };
    const report = { at: '2026-11-22T09:00:00Z', since: null, from: null, host_keys: ['SHA256:abc'] };
    const patches = [
      reservingPatch({ ...reservation, entry: { ...reservation.entry, expected } }),
      bootPatch({ deploymentId, digest: expected.digest, report }),
    ];
    expect(JSON.stringify(patches)).not.toMatch(/password|secret|token|credential|private/i);
  });
});
