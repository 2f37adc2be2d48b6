import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPorts } from '../support/tenant-ports.js';
import { type Sim, setup } from './harness.js';

const name = 'rack1-small-01';

/** What a client sees that reads a node every second: each change, with the second of its first sight. */
async function watch(
  sim: Sim,
  ident: string,
  seconds: number,
): Promise<[number, string, string | undefined, boolean][]> {
  const seen: [number, string, string | undefined, boolean][] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const { provision_state: state, deploy_step: step, reservation } = await sim.node(ident);
    const last = seen.at(-1);
    const now = [state, step.step, reservation !== null] as const;
    if (!last || now.some((value, index) => value !== last[index + 1])) seen.push([second, ...now]);
    sim.pass(1);
  }
  return seen;
}

describe('a deployment', () => {
  it('takes a minute, through the steps of the direct interface', async () => {
    const sim = setup();
    expect((await sim.deploy(name)).status).toBe(202);
    expect(await watch(sim, name, 62)).toEqual([
      [0, 'deploying', undefined, true],
      [2, 'deploying', 'deploy', true],
      [3, 'wait call-back', 'deploy', false],
      [23, 'deploying', 'deploy', true],
      [24, 'deploying', 'write_image', true],
      [25, 'wait call-back', 'write_image', false],
      [47, 'deploying', 'write_image', true],
      [48, 'deploying', 'prepare_instance_boot', true],
      [51, 'deploying', 'tear_down_agent', true],
      [55, 'deploying', 'switch_to_tenant_network', true],
      [56, 'deploying', 'boot_instance', true],
      [60, 'active', undefined, true],
      [61, 'active', undefined, false],
    ]);
  });

  it('gets an empty body and the address of the states as its answer', async () => {
    const sim = setup();
    const { status, body, headers } = await sim.deploy(name);
    expect(status).toBe(202);
    expect(body).toBeUndefined();
    expect(headers.get('Location')).toBe(`http://127.0.0.1:6385/v1/nodes/${name}/states`);
  });

  it('ends in the same state for a client that reads only once, after it', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(3600);
    const node = await sim.node(name);
    expect(node).toMatchObject({
      provision_state: 'active',
      target_provision_state: null,
      provision_updated_at: '2026-11-22T08:01:00+00:00',
      power_state: 'power on',
      deploy_step: {},
      last_error: null,
      reservation: null,
    });
    expect(node.driver_internal_info).toEqual({
      is_whole_disk_image: true,
      deploy_steps: null,
      last_power_state_change: '2026-11-22T08:01:00',
      agent_version: '9.4.0',
      agent_last_heartbeat: '2026-11-22T08:00:47',
      agent_cached_deploy_steps_refreshed: '2026-11-22T08:00:23',
    });
  });

  it('goes faster in a faster cloud', async () => {
    const sim = setup({ speed: 60 });
    await sim.deploy(name);
    sim.pass(1.1);
    expect((await sim.node(name)).provision_state).toBe('active');
  });

  it('sends heartbeats, and each one changes provision_updated_at', async () => {
    const sim = setup();
    await sim.deploy(name);
    const moments = new Set<string>();
    for (let second = 0; second < 47; second += 1) {
      moments.add((await sim.node(name)).provision_updated_at);
      sim.pass(1);
    }
    const seconds = [...moments].map((moment) => moment.slice('2026-11-22T08:'.length, -'+00:00'.length));
    expect(seconds).toEqual(['00:00', '00:03', '00:23', '00:25', '00:35', '00:45']);
  });

  it('shows all steps, and the present one', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(10);
    const node = await sim.node(name);
    expect(node.deploy_step).toEqual({ step: 'deploy', priority: 100, argsinfo: null, interface: 'deploy' });
    expect(node.driver_internal_info.deploy_step_index).toBe(0);
    expect(node.driver_internal_info.deploy_steps.map(({ step }: { step: string }) => step)).toEqual([
      'deploy',
      'write_image',
      'prepare_instance_boot',
      'tear_down_agent',
      'switch_to_tenant_network',
      'boot_instance',
    ]);
    expect(node.driver_internal_info).not.toHaveProperty('agent_last_heartbeat');
    expect(node.power_state).toBe('power on');
  });

  it("gets more steps from the agent's first heartbeat", async () => {
    const sim = setup();
    await sim.deploy('rack3-gpu-01');
    sim.pass(22);
    expect((await sim.node('rack3-gpu-01')).driver_internal_info.deploy_steps).toHaveLength(6);
    sim.pass(2);
    const { driver_internal_info: info } = await sim.node('rack3-gpu-01');
    expect(info.deploy_steps).toHaveLength(7);
    expect(info.deploy_steps[2]).toMatchObject({ step: 'inject_files', priority: 65 });
    sim.pass(50);
    expect((await sim.node('rack3-gpu-01')).provision_state).toBe('active');
  });

  it('adds what Glance knows about the image, and keeps the rest of instance_info', async () => {
    const sim = setup();
    await sim.deploy(name, { display_name: 'web', root_gb: 10 }, { configdrive: { user_data: 'x' } });
    sim.pass(2);
    expect((await sim.node(name)).instance_info).toMatchObject({
      image_source: await sim.image('ubuntu-24.04'),
      display_name: 'web',
      root_gb: 10,
      image_type: 'whole-disk',
      configdrive: '******',
      image_url: '******',
      image_os_hash_algo: 'sha512',
      image_disk_format: 'qcow2',
      image_container_format: 'bare',
      image_tags: ['baremetal'],
    });
  });

  it('of an image URL needs a checksum, but no Glance', async () => {
    const sim = setup();
    const image_source = 'http://images.example.com/a.qcow2';
    const { uuid } = await sim.node(name);
    const { status, fault } = await sim.deploy(name, { image_source });
    expect(status).toBe(400);
    expect(fault).toBe(
      `Failed to validate deploy or power info for node ${uuid}: image_source's "image_checksum", or "image_os_hash_algo" and "image_os_hash_value" must be provided in instance_info for node ${uuid}`,
    );
    expect((await sim.deploy(name, { image_source, image_os_hash_algo: 'sha256' })).status).toBe(400);
    expect((await sim.deploy(name, { image_source: 'file:///srv/a.raw' })).status).toBe(202);
    expect((await sim.deploy('rack1-small-02', { image_source, image_checksum: 'abc' })).status).toBe(202);
    sim.pass(70);
    expect((await sim.node('rack1-small-02')).provision_state).toBe('active');
  });

  it('of a partition image needs a size', async () => {
    const sim = setup();
    const rocky = await sim.image('rocky-9');
    await sim.deploy(name, { image_source: rocky });
    await sim.deploy('rack1-small-02', { image_source: rocky, root_gb: 20 });
    sim.pass(70);
    expect((await sim.node(name)).last_error).toBe(
      "Failed to prepare to deploy: Some parameters were missing in node's instance_info. Missing are: ['root_gb']",
    );
    expect(await sim.node('rack1-small-02')).toMatchObject({
      provision_state: 'active',
      instance_info: { image_type: 'partition' },
      driver_internal_info: { is_whole_disk_image: false },
    });
  });

  it('works on a node without an instance, because Ironic does not check whose it is', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(70);
    expect(await sim.node(name)).toMatchObject({ provision_state: 'active', instance_uuid: null });
  });

  it('waits while the node is in maintenance', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(30);
    await sim.put(`/v1/nodes/${name}/maintenance`);
    sim.pass(600);
    expect((await sim.node(name)).provision_state).toBe('wait call-back');
    await sim.delete(`/v1/nodes/${name}/maintenance`);
    sim.pass(60);
    expect((await sim.node(name)).provision_state).toBe('active');
  });

  it('can be repeated by a rebuild, which asks Glance again', async () => {
    const sim = setup();
    await sim.deploy(name, { kernel: 'old' });
    sim.pass(70);
    expect((await sim.target(name, 'rebuild', { configdrive: { meta_data: {} } })).status).toBe(202);
    const node = await sim.node(name);
    expect(node.provision_state).toBe('deploying');
    expect(node.instance_info).not.toHaveProperty('kernel');
    sim.pass(70);
    expect((await sim.node(name)).provision_state).toBe('active');
  });
});

describe("a deployment with Ironic's fake interface", () => {
  it('needs no image, has one step, and waits for no agent', async () => {
    const sim = setup();
    await sim.post('/v1/nodes', { driver: 'fake-hardware', name: 'fake' }, '1.10');
    expect((await sim.target('fake', 'active')).status).toBe(202);
    sim.pass(3);
    const { provision_state: state, driver_internal_info: info } = await sim.node('fake');
    expect(state).toBe('deploying');
    expect(info.deploy_steps).toEqual([expect.objectContaining({ step: 'deploy' })]);
    sim.pass(25);
    expect((await sim.node('fake')).provision_state).toBe('active');
  });
});

describe('deploy steps that a user requests', () => {
  const step = (name: string, priority: unknown, more: object = {}) => ({
    interface: 'deploy',
    step: name,
    args: {},
    priority,
    ...more,
  });

  it('replace the steps of the same name, or switch them off', async () => {
    const sim = setup();
    await sim.deploy(name, {}, { deploy_steps: [step('switch_to_tenant_network', 25), step('boot_instance', '0')] });
    sim.pass(5);
    const { deploy_steps: steps, user_deploy_steps: asked } = (await sim.node(name)).driver_internal_info;
    expect(steps.map(({ step, priority }: { step: string; priority: number }) => [step, priority]).slice(3)).toEqual([
      ['tear_down_agent', 40],
      ['switch_to_tenant_network', 25],
    ]);
    expect(asked).toHaveLength(2);
    sim.pass(70);
    expect(await sim.node(name)).toMatchObject({ provision_state: 'active', power_state: 'power off' });
  });

  it('fail at the first heartbeat if they are unknown', async () => {
    const sim = setup();
    const { status } = await sim.deploy(name, {}, { deploy_steps: [step('nonesuch', 50)] });
    expect(status).toBe(202);
    sim.pass(70);
    const { provision_state: state, last_error: error, uuid } = await sim.node(name);
    expect(state).toBe('deploy failed');
    expect(error).toBe(
      `Failed to validate the final deploy steps list for node ${uuid}: node does not support this deploy step: {'interface': 'deploy', 'step': 'nonesuch', 'args': {}, 'priority': 50}`,
    );
  });

  it.each([
    [7, "Expected types <class 'NoneType'>, <class 'list'> for deploy_steps: 7"],
    [[7], "Invalid deploy_steps: 7 is not of type 'object'"],
    [[{ interface: 'deploy', step: 'x', args: {} }], "Invalid deploy_steps: 'priority' is a required property"],
    [
      [step('x', 1, { from: 1 })],
      "Invalid deploy_steps: Additional properties are not allowed ('from' was unexpected)",
    ],
    [
      [step('x', 1, { interface: 'moon' })],
      "Invalid deploy_steps: 'moon' is not one of ['power', 'management', 'deploy', 'bios', 'raid']",
    ],
    [[step('', 1)], "Invalid deploy_steps: '' is not of type 'string'"],
    [[step('x', 1, { args: [] })], "Invalid deploy_steps: [] is not of type 'object'"],
    [[step('x', -1)], 'Invalid deploy_steps: -1 is not valid under any of the given schemas'],
  ])('are refused if they are malformed: %j', async (steps, problem) => {
    const { status, fault } = await setup().deploy(name, {}, { deploy_steps: steps });
    expect(status).toBe(400);
    expect(fault).toBe(problem);
  });
});

describe('a deployment that fails', () => {
  it('in a step of the agent names the step in the history only, because the power-off clears last_error', async () => {
    const sim = setup();
    const broken = 'rack3-large-fail-write-image';
    const instance = 'aaaaaaaa-0000-4000-8000-000000000001';
    await sim.set(broken, 'instance_uuid', instance);
    await sim.deploy(broken, { display_name: 'web' });
    sim.pass(70);
    const node = await sim.node(broken);
    const error = `Deploy step deploy.write_image failed on node ${node.uuid}. Writing image to device /dev/sda failed with exit code 1. stderr: No space left on device`;
    expect(node).toMatchObject({
      provision_state: 'deploy failed',
      target_provision_state: 'active',
      last_error: null,
      instance_uuid: instance,
      instance_info: { display_name: 'web' },
      deploy_step: {},
      driver_internal_info: { deploy_steps: null },
      power_state: 'power off',
      maintenance: false,
      fault: null,
    });
    expect((await sim.get(`/v1/nodes/${broken}/history`)).body.history[0].event).toBe(error);
  });

  it('shows its error a second before its state, and releases the lock a moment later', async () => {
    const sim = setup();
    const broken = 'rack3-large-fail-write-image';
    await sim.deploy(broken);
    sim.pass(47.5);
    expect(await sim.node(broken)).toMatchObject({
      provision_state: 'wait call-back',
      last_error: expect.stringContaining('write_image'),
      reservation: 'simulated-conductor',
    });
    sim.pass(0.6);
    expect(await sim.node(broken)).toMatchObject({
      provision_state: 'deploy failed',
      reservation: 'simulated-conductor',
    });
    sim.pass(0.3);
    expect((await sim.node(broken)).reservation).toBeNull();
  });

  it('can be repeated in place, and starts without the old error', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { fail: 'prepare_instance_boot' } });
    await sim.deploy(name);
    sim.pass(70);
    expect((await sim.node(name)).last_error).toBe(
      'Deploy step deploy.prepare_instance_boot failed: Failed to install a bootloader: no EFI system partition found on /dev/sda.',
    );
    await sim.set(name, 'extra', {});
    expect((await sim.target(name, 'active')).status).toBe(202);
    expect((await sim.node(name)).last_error).toBeNull();
    sim.pass(70);
    expect((await sim.node(name)).provision_state).toBe('active');
    expect((await sim.get(`/v1/nodes/${name}/history`)).body.history).toHaveLength(1);
  });

  it('is accepted first if its image is the cause', async () => {
    const sim = setup();
    const cases: readonly (readonly [string, object, RegExp])[] = [
      [
        'rack1-small-01',
        { image_source: await sim.image('fedora-41') },
        /^Failed to prepare to deploy: Image \S+ is unacceptable: The image is required to be in an active state\.$/,
      ],
      [
        'rack1-small-02',
        { image_source: '11111111-2222-3333-4444-555555555555' },
        /^Failed to prepare to deploy: Image 11111111-\S+ could not be found\.$/,
      ],
      [
        'rack1-small-03',
        { image_source: await sim.image('broken-image') },
        /^Deploy step deploy\.write_image failed on node \S+ Image failed to verify against checksum\. location: \/dev\/sda; image ID: /,
      ],
      [
        'rack2-large-01',
        { image_source: 'https://nowhere.invalid:8443/i?x', image_checksum: 'x' },
        /HTTPSConnectionPool\(host='nowhere\.invalid', port=8443\): Max retries exceeded with url: \/i .*Name or service not known/,
      ],
      [
        'rack2-large-02',
        { image_source: 'http://nowhere.invalid', image_checksum: 'x' },
        /HTTPConnectionPool\(host='nowhere\.invalid', port=80\): Max retries exceeded with url: \/ /,
      ],
      [
        'rack3-gpu-01',
        { image_source: 'bogus', image_type: 'whole-disk', image_checksum: 'x' },
        /Validation of image href bogus failed, reason: Scheme-less image href is not a UUID\.$/,
      ],
    ];
    for (const [node, info] of cases) expect((await sim.deploy(node, info)).status).toBe(202);
    sim.pass(100);
    for (const [ident, , error] of cases) {
      const { provision_state: state, last_error: text } = await sim.node(ident);
      expect(state).toBe('deploy failed');
      const { body } = await sim.get(`/v1/nodes/${ident}/history`);
      expect(text ?? body.history.at(-1).event).toMatch(error);
    }
  });

  it.each(['bogus', 'ftp://example.com/i'])(
    'crashes Ironic if its image_source is not an image: %s',
    async (image_source) => {
      const { status, fault } = await setup().deploy(name, { image_source });
      expect(status).toBe(500);
      expect(fault).toMatch(/^Validation of image href .* failed, reason: /);
    },
  );

  it('can do so in any step, with any message', async () => {
    const sim = setup();
    const steps = ['deploy', 'write_image', 'prepare_instance_boot', 'tear_down_agent', 'boot_instance'];
    for (const step of steps) {
      await sim.set(name, 'extra', { sim: { fail: step, message: 'the cat' } });
      await sim.deploy(name);
      sim.pass(70);
      const { body } = await sim.get(`/v1/nodes/${name}/history`);
      expect(body.history.at(-1).event).toMatch(new RegExp(`^Deploy step deploy\\.${step} failed.*the cat`));
    }
    await sim.set(name, 'extra', { sim: { fail: 'boot_instance' } });
    await sim.deploy(name);
    sim.pass(70);
    expect((await sim.node(name)).last_error).toContain('IPMI call failed: power status');
  });

  it('fails after the image is written if the neutron interface has no port attached', async () => {
    const sim = setup();
    addPorts(sim.world, 'net-1');
    await sim.set(name, 'network_interface', 'neutron');
    await sim.deploy(name);
    sim.pass(50);
    expect((await sim.node(name)).deploy_step.step).toBe('prepare_instance_boot');
    sim.pass(20);
    const { last_error: error, uuid } = await sim.node(name);
    expect(error).toBe(
      `Error changing node ${uuid} to tenant networks after deploy. NetworkError: No neutron ports or portgroups are associated with node ${uuid}`,
    );
    await sim.post(`/v1/nodes/${name}/vifs`, { id: 'net-1' });
    await sim.target(name, 'active');
    sim.pass(70);
    expect((await sim.node(name)).provision_state).toBe('active');
  });
});

describe('a deployment that hangs', () => {
  it('in a step of the agent fails after half an hour', async () => {
    const sim = setup();
    await sim.set(name, 'name', 'box-hang-write-image-01');
    await sim.deploy('box-hang-write-image-01');
    sim.pass(1800);
    expect((await sim.node('box-hang-write-image-01')).provision_state).toBe('wait call-back');
    sim.pass(30);
    const { provision_state: state, last_error: error, uuid } = await sim.node('box-hang-write-image-01');
    expect(state).toBe('deploy failed');
    expect(error).toBe(`Timeout reached while waiting for callback for node ${uuid}`);
  });

  it('because its agent died still shows the last heartbeat, and the power as on until the end', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { lose_agent: 'write_image' } });
    await sim.deploy(name);
    sim.pass(60);
    const { deploy_step: step, driver_internal_info: info } = await sim.node(name);
    expect(step.step).toBe('write_image');
    sim.pass(1700);
    expect(await sim.node(name)).toMatchObject({
      provision_state: 'wait call-back',
      power_state: 'power on',
      driver_internal_info: { agent_last_heartbeat: info.agent_last_heartbeat },
    });
    sim.pass(100);
    expect(await sim.node(name)).toMatchObject({
      provision_state: 'deploy failed',
      last_error: expect.stringMatching(/^Timeout reached while waiting for callback/),
      driver_internal_info: { agent_last_heartbeat: info.agent_last_heartbeat },
    });
  });

  it('because its agent died while it booted shows no heartbeat', async () => {
    const sim = setup();
    await sim.set(name, 'name', 'box-lose-agent-deploy');
    await sim.deploy('box-lose-agent-deploy');
    sim.pass(1900);
    const { provision_state: state, driver_internal_info: info } = await sim.node('box-lose-agent-deploy');
    expect(state).toBe('deploy failed');
    expect(info).not.toHaveProperty('agent_last_heartbeat');
  });

  it('whose BMC dies afterwards is locked, then in maintenance', async () => {
    const sim = setup();
    await sim.set(name, 'name', 'box-dead-bmc');
    await sim.deploy('box-dead-bmc');
    sim.pass(100);
    expect(await sim.node('box-dead-bmc')).toMatchObject({
      provision_state: 'active',
      reservation: expect.any(String),
    });
    sim.pass(200);
    expect(await sim.node('box-dead-bmc')).toMatchObject({
      provision_state: 'active',
      reservation: null,
      maintenance: true,
      fault: 'power failure',
      power_state: null,
    });
  });

  it('whose server loses its power afterwards shows only when its power changed', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { after: 'power_loss' } });
    await sim.deploy(name);
    sim.pass(70);
    const before = await sim.node(name);
    sim.pass(60);
    const { driver_internal_info: info, ...after } = await sim.node(name);
    expect(after).toMatchObject({ provision_state: 'active', power_state: 'power on', last_error: null });
    expect(info).not.toEqual(before.driver_internal_info);
  });

  it('can be undeployed while it waits for the agent', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { hang: 'deploy' } });
    await sim.deploy(name);
    sim.pass(100);
    expect((await sim.target(name, 'deleted')).status).toBe(202);
    sim.pass(30);
    expect((await sim.node(name)).provision_state).toBe('available');
    sim.pass(5000);
    expect((await sim.node(name)).provision_state).toBe('available');
  });

  it('goes on when its server, which somebody switched off, is on again', async () => {
    const sim = setup();
    const power = (target: string) => sim.put(`/v1/nodes/${name}/states/power`, { target });
    await sim.deploy(name);
    sim.pass(30);
    await power('power off');
    sim.pass(600);
    expect(await sim.node(name)).toMatchObject({ provision_state: 'wait call-back', power_state: 'power off' });
    await power('power on');
    sim.pass(60);
    expect((await sim.node(name)).provision_state).toBe('active');
    await sim.target(name, 'rebuild');
    sim.pass(30);
    await power('power off');
    sim.pass(2000);
    expect((await sim.node(name)).last_error).toMatch(/^Timeout reached while waiting for callback/);
  });

  it('goes on at the next heartbeat if its node was locked during one', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(46.5);
    await sim.put(`/v1/nodes/${name}/states/power`, { target: 'rebooting' });
    sim.pass(1);
    expect((await sim.node(name)).provision_state).toBe('wait call-back');
    sim.pass(60);
    expect(await sim.node(name)).toMatchObject({ provision_state: 'active', reservation: null });
  });

  it('in a step of the conductor holds the lock forever', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { hang: 'tear_down_agent' } });
    await sim.deploy(name);
    sim.pass(1_000_000);
    expect(await sim.node(name)).toMatchObject({
      provision_state: 'deploying',
      deploy_step: { step: 'tear_down_agent' },
      reservation: 'simulated-conductor',
    });
  });
});

describe("a server's fate", () => {
  it('can make every step slow', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { step_seconds: 100 } });
    await sim.deploy(name);
    sim.pass(500);
    expect((await sim.node(name)).deploy_step.step).toBe('switch_to_tenant_network');
    sim.pass(200);
    expect((await sim.node(name)).provision_state).toBe('active');
  });

  it('can make every step take no time', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { step_seconds: 0 } });
    await sim.deploy(name);
    sim.pass(10);
    expect((await sim.node(name)).provision_state).toBe('active');
  });

  it('is ignored when its script is malformed', async () => {
    const sim = setup();
    await sim.set(name, 'extra', { sim: { fail: 1, hang: [], message: {}, step_seconds: -1 } });
    await sim.deploy(name);
    sim.pass(70);
    expect((await sim.node(name)).provision_state).toBe('active');
  });

  it('does not follow from a name that only looks similar', async () => {
    const sim = setup();
    await sim.set(name, 'name', 'db-fail-over');
    await sim.deploy('db-fail-over');
    sim.pass(70);
    expect((await sim.node('db-fail-over')).provision_state).toBe('active');
  });
});

describe('validation', () => {
  it('finds wrong data, but not missing images or dead addresses', async () => {
    const sim = setup();
    const deploy = async (info: object) => {
      await sim.set(name, 'instance_info', info);
      return (await sim.get(`/v1/nodes/${name}/validate`)).body.deploy;
    };
    const { uuid } = await sim.node(name);
    expect(await deploy({ image_source: '11111111-2222-3333-4444-555555555555' })).toEqual({ result: true });
    expect(await deploy({ image_source: 'http://x.invalid/', image_checksum: 'x' })).toEqual({ result: true });
    expect((await deploy({})).reason).toContain('instance_info.image_source');
    // Ironic replaces a type that it does not know before it looks.
    expect(await deploy({ image_source: uuid, image_type: 'odd' })).toEqual({ result: true });
    expect((await deploy({ image_source: uuid, traits: ['CUSTOM_NOPE'] })).reason).toBe(
      `Cannot specify instance traits that are not also set on the node. Node ${uuid} is missing traits CUSTOM_NOPE`,
    );
    expect((await deploy({ image_source: uuid, traits: 'x' })).reason).toMatch(/^Error parsing traits from Node/);
    expect((await deploy({ image_source: 'bogus', image_checksum: 'x' })).reason).toContain('Scheme-less');
  });

  it('says what the hardware does not support', async () => {
    const { body } = await setup().get('/v1/nodes/rack1-small-01/validate');
    expect(body.rescue).toEqual({
      result: false,
      reason: 'Driver fake-hardware does not support rescue (disabled or not implemented).',
    });
    expect(body.power).toEqual({ result: true });
    expect(body.inspect).toEqual({ result: true });
  });

  it('is available at both addresses', async () => {
    const sim = setup();
    const { uuid } = await sim.node(name);
    const { body } = await sim.get(`/v1/nodes/${name}/validate`);
    expect((await sim.get(`/v1/nodes/validate?node=${name}`)).body).toEqual(body);
    expect((await sim.get(`/v1/nodes/validate?node_uuid=${uuid}`)).body).toEqual(body);
    expect((await sim.get(`/v1/nodes/validate?node=${name}`, '1.4')).status).toBe(406);
    expect((await sim.get('/v1/nodes/validate')).status).toBe(404);
  });
});

describe('a machine that was asked to report', () => {
  const posted: { readonly path: string; readonly form: URLSearchParams }[] = [];
  let server: Server;
  let base: string;
  let onPost: () => void;
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const form = new URLSearchParams(String((await request.setEncoding('utf8').toArray()).join('')));
      posted.push({ path: String(request.url), form });
      response.writeHead(204).end();
      onPost();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/boot`;
  });
  afterAll(() => server.close());

  /** Deploys with a config drive, and lets the system boot. */
  async function boot(text: string, more: object = {}, faults: object = {}) {
    const sim = setup({ reportsTo: base });
    await sim.set(name, 'extra', { sim: faults });
    await sim.deploy(name, {}, { configdrive: { vendor_data: { 'cloud-init': text }, ...more } });
    sim.pass(62);
    expect((await sim.node(name)).provision_state).toBe('active');
    sim.pass(30);
    await sim.node(name);
  }

  const order = (url: string) => `#cloud-config\n${JSON.stringify({ phone_home: { url } })}\n`;

  it('posts its host keys in the form of cloud-init only when it has booted, and only to the place of the setting', async () => {
    const arrived = new Promise<void>((resolve) => {
      onPost = resolve;
    });
    await boot(order('http://127.0.0.1:2/elsewhere'));
    await boot(order(`${base}er/prefix`));
    await boot(order(`${base}/own`), { user_data: '#cloud-config\nphone_home: {}\n' });
    await boot('#cloud-config\nnot: {json');
    await boot(order(`${base}/never`), {}, { after: 'never_boots' });
    await boot(order(`${base}/id`));
    await arrived;
    expect(posted.map(({ path }) => path)).toEqual(['/boot/id']);
    const form = Object.fromEntries(posted[0]?.form ?? []);
    expect(form).toEqual({
      pub_key_rsa: 'N/A',
      pub_key_ed25519: expect.stringMatching(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43} root@simulated$/),
    });
  });
});
