import { describe, expect, it } from 'vitest';
import { setup } from './harness.js';

const name = 'rack1-small-01';
const managed = 'rack3-gpu-03';

describe('managing', () => {
  it('an enrolled node verifies it first', async () => {
    const sim = setup();
    await sim.post('/v1/nodes', { driver: 'fake-hardware', name: 'new' });
    expect((await sim.target('new', 'manage')).status).toBe(202);
    expect(await sim.node('new')).toMatchObject({
      provision_state: 'verifying',
      target_provision_state: 'manageable',
      reservation: 'simulated-conductor',
    });
    sim.pass(3);
    expect(await sim.node('new')).toMatchObject({
      provision_state: 'manageable',
      target_provision_state: null,
      power_state: 'power off',
      reservation: null,
    });
  });

  it('an available node makes it manageable at once, even if it is reserved', async () => {
    const sim = setup();
    await sim.set(name, 'instance_uuid', 'aaaaaaaa-0000-4000-8000-000000000001');
    expect((await sim.target(name, 'manage')).status).toBe(202);
    expect((await sim.node(name)).provision_state).toBe('manageable');
  });

  it('is followed by providing, which cleans the node and makes it available', async () => {
    const sim = setup();
    await sim.target(managed, 'provide');
    expect((await sim.node(managed)).provision_state).toBe('cleaning');
    sim.pass(20);
    expect((await sim.node(managed)).provision_state).toBe('available');
  });
});

describe('inspecting', () => {
  it('takes a while and records its dates', async () => {
    const sim = setup();
    expect((await sim.target(managed, 'inspect')).status).toBe(202);
    const patch = [{ op: 'add', path: '/extra/x', value: 1 }];
    expect((await sim.patch(`/v1/nodes/${managed}`, patch)).fault).toMatch(/while it is in state "inspecting"\.$/);
    sim.pass(2);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'inspect wait',
      inspection_started_at: '2026-11-22T08:00:00+00:00',
      inspection_finished_at: null,
    });
    expect((await sim.patch(`/v1/nodes/${managed}`, patch)).status).toBe(200);
    sim.pass(20);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'manageable',
      inspection_started_at: null,
      inspection_finished_at: '2026-11-22T08:00:11+00:00',
    });
  });

  it('keeps its old state name in versions without inspect wait', async () => {
    const sim = setup();
    await sim.target(managed, 'inspect');
    sim.pass(2);
    expect((await sim.get(`/v1/nodes/${managed}/states`, '1.38')).body.provision_state).toBe('inspecting');
    expect((await sim.target(managed, 'abort', {}, '1.40')).status).toBe(406);
  });

  it('can be aborted, and tried again', async () => {
    const sim = setup();
    await sim.target(managed, 'inspect');
    sim.pass(2);
    expect((await sim.target(managed, 'abort')).status).toBe(202);
    sim.pass(100);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'inspect failed',
      last_error: 'Inspection was aborted by request.',
      inspection_started_at: null,
    });
    expect((await sim.target(managed, 'inspect')).status).toBe(202);
  });

  it('is refused when the inspect interface is off', async () => {
    const sim = setup();
    await sim.set(managed, 'inspect_interface', 'no-inspect');
    expect((await sim.target(managed, 'inspect')).fault).toBe(
      'Driver fake-hardware does not support inspect (disabled or not implemented).',
    );
    expect((await sim.get(`/v1/nodes/${managed}/validate`)).body.inspect.result).toBe(false);
  });
});

describe('adopting', () => {
  it('makes a managed node active without deploying it', async () => {
    const sim = setup();
    expect((await sim.target(managed, 'adopt')).status).toBe(202);
    expect((await sim.node(managed)).provision_state).toBe('adopting');
    sim.pass(3);
    expect(await sim.node(managed)).toMatchObject({ provision_state: 'active', reservation: null });
  });
});

describe('power', () => {
  const path = `/v1/nodes/${name}/states/power`;

  it.each([
    ['power on', 'power on'],
    ['rebooting', 'power on'],
    ['soft rebooting', 'power on'],
    ['power off', 'power off'],
    ['soft power off', 'power off'],
  ])('is switched by %s', async (target, state) => {
    const sim = setup();
    const { status, headers } = await sim.put(path, { target });
    expect(status).toBe(202);
    expect(headers.get('Location')).toBe(`http://127.0.0.1:6385/v1/nodes/${name}/states`);
    expect(await sim.node(name)).toMatchObject({ target_power_state: state, reservation: 'simulated-conductor' });
    sim.pass(1);
    expect(await sim.node(name)).toMatchObject({ power_state: state, target_power_state: null, reservation: null });
  });

  it('is not switched by a wrong target, or during cleaning', async () => {
    const sim = setup();
    expect((await sim.put(path, { target: 'up' })).fault).toBe(
      'The requested action "up" can not be performed on node "rack1-small-01" while it is in state "power off".',
    );
    expect((await sim.put(path, {})).fault).toBe('Missing mandatory parameter: target');
    expect((await sim.put(path, { target: 'power on', x: 1 })).fault).toBe('Unexpected arguments: x');
    expect((await sim.put(path, { target: 'power on', timeout: 'x' })).fault).toBe(
      "Expected an integer for timeout: 'x'",
    );
    expect((await sim.put(path, { target: 'power on', timeout: 0 })).fault).toBe('timeout has to be positive integer');
    expect((await sim.put(path, { target: 'power on', timeout: 5 })).status).toBe(202);
    await sim.target(managed, 'provide');
    expect((await sim.put(`/v1/nodes/${managed}/states/power`, { target: 'power on' })).fault).toMatch(
      /while it is in state "cleaning"\.$/,
    );
  });

  it('can be switched softly, or with a timeout, since 1.27', async () => {
    const sim = setup();
    expect((await sim.put(path, { target: 'soft power off' }, '1.26')).status).toBe(406);
    expect((await sim.put(path, { target: 'power off', timeout: 3 }, '1.26')).status).toBe(406);
    expect((await sim.put(path, { target: 'power off' }, '1.26')).status).toBe(202);
  });

  it('is not switched while the node is locked', async () => {
    const sim = setup();
    sim.lock('rack1-small-01');
    expect((await sim.put(path, { target: 'power on' })).status).toBe(409);
  });
});
