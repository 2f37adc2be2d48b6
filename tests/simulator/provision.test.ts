import { describe, expect, it } from 'vitest';
import { setup } from './harness.js';

const name = 'rack1-small-01';

describe('a target', () => {
  it.each([
    ['active', 'active'],
    ['active', 'deploy'],
    ['available', 'deleted'],
    ['available', 'abort'],
    ['available', 'rebuild'],
    ['available', 'rescue'],
  ])('is refused if a node in state %s cannot reach it: %s', async (state, target) => {
    const sim = setup();
    const ident = state === 'active' ? 'rack1-small-04' : name;
    const { uuid } = await sim.node(ident);
    const { status, fault } = await sim.target(ident, target);
    expect(status).toBe(400);
    expect(fault).toBe(
      `The requested action "${target}" can not be performed on node "${uuid}" while it is in state "${state}".`,
    );
  });

  it('gives a conflict while the node is locked', async () => {
    const sim = setup();
    await sim.deploy(name);
    const { uuid } = await sim.node(name);
    for (const target of ['deleted', 'active', 'abort']) {
      const { status, fault } = await sim.target(name, target);
      expect(status).toBe(409);
      expect(fault).toBe(
        `Node ${uuid} is locked by host simulated-conductor, please retry after the current operation is completed.`,
      );
    }
  });

  it('depends on the state while the node waits for its agent', async () => {
    const sim = setup();
    await sim.deploy(name);
    sim.pass(10);
    expect((await sim.target(name, 'active')).status).toBe(400);
    expect((await sim.target(name, 'abort')).status).toBe(400);
    expect((await sim.target(name, 'deleted')).status).toBe(202);
  });

  it('must be a string', async () => {
    const sim = setup();
    const path = `/v1/nodes/${name}/states/provision`;
    expect((await sim.put(path, { target: 7 })).fault).toBe('Expected string for target: 7');
    expect((await sim.put(path, { target: null })).fault).toMatch(/^The requested action "None" can not be performed/);
    expect((await sim.put(path, [])).fault).toBe('Missing mandatory parameter: target');
  });

  it('cannot be the name of an event', async () => {
    const sim = setup();
    await sim.deploy(name);
    const { status, fault } = await sim.target(name, 'fail');
    expect(status).toBe(400);
    expect(fault).toBe('The requested action "fail" could not be understood.');
  });

  it.each([
    ['manage', '1.3'],
    ['provide', '1.3'],
    ['inspect', '1.5'],
    ['abort', '1.12'],
    ['clean', '1.14'],
    ['adopt', '1.16'],
    ['rescue', '1.37'],
    ['deploy', '1.72'],
    ['undeploy', '1.72'],
  ])('%s is not known in %s', async (target, version) => {
    const sim = setup();
    const { uuid } = await sim.node(name);
    expect((await sim.target(uuid, target, {}, version)).status).toBe(406);
  });

  it('cannot be posted', async () => {
    const { status, headers } = await setup().post(`/v1/nodes/${name}/states/provision`, { target: 'active' });
    expect(status).toBe(405);
    expect(headers.get('Allow')).toBe('GET');
  });

  it('may undeploy a node in maintenance, but not deploy it, by either name', async () => {
    const sim = setup();
    await sim.put('/v1/nodes/rack1-small-04/maintenance');
    const maintenance = /operation can't be performed on node .* because it's in maintenance mode\.$/;
    expect((await sim.target('rack1-small-04', 'rebuild')).fault).toMatch(maintenance);
    expect((await sim.target('rack2-large-04', 'deploy')).fault).toMatch(maintenance);
    expect((await sim.target('rack1-small-04', 'deleted')).status).toBe(202);
  });
});

describe('an argument beside a target', () => {
  it.each([
    [{ clean_steps: [{}] }, '"clean_steps" is only valid when setting target provision state to clean'],
    [{ rescue_password: 'x' }, '"rescue_password" is only valid when setting target provision state to rescue'],
    [{ disable_ramdisk: true }, 'disable_ramdisk is supported only with manual cleaning'],
    [
      { disable_ramdisk: 'maybe' },
      "Invalid disable_ramdisk: Unrecognized value 'maybe', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'",
    ],
  ])('must fit the target: %j', async (more, problem) => {
    const { status, fault } = await setup().target(name, 'active', more);
    expect(status).toBe(400);
    expect(fault).toBe(problem);
  });

  it('may be deploy_steps with a deployment, since 1.69', async () => {
    const sim = setup();
    const more = { deploy_steps: [{}] };
    expect((await sim.target(name, 'manage', more)).fault).toBe(
      '"deploy_steps" is only valid when setting target provision state to active or rebuild',
    );
    expect((await sim.target(name, 'active', more, '1.68')).status).toBe(406);
    expect((await sim.target('rack3-gpu-03', 'clean', { disable_ramdisk: true }, '1.69')).status).toBe(406);
  });
});

describe('a config drive', () => {
  const drive = (configdrive: unknown, version?: string, target = 'active') =>
    setup().target(name, target, { configdrive }, version);
  const accepted = /instance_info\.image_source/;

  it('may be an object with up to four members, base64, an address, or nothing', async () => {
    for (const each of [
      { meta_data: {}, user_data: [], network_data: { junk: 1 }, vendor_data: {} },
      'H4sIAAAA==',
      'https://x/',
      '',
      null,
      {},
    ]) {
      expect((await drive(each)).fault, JSON.stringify(each)).toMatch(accepted);
    }
    expect((await drive({ user_data: null })).fault).toMatch(accepted);
  });

  it('may be an object since 1.56, with vendor data since 1.59', async () => {
    expect((await drive({ user_data: 'x' }, '1.55')).fault).toBe(
      'Providing a JSON object for configdrive is only supported starting with API version 1.56',
    );
    expect((await drive({ vendor_data: {} }, '1.58')).fault).toBe(
      'Providing vendor_data in configdrive is only supported starting with API version 1.59',
    );
  });

  it('may come with a rebuild since 1.35', async () => {
    const sim = setup();
    const { fault } = await sim.target('rack1-small-04', 'rebuild', { configdrive: 'aa' }, '1.34');
    expect(fault).toBe('Adding a config drive is only supported when setting provision state to active');
  });

  it('cannot be anything else', async () => {
    expect((await drive(['x'])).fault).toBe(
      "Expected types <class 'NoneType'>, <class 'dict'>, <class 'str'> for configdrive: ['x']",
    );
    expect((await drive({ a: 1, b: "it's" })).fault).toContain("('a', 'b' were unexpected)");
    expect((await drive({ a: 1, b: "it's" })).fault).toContain(`{'a': 1, 'b': "it's"}`);
    expect((await drive({ user_data: true })).fault).toContain(
      "True is not of type 'object', 'array', 'string', 'null'\n\nFailed validating 'type' in schema[0]['properties']['user_data']:\n    {'type': ['object', 'array', 'string', 'null']}",
    );
    expect((await drive({ network_data: [] })).fault).toContain("[] is not of type 'object'");
    expect((await drive({ meta_data: null })).fault).toContain("None is not of type 'object'");
  });
});

describe('rescue', () => {
  it('is refused as in an Ironic whose rescue interface is off', async () => {
    const sim = setup();
    expect((await sim.target('rack1-small-04', 'rescue')).fault).toBe(
      'A non-empty "rescue_password" is required when setting target provision state to rescue',
    );
    const { status, fault } = await sim.target('rack1-small-04', 'rescue', { rescue_password: 'x' });
    expect(status).toBe(500);
    expect(fault).toMatch(/Validation failed: Driver fake-hardware does not support rescue/);
    await sim.put('/v1/nodes/rack1-small-04/maintenance');
    expect((await sim.target('rack1-small-04', 'rescue', { rescue_password: 'x' })).fault).toMatch(
      /^The rescuing operation/,
    );
  });
});
