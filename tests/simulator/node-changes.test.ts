import { describe, expect, it } from 'vitest';
import { setup } from './harness.js';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';
const node = '/v1/nodes/rack1-small-01';
const add = (path: string, value: unknown) => ({ op: 'add', path, value });
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });
const remove = (path: string) => ({ op: 'remove', path });

describe('reserving a server', () => {
  it('takes one patch, which also describes the instance', async () => {
    const sim = setup();
    const info = { image_source: 'http://127.0.0.1/i.qcow2', root_gb: 10 };
    const { status, body } = await sim.patch(node, [add('/instance_uuid', A), add('/instance_info', info)]);
    expect(status).toBe(200);
    expect(body).toMatchObject({ instance_uuid: A, instance_info: info, provision_state: 'available' });
    expect((await sim.get(`/v1/nodes?instance_uuid=${A}`)).body.nodes[0].name).toBe('rack1-small-01');
  });

  it("a second time is refused with Ironic's own message", async () => {
    const sim = setup();
    const { body } = await sim.patch(node, [add('/instance_uuid', A)]);
    for (const again of [add('/instance_uuid', B), replace('/instance_uuid', B)]) {
      const { status, fault } = await sim.patch(node, [again]);
      expect(status).toBe(409);
      expect(fault).toBe(`Node ${body.uuid} is associated with instance ${A}.`);
    }
  });

  it('with the same instance again succeeds and changes nothing', async () => {
    const sim = setup();
    await sim.patch(node, [add('/instance_uuid', A)]);
    expect((await sim.patch(node, [add('/instance_uuid', A)])).status).toBe(200);
  });

  it('for an instance that another server has is refused', async () => {
    const sim = setup();
    await sim.patch(node, [add('/instance_uuid', A)]);
    const other = await sim.node('rack1-small-02');
    const { status, fault } = await sim.patch('/v1/nodes/rack1-small-02', [add('/instance_uuid', A)]);
    expect(status).toBe(409);
    expect(fault).toBe(
      `Instance ${A} is already associated with a node, it cannot be associated with this other node ${other.uuid}`,
    );
  });

  it('works on nodes that are not available or are in maintenance, because Ironic does not check', async () => {
    const sim = setup();
    expect((await sim.set('rack3-gpu-03', 'instance_uuid', A)).status).toBe(200);
    expect((await sim.set('rack2-large-04', 'instance_uuid', B)).status).toBe(200);
  });

  it('can be undone, also on a node in use', async () => {
    const sim = setup();
    for (const name of ['rack1-small-01', 'rack1-small-04']) {
      const { status, body } = await sim.patch(`/v1/nodes/${name}`, [remove('/instance_uuid')]);
      expect(status).toBe(200);
      expect(body.instance_uuid).toBeNull();
    }
    expect((await sim.get('/v1/nodes?associated=true')).body.nodes).toHaveLength(1);
  });
});

describe('a patch', () => {
  it('is refused during a transition, whether the node is locked or not', async () => {
    const sim = setup();
    await sim.deploy('rack1-small-01');
    for (const seconds of [0, 10]) {
      sim.pass(seconds);
      const { status, fault } = await sim.patch(node, [add('/extra/zz', '1')]);
      expect(status).toBe(409);
      expect(fault).toBe('Node rack1-small-01 can not be updated while a state transition is in progress.');
    }
    expect((await sim.node('rack1-small-01')).provision_state).toBe('wait call-back');
  });

  it('is refused while the node is locked', async () => {
    const sim = setup();
    sim.lock('rack1-small-01');
    const { uuid } = await sim.node('rack1-small-01');
    const start = sim.now();
    const { status, fault } = await sim.patch(node, [add('/extra/zz', '1')]);
    expect(status).toBe(409);
    expect(fault).toBe(
      `Node ${uuid} is locked by host simulated-conductor, please retry after the current operation is completed.`,
    );
    // Three tries, a second apart.
    expect(sim.now() - start).toBe(2_000);
  });

  it('waits for a short lock', async () => {
    const sim = setup();
    await sim.put(`${node}/states/power`, { target: 'power on' });
    expect((await sim.patch(node, [add('/extra/zz', '1')])).body).toMatchObject({
      extra: { zz: '1' },
      power_state: 'power on',
    });
  });

  it('may release a node in maintenance even during a transition', async () => {
    const sim = setup();
    await sim.set('rack1-small-01', 'instance_uuid', A);
    await sim.deploy('rack1-small-01');
    sim.pass(10);
    await sim.put(`${node}/maintenance`, { reason: 'stuck' });
    expect((await sim.patch(node, [remove('/instance_uuid')])).status).toBe(200);
    expect((await sim.patch(node, [remove('/extra/rack')])).status).toBe(409);
  });

  it('changes members of objects and of lists', async () => {
    const sim = setup();
    const { body } = await sim.patch(node, [
      add('/extra/list', ['a', 'c']),
      add('/extra/list/1', 'b'),
      add('/extra/list/-', 'd'),
      replace('/extra/list/0', 'A'),
      remove('/extra/list/2'),
      add('/extra/deep', { er: {} }),
      add('/extra/deep/er/still', 1),
      replace('/extra/rack', null),
    ]);
    expect(body.extra).toEqual({ rack: null, list: ['A', 'b', 'd'], deep: { er: { still: 1 } } });
  });

  it.each([
    [add('/extra/list/5', 1), "can't insert outside of list"],
    [add('/extra/list/x', 1), "'x' is not a valid sequence index"],
    [replace('/extra/list/5', 1), "can't replace outside of list"],
    [remove('/extra/list/5'), 'list index out of range'],
    [add('/extra/list/5/x', 1), "index '5' is out of bounds"],
    [add('/extra/list/x/y', 1), "'x' is not a valid sequence index"],
    [add('/extra/nope/x', 1), "member 'nope' not found in {'rack': 'rack1', 'list': ['a']}"],
    [add('/extra/rack/x', 1), 'unable to fully resolve json pointer /extra/rack/x, part x'],
    [{ op: 'add', path: '/extra/x' }, "The operation does not contain a 'value' member"],
    [add('/extra/constructor/x', 1), "member 'constructor' not found in {'rack': 'rack1', 'list': ['a']}"],
  ])('is refused with the reason if it cannot be applied: %j', async (operation, reason) => {
    const sim = setup();
    await sim.set('rack1-small-01', 'extra/list', ['a']);
    const { status, fault } = await sim.patch(node, [operation]);
    expect(status).toBe(400);
    expect(fault).toMatch(/^Couldn't apply patch '\{'op': /);
    expect(fault?.split("'. Reason: ")[1]).toBe(reason);
  });

  it('changes one field only, and the other fields of a new node stay empty', async () => {
    const sim = setup();
    const { body } = await sim.patch(node, [add('/instance_info/root_gb', 10)]);
    expect(body.instance_info).toEqual({ root_gb: 10 });
    expect(body.network_data).toEqual({});
  });

  it("may use names of JavaScript's object internals", async () => {
    const { body } = await setup().patch(node, [add('/extra/__proto__', { x: 1 }), add('/extra/constructor', 2)]);
    expect(Object.entries(body.extra)).toEqual([
      ['rack', 'rack1'],
      ['__proto__', { x: 1 }],
      ['constructor', 2],
    ]);
  });

  it.each([
    [[7], "7 is not of type 'object'"],
    [[{ op: 'add', path: 7 }], "7 is not of type 'string'"],
    [[{ op: 'add', path: 'extra' }], "'extra' does not match '^(/[\\\\w-]+)+$'"],
    [[{ op: 'add' }], "'path' is a required property"],
    [[{ path: '/extra' }], "'op' is a required property"],
    [[{ op: 'add', path: '/extra', from: '/x' }], "Additional properties are not allowed ('from' was unexpected)"],
  ])('is refused if it is not a patch: %j', async (patch, problem) => {
    const { status, fault } = await setup().patch(node, patch);
    expect(status).toBe(400);
    expect(fault).toBe(`Schema error for patch: ${problem}`);
  });

  it.each([
    ['instance_info', 'x', "'x' is not of type 'object', 'null'"],
    ['name', 7, "7 is not of type 'string', 'null'"],
    ['maintenance', 7, "7 is not of type 'string', 'boolean', 'null'"],
    ['driver', null, "None is not of type 'string'"],
  ])('is refused if a value has the wrong type: %s', async (field, value, problem) => {
    const { status, fault } = await setup().patch(node, [replace(`/${field}`, value)]);
    expect(status).toBe(400);
    expect(fault).toBe(`Schema error for patch: ${problem}`);
  });

  it('resets what it removes', async () => {
    const sim = setup();
    await sim.patch(node, [add('/description', 'x'), add('/network_interface', 'noop'), add('/automated_clean', 'no')]);
    expect(await sim.node('rack1-small-01')).toMatchObject({ network_interface: 'noop', automated_clean: false });
    const { body } = await sim.patch(node, [
      remove('/description'),
      remove('/network_interface'),
      remove('/extra'),
      remove('/conductor_group'),
    ]);
    expect(body).toMatchObject({ description: null, network_interface: 'flat', extra: {}, conductor_group: '' });
    expect((await sim.patch(node, [remove('/driver')])).fault).toBe(
      "Schema error for patch: 'driver' is a required property",
    );
  });

  it('is refused in a version that does not know the field', async () => {
    const sim = setup();
    expect((await sim.patch(node, [add('/lessee', 'x')], '1.64')).status).toBe(406);
    expect((await sim.patch(node, [remove('/lessee')], '1.64')).status).toBe(200);
    const { uuid } = await sim.node('rack1-small-01');
    expect((await sim.patch(`/v1/nodes/${uuid}`, [add('/name', 'x')], '1.4')).status).toBe(406);
  });

  it('needs an existing node', async () => {
    const sim = setup();
    expect((await sim.patch('/v1/nodes', [])).fault).toBe('Missing mandatory parameter: node_ident');
    expect((await sim.delete('/v1/nodes')).fault).toBe('Missing mandatory parameter: node_ident');
  });
});

describe('a node may be called', () => {
  it('by any name that is free', async () => {
    const sim = setup();
    expect((await sim.set('rack1-small-01', 'name', 'new~name.x_y')).status).toBe(200);
    expect((await sim.get(node)).status).toBe(404);
    expect((await sim.get('/v1/nodes/new~name.x_y')).status).toBe(200);
    expect((await sim.patch('/v1/nodes/new~name.x_y', [remove('/name')])).body.name).toBeNull();
  });

  it.each([
    ['a b', "Node rack1-small-01: Cannot change name to invalid name 'a b'"],
    [null, "Node rack1-small-01: Cannot change name to invalid name 'None'"],
    [A, `Node rack1-small-01: Cannot change name to invalid name '${A}'`],
    [
      'detail',
      'The word "detail" is reserved and can not be used as a node name. Reserved words are: maintenance, management, states, vendor_passthru, detail, validate.',
    ],
  ])('but not %s', async (name, problem) => {
    const { status, fault } = await setup().patch(node, [replace('/name', name)]);
    expect(status).toBe(400);
    expect(fault).toBe(problem);
  });
});

describe('the rules for fields:', () => {
  it('a node can be protected, with a reason, only while it is in use', async () => {
    const sim = setup();
    const used = await sim.node('rack1-small-04');
    expect((await sim.set('rack1-small-01', 'protected', true)).fault).toMatch(
      /can only be made protected in provision states 'active' or 'rescue', the current state is 'available'$/,
    );
    expect((await sim.set(used.name, 'protected_reason', 'x')).fault).toBe(
      'The protected_reason field can only be set when protected is True',
    );
    await sim.patch(`/v1/nodes/${used.name}`, [add('/protected', true), add('/protected_reason', 'production')]);
    for (const target of ['deleted', 'rebuild']) {
      const { status, fault } = await sim.target(used.name, target);
      expect(status).toBe(403);
      expect(fault).toBe(`Node ${used.uuid} is protected and cannot be undeployed, rebuilt or deleted`);
    }
    const { body } = await sim.set(used.name, 'protected', false);
    expect(body).toMatchObject({ protected: false, protected_reason: null });
  });

  it('a node can be retired, with a reason, unless it is available, and then cannot be provided', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack3-gpu-03');
    expect((await sim.set('rack3-gpu-03', 'retired_reason', 'x')).fault).toBe(
      'The retired_reason field can only be set when retired is True',
    );
    await sim.patch('/v1/nodes/rack3-gpu-03', [add('/retired', true), add('/retired_reason', 'old')]);
    const { status, fault } = await sim.target('rack3-gpu-03', 'provide');
    expect(status).toBe(400);
    expect(fault).toBe(`The providing operation can't be performed on node ${uuid} because it is retired.`);
    expect((await sim.set('rack3-gpu-03', 'retired', false)).body.retired_reason).toBeNull();
  });

  it('leaving maintenance removes its reason', async () => {
    const sim = setup();
    const { body } = await sim.set('rack2-large-04', 'maintenance', 'false');
    expect(body).toMatchObject({ maintenance: false, maintenance_reason: null, fault: null });
  });

  it('hardware interfaces and the class change only while the node is not in use', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-04');
    expect((await sim.set('rack1-small-04', 'network_interface', 'flat')).fault).toBe(
      `Node ${uuid} can not have network_interface updated unless it is in one of allowed (enroll, inspecting, inspect wait, manageable, available) states or in maintenance mode.`,
    );
    expect((await sim.set('rack1-small-04', 'resource_class', 'x')).fault).toMatch(
      /can not have resource_class updated unless it is in one of allowed/,
    );
    expect((await sim.set('rack1-small-01', 'resource_class', 'x')).status).toBe(200);
    expect((await sim.get('/v1/nodes?resource_class=x')).body.nodes).toHaveLength(1);
  });

  it('interfaces, drivers and conductor groups must exist', async () => {
    const sim = setup();
    expect((await sim.set('rack1-small-01', 'deploy_interface', 'ansible')).fault).toBe(
      "Could not find the following interface in the 'ironic.hardware.interfaces.deploy' entrypoint: ansible. Valid interfaces are ['fake', 'direct'].",
    );
    expect((await sim.set('rack1-small-01', 'conductor_group', 'East')).fault).toBe(
      'No valid host was found. Reason: No conductor service registered which supports driver fake-hardware for conductor group "east".',
    );
    expect((await sim.set('rack1-small-01', 'driver', 'redfish')).status).toBe(400);
    const chassis = await sim.set('rack1-small-01', 'chassis_uuid', A);
    expect(chassis.status).toBe(400);
    expect(chassis.fault).toBe(`Chassis ${A} could not be found.`);
    expect((await sim.set('rack1-small-01', 'resource_class', 'x'.repeat(81))).fault).toMatch(/is too long$/);
  });

  it('reset_interfaces needs a driver, since 1.45', async () => {
    const sim = setup();
    expect((await sim.patch(`${node}?reset_interfaces=true`, [])).fault).toBe(
      "The reset_interfaces parameter can only be used when changing the node's driver.",
    );
    expect((await sim.patch(`${node}?reset_interfaces=true`, [replace('/driver', 'fake-hardware')])).status).toBe(200);
    expect((await sim.patch(`${node}?reset_interfaces=true`, [], '1.44')).status).toBe(406);
  });
});

describe('maintenance', () => {
  it('is entered with a reason and left', async () => {
    const sim = setup();
    expect((await sim.put(`${node}/maintenance`, { reason: 'fan' })).status).toBe(202);
    expect(await sim.node('rack1-small-01')).toMatchObject({ maintenance: true, maintenance_reason: 'fan' });
    expect((await sim.put(`${node}/maintenance`)).status).toBe(202);
    expect((await sim.node('rack1-small-01')).maintenance_reason).toBeNull();
    expect((await sim.delete(`${node}/maintenance`)).status).toBe(202);
    expect((await sim.node('rack1-small-01')).maintenance).toBe(false);
    expect((await sim.put(`${node}/maintenance`, { reason: 7 })).fault).toBe('Expected string for reason: 7');
  });
});

describe('enrolling a node', () => {
  it('creates it in enroll, and answers with its address', async () => {
    const sim = setup();
    const { status, body, headers } = await sim.post('/v1/nodes', { driver: 'fake-hardware', name: 'new', uuid: A });
    expect(status).toBe(201);
    expect(headers.get('Location')).toBe(`http://127.0.0.1:6385/v1/nodes/${A}`);
    expect(body).toMatchObject({
      uuid: A,
      name: 'new',
      provision_state: 'enroll',
      power_state: null,
      updated_at: null,
    });
    expect((await sim.get('/v1/nodes')).body.nodes).toHaveLength(13);
  });

  it('creates it as available in versions without enroll', async () => {
    const sim = setup();
    const { body } = await sim.post('/v1/nodes', { driver: 'fake-hardware' }, '1.10');
    expect((await sim.node(body.uuid)).provision_state).toBe('available');
  });

  it.each([
    [{}, 400, "Schema error for node: 'driver' is a required property"],
    [[], 400, "Schema error for node: [] is not of type 'object'"],
    [
      { driver: 'fake-hardware', provision_state: 'active' },
      400,
      "Schema error for node: Additional properties are not allowed ('provision_state' was unexpected)",
    ],
    [{ driver: 'fake-hardware', name: 'rack1-small-01' }, 409, 'A node with name rack1-small-01 already exists.'],
    [{ driver: 'fake-hardware', name: 'a b' }, 400, "Cannot create node with invalid name 'a b'"],
    [{ driver: 'fake-hardware', uuid: 'x' }, 400, 'Expected UUID for uuid: x'],
    [
      { driver: 'fake' },
      400,
      'No valid host was found. Reason: No conductor service registered which supports driver fake for conductor group "".',
    ],
  ])('refuses %j', async (body, status, text) => {
    const answer = await setup().post('/v1/nodes', body);
    expect(answer.status).toBe(status);
    expect(answer.fault).toBe(text);
  });

  it('refuses a taken uuid, and fields newer than the version', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-01');
    expect((await sim.post('/v1/nodes', { driver: 'fake-hardware', uuid })).fault).toBe(
      `A node with UUID ${uuid} already exists.`,
    );
    expect((await sim.post('/v1/nodes', { driver: 'fake-hardware', lessee: 'x' }, '1.64')).status).toBe(406);
    expect((await sim.post('/v1/nodes', { driver: 'fake-hardware', lessee: null }, '1.64')).status).toBe(201);
  });
});

describe('deleting a node', () => {
  it('removes it from every list, with its ports and its name', async () => {
    const sim = setup();
    const [port] = (await sim.get(`${node}/ports`)).body.ports;
    expect((await sim.delete(node)).status).toBe(204);
    expect((await sim.get(node)).status).toBe(404);
    expect((await sim.get(`/v1/ports/${port.uuid}`)).status).toBe(404);
    expect((await sim.get('/v1/nodes')).body.nodes).toHaveLength(11);
    expect((await sim.post('/v1/nodes', { driver: 'fake-hardware', name: 'rack1-small-01' })).status).toBe(201);
  });

  it('is refused while it is in use, unless it is in maintenance', async () => {
    const sim = setup();
    const used = await sim.node('rack1-small-04');
    expect((await sim.delete(`/v1/nodes/${used.uuid}`)).fault).toBe(
      `Node ${used.uuid} is associated with instance ${used.instance_uuid}.`,
    );
    await sim.put(`/v1/nodes/${used.uuid}/maintenance`);
    expect((await sim.delete(`/v1/nodes/${used.uuid}`)).status).toBe(204);
  });

  it('is refused for protected nodes and in states that are not stable', async () => {
    const sim = setup();
    const used = await sim.node('rack1-small-04');
    await sim.patch(`/v1/nodes/${used.uuid}`, [remove('/instance_uuid')]);
    const { status, fault } = await sim.delete(`/v1/nodes/${used.uuid}`);
    expect(status).toBe(409);
    expect(fault).toBe(
      `Can not delete node "${used.uuid}" while it is in provision state "active". Valid provision states to perform deletion are: "('manageable', 'enroll', 'adopt failed', 'available')", or set the node into maintenance mode`,
    );
    await sim.set(used.uuid, 'protected', true);
    expect((await sim.delete(`/v1/nodes/${used.uuid}`)).status).toBe(403);
  });
});
