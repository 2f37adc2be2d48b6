import { describe, expect, it } from 'vitest';
import { type Sim, setup } from './harness.js';

const used = 'rack1-small-04';
const managed = 'rack3-gpu-03';
const erase = { interface: 'deploy', step: 'erase_devices_metadata' };

async function states(sim: Sim, ident: string, seconds: number): Promise<string[]> {
  const seen: string[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const { provision_state: state } = await sim.node(ident);
    if (seen.at(-1) !== state) seen.push(state);
    sim.pass(1);
  }
  return seen;
}

describe('undeploying', () => {
  it('forgets the instance, cleans the server, and offers it again', async () => {
    const sim = setup();
    expect((await sim.target(used, 'deleted')).status).toBe(202);
    expect(await states(sim, used, 20)).toEqual([
      'deleting',
      'cleaning',
      'clean wait',
      'cleaning',
      'clean wait',
      'cleaning',
      'available',
    ]);
    expect(await sim.node(used)).toMatchObject({
      instance_uuid: null,
      instance_info: {},
      last_error: null,
      power_state: 'power off',
      target_provision_state: null,
      clean_step: {},
      reservation: null,
    });
  });

  it('keeps the instance until the server is torn down', async () => {
    const sim = setup();
    const { instance_uuid: instance } = await sim.node(used);
    await sim.target(used, 'undeploy');
    sim.pass(2);
    expect((await sim.node(used)).instance_uuid).toBe(instance);
    sim.pass(1.5);
    expect(await sim.node(used)).toMatchObject({ instance_uuid: null, provision_state: 'cleaning' });
    expect((await sim.get(`/v1/nodes?instance_uuid=${instance}`)).body.nodes).toEqual([]);
  });

  it('clears the error of a failed deployment', async () => {
    const sim = setup();
    await sim.deploy('rack3-large-fail-write-image');
    sim.pass(70);
    await sim.target('rack3-large-fail-write-image', 'deleted');
    expect((await sim.node('rack3-large-fail-write-image')).last_error).toBeNull();
    sim.pass(30);
    expect((await sim.node('rack3-large-fail-write-image')).provision_state).toBe('available');
  });

  it('frees the network cards', async () => {
    const sim = setup();
    await sim.post(`/v1/nodes/${used}/vifs`, { id: 'net-1' });
    await sim.target(used, 'deleted');
    sim.pass(5);
    expect((await sim.get(`/v1/nodes/${used}/vifs`)).body.vifs).toEqual([]);
  });

  it('ends in error when the server cannot be torn down, and can then be tried again', async () => {
    const sim = setup();
    await sim.set(used, 'extra', { sim: { fail: 'tear_down' } });
    await sim.target(used, 'deleted');
    sim.pass(10);
    expect(await sim.node(used)).toMatchObject({
      provision_state: 'error',
      target_provision_state: null,
      last_error: 'Failed to tear down: IPMI call failed: power off',
      instance_uuid: null,
      reservation: null,
    });
    await sim.set(used, 'extra', {});
    expect((await sim.target(used, 'deleted')).status).toBe(202);
    sim.pass(30);
    expect((await sim.node(used)).provision_state).toBe('available');
  });

  it('skips cleaning on servers with cleaning switched off', async () => {
    const sim = setup();
    await sim.set(used, 'automated_clean', false);
    await sim.target(used, 'deleted');
    sim.pass(4);
    expect((await sim.node(used)).provision_state).toBe('available');
  });

  it('does not offer retired servers again', async () => {
    const sim = setup();
    await sim.set(used, 'retired', true);
    await sim.target(used, 'deleted');
    sim.pass(30);
    expect((await sim.node(used)).provision_state).toBe('manageable');
  });
});

describe('automated cleaning', () => {
  it('takes the server out of use when a step fails', async () => {
    const sim = setup();
    await sim.set(used, 'extra', { sim: { fail: 'erase_devices_metadata' } });
    await sim.target(used, 'deleted');
    sim.pass(30);
    const node = await sim.node(used);
    const error = `Clean step deploy.erase_devices_metadata failed on node ${node.uuid}. /dev/sda is busy`;
    expect(node).toMatchObject({
      provision_state: 'clean failed',
      target_provision_state: 'available',
      last_error: error,
      maintenance: true,
      maintenance_reason: error,
      fault: 'clean failure',
      clean_step: {},
      reservation: null,
    });
    expect((await sim.get('/v1/nodes?fault=clean failure')).body.nodes).toHaveLength(1);
    expect((await sim.target(used, 'manage')).status).toBe(202);
    expect((await sim.node(used)).provision_state).toBe('manageable');
  });

  it('can be aborted while it waits for the agent', async () => {
    const sim = setup();
    await sim.target(managed, 'provide');
    sim.pass(2);
    expect((await sim.target(managed, 'abort')).status).toBe(202);
    expect((await sim.node(managed)).last_error).toBe('By request, the clean operation was aborted');
    sim.pass(2);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'clean failed',
      reservation: null,
      maintenance: false,
    });
  });

  it('waits until it is aborted when its step hangs', async () => {
    const sim = setup();
    await sim.set(managed, 'extra', { sim: { hang: 'erase_devices_metadata' } });
    await sim.target(managed, 'provide');
    sim.pass(100_000);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'clean wait',
      clean_step: { step: 'erase_devices_metadata' },
      driver_internal_info: { clean_steps: [{ step: 'erase_devices_metadata' }], clean_step_index: 0 },
    });
    await sim.target(managed, 'abort');
    expect((await sim.node(managed)).last_error).toBe(
      'By request, the clean operation was aborted during or after the completion of step "deploy.erase_devices_metadata"',
    );
    sim.pass(5);
    expect((await sim.node(managed)).driver_internal_info).toMatchObject({ clean_steps: null });
  });
});

describe('manual cleaning', () => {
  it('runs the requested steps and leaves the server manageable', async () => {
    const sim = setup();
    expect((await sim.target(managed, 'clean', { clean_steps: [erase] })).status).toBe(202);
    expect((await sim.node(managed)).target_provision_state).toBe('manageable');
    sim.pass(2);
    expect(await sim.node(managed)).toMatchObject({
      provision_state: 'clean wait',
      target_provision_state: 'manageable',
    });
    sim.pass(30);
    expect(await sim.node(managed)).toMatchObject({ provision_state: 'manageable', target_provision_state: null });
  });

  it('fails on an unknown step, without maintenance', async () => {
    const sim = setup();
    await sim.target(managed, 'clean', { clean_steps: [erase, { interface: 'bios', step: 'nonesuch', args: {} }] });
    sim.pass(5);
    const node = await sim.node(managed);
    expect(node).toMatchObject({
      provision_state: 'clean failed',
      target_provision_state: 'manageable',
      maintenance: false,
      fault: null,
      last_error: `Cannot clean node ${node.uuid}: node does not support this clean step: {'interface': 'bios', 'step': 'nonesuch', 'args': {}}`,
    });
  });

  it('requires well-formed steps, and a node that is not in maintenance', async () => {
    const sim = setup();
    const without = '"clean_steps" is required when setting target provision state to clean';
    expect((await sim.target(managed, 'clean')).fault).toBe(without);
    expect((await sim.target(managed, 'clean', { clean_steps: [] })).fault).toBe(without);
    expect((await sim.target(managed, 'clean', { clean_steps: [{ step: 'x' }] })).fault).toBe(
      "Invalid clean_steps: 'interface' is a required property",
    );
    await sim.put(`/v1/nodes/${managed}/maintenance`);
    expect((await sim.target(managed, 'clean', { clean_steps: [erase] })).fault).toMatch(
      /^The cleaning operation can't/,
    );
  });
});
