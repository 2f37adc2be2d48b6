import { describe, expect, it } from 'vitest';
import { setup } from '../harness.js';

const path = '/v1/allocations';
const uuid = '12345678-0000-4000-8000-000000000001';

describe('an allocation', () => {
  it('starts as allocating, and has a node at the next read', async () => {
    const sim = setup();
    const created = await sim.post(path, { name: 'job', resource_class: 'baremetal.gpu', traits: ['CUSTOM_GPU'] });
    expect(created.status).toBe(201);
    expect(created.headers.get('Location')).toBe(`http://127.0.0.1:6385/v1/allocations/${created.body.uuid}`);
    expect(created.body).toMatchObject({ state: 'allocating', node_uuid: null, updated_at: null, owner: null });
    const { body } = await sim.get(`${path}/job`);
    expect(body).toMatchObject({ state: 'active', last_error: null, traits: ['CUSTOM_GPU'], candidate_nodes: [] });
    expect(await sim.node(body.node_uuid)).toMatchObject({
      resource_class: 'baremetal.gpu',
      provision_state: 'available',
      instance_uuid: body.uuid,
      allocation_uuid: body.uuid,
      instance_info: { traits: ['CUSTOM_GPU'] },
    });
  });

  it('has the members of a real one, in their order', async () => {
    const { body } = await setup().post(path, { resource_class: 'baremetal.small' });
    expect(Object.keys(body)).toEqual(
      'uuid created_at updated_at candidate_nodes extra last_error name owner resource_class state traits links node_uuid'.split(
        ' ',
      ),
    );
  });

  it('is found by uuid, by name, and by its node', async () => {
    const sim = setup();
    await sim.post(path, { uuid, name: 'job', resource_class: 'baremetal.small' });
    const { body } = await sim.get(`${path}/${uuid}`);
    expect((await sim.get(`${path}/job`)).body).toEqual(body);
    expect((await sim.get(`/v1/nodes/${body.node_uuid}/allocation`)).body).toEqual(body);
    expect((await sim.get(`/v1/nodes/${body.node_uuid}/allocation?fields=name`)).body).toMatchObject({ name: 'job' });
    expect((await sim.get(`${path}/job?fields=name,state`)).body).toEqual({
      name: 'job',
      state: 'active',
      links: body.links,
    });
    expect((await sim.get(`${path}/job?fields=bogus`)).fault).toBe('Field(s) "bogus" are not valid');
  });

  it('prefers the node of its own name', async () => {
    const sim = setup();
    await sim.post(path, { name: 'rack1-small-03', resource_class: 'baremetal.small' });
    const { body } = await sim.get(`${path}/rack1-small-03`);
    expect((await sim.node(body.node_uuid)).name).toBe('rack1-small-03');
  });

  it('takes one of the candidates, named or numbered', async () => {
    const sim = setup();
    const second = (await sim.node('rack1-small-02')).uuid;
    const { body } = await sim.post(path, {
      uuid,
      resource_class: 'baremetal.small',
      candidate_nodes: ['rack1-small-04', second],
    });
    expect(body.candidate_nodes[1]).toBe(second);
    expect((await sim.get(`${path}/${uuid}`)).body.node_uuid).toBe(second);
  });

  it('never gets a node that another one has', async () => {
    const sim = setup();
    for (const name of ['a', 'b', 'c', 'd']) await sim.post(path, { name, resource_class: 'baremetal.small' });
    const { allocations } = (await sim.get(path)).body;
    expect(allocations.map(({ state }: { state: string }) => state)).toEqual(['active', 'active', 'active', 'error']);
    expect(new Set(allocations.map((each: { node_uuid: string }) => each.node_uuid)).size).toBe(4);
  });

  it.each([
    [{ resource_class: 'nope' }, 'no available nodes match the resource class nope'],
    [
      { resource_class: 'baremetal.small', candidate_nodes: ['rack1-small-04'] },
      'none of the requested nodes are available and match the resource class baremetal.small',
    ],
    [
      { resource_class: 'baremetal.small', traits: ['CUSTOM_GPU'] },
      'no suitable nodes have the requested traits CUSTOM_GPU',
    ],
    [
      { resource_class: 'baremetal.small', owner: 'alice' },
      'no available nodes match the resource class baremetal.small',
    ],
  ])('ends in error when no node fits: %j', async (body, problem) => {
    const sim = setup();
    expect((await sim.post(path, { uuid, ...body })).status).toBe(201);
    expect((await sim.get(`${path}/${uuid}`)).body).toMatchObject({
      state: 'error',
      node_uuid: null,
      last_error: `Failed to process allocation ${uuid}: ${problem}.`,
    });
  });

  it('ignores nodes without a power state', async () => {
    const sim = setup();
    const old = await sim.post('/v1/nodes', { driver: 'fake-hardware' }, '1.10');
    const node = (await sim.set(old.body.uuid, 'resource_class', 'odd')).body;
    expect(node).toMatchObject({ provision_state: 'available', power_state: null });
    await sim.post(path, { uuid, resource_class: 'odd' });
    expect((await sim.get(`${path}/${uuid}`)).body.state).toBe('error');
  });

  it('tries three times while all suitable nodes are locked, then fails', async () => {
    const sim = setup();
    const name = 'rack1-small-01';
    const body = { resource_class: 'baremetal.small', candidate_nodes: [name] };
    await sim.put(`/v1/nodes/${name}/states/power`, { target: 'power on' });
    await sim.post(path, { name: 'patient', ...body });
    expect((await sim.get(`${path}/patient`)).body.state).toBe('allocating');
    sim.pass(1);
    expect((await sim.get(`${path}/patient`)).body.state).toBe('active');
    await sim.delete(`${path}/patient`);

    const node = sim.world.fleet.byName(name);
    if (node) sim.world.fleet.update(node, { reservation: 'someone' }, sim.now());
    await sim.post(path, { uuid, ...body });
    sim.pass(5);
    expect((await sim.get(`${path}/${uuid}`)).body.last_error).toBe(
      `Failed to process allocation ${uuid}: could not reserve any of 1 suitable nodes.`,
    );
  });

  it('cannot take the uuid of an instance on another node', async () => {
    const sim = setup();
    await sim.set('rack1-small-01', 'instance_uuid', uuid);
    await sim.post(path, { uuid, resource_class: 'baremetal.small' });
    expect((await sim.get(`${path}/${uuid}`)).body.last_error).toMatch(
      /^Unexpected exception during allocation: Instance .* is already associated with a node/,
    );
  });

  it('ends with its instance', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    const { node_uuid: node } = (await sim.get(`${path}/job`)).body;
    const release = [{ op: 'remove', path: '/instance_uuid' }];
    const { body } = await sim.patch(`/v1/nodes/${node}`, release);
    expect(body).toMatchObject({ instance_uuid: null, allocation_uuid: null });
    expect((await sim.get(`${path}/job`)).status).toBe(404);
  });

  it('ends with its node', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    const { node_uuid: node } = (await sim.get(`${path}/job`)).body;
    await sim.put(`/v1/nodes/${node}/maintenance`);
    await sim.delete(`/v1/nodes/${node}`);
    expect((await sim.get(`${path}/job`)).status).toBe(404);
  });

  it('stays while its node is deployed, and ends with the deployment', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    const { node_uuid: node, uuid: id } = (await sim.get(`${path}/job`)).body;
    await sim.deploy(node);
    sim.pass(30);
    expect((await sim.delete(`${path}/job`)).fault).toBe(
      `Cannot remove allocation ${id} for node ${node}, because the node is in state wait call-back where updates are not allowed (and maintenance mode is off)`,
    );
    sim.pass(70);
    const { status, fault } = await sim.delete(`${path}/job`);
    expect(status).toBe(409);
    expect(fault).toBe(
      `Cannot remove allocation ${id} for node ${node}, because the node is active (and maintenance mode is off)`,
    );
    expect((await sim.patch(`/v1/nodes/${node}`, [{ op: 'remove', path: '/instance_uuid' }])).fault).toMatch(
      /with an allocation can not have instance_uuid removed unless it is in one of allowed/,
    );
    await sim.target(node, 'deleted');
    sim.pass(10);
    expect((await sim.get(`${path}/job`)).status).toBe(404);
  });

  it('can be deleted, also by its node, and frees the node', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    const { node_uuid: node } = (await sim.get(`${path}/job`)).body;
    expect((await sim.delete(`/v1/nodes/${node}/allocation`)).status).toBe(204);
    expect((await sim.node(node)).instance_uuid).toBeNull();
    expect((await sim.delete(`/v1/nodes/${node}/allocation`)).status).toBe(404);
    await sim.post(path, { name: 'nothing', resource_class: 'nope' });
    expect((await sim.delete(`${path}/nothing`)).status).toBe(204);
    expect((await sim.delete(`${path}/nothing`)).status).toBe(404);
  });

  it('of a node in maintenance can always be deleted', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    const { node_uuid: node } = (await sim.get(`${path}/job`)).body;
    await sim.deploy(node);
    sim.pass(70);
    await sim.put(`/v1/nodes/${node}/maintenance`);
    expect((await sim.delete(`${path}/job`)).status).toBe(204);
  });

  it('can be renamed since 1.57', async () => {
    const sim = setup();
    await sim.post(path, { name: 'job', resource_class: 'baremetal.small' });
    await sim.post(path, { name: 'other', resource_class: 'baremetal.small' });
    const rename = (value: unknown) => [{ op: 'replace', path: '/name', value }];
    expect((await sim.patch(`${path}/job`, rename('new'))).body.name).toBe('new');
    expect((await sim.patch(`${path}/new`, rename('other'))).fault).toBe(
      'An allocation with name other already exists.',
    );
    expect((await sim.patch(`${path}/new`, rename('a b'))).fault).toBe(
      "Cannot update allocation with invalid name 'a b'",
    );
    expect((await sim.patch(`${path}/new`, rename('x'), '1.56')).status).toBe(405);
    expect((await sim.patch(`${path}/new`, [{ op: 'add', path: '/state', value: 'x' }])).fault).toMatch(
      /^Cannot patch/,
    );
    const both = [
      { op: 'add', path: '/extra', value: { a: 1 } },
      { op: 'remove', path: '/name' },
    ];
    const { body } = await sim.patch(`${path}/new`, both);
    expect(body).toMatchObject({ name: null, extra: { a: 1 } });
    expect((await sim.patch(`${path}/${body.uuid}`, [{ op: 'remove', path: '/extra' }])).body.extra).toEqual({});
  });
});

describe('a list of allocations', () => {
  it('can be filtered and paged', async () => {
    const sim = setup();
    for (const name of ['a', 'b', 'c']) await sim.post(path, { name, resource_class: 'baremetal.small', owner: null });
    await sim.post(path, { name: 'd', resource_class: 'nope', owner: 'alice' });
    const names = async (query: string) =>
      (await sim.get(`${path}?${query}`)).body.allocations.map(({ name }: { name: string }) => name);
    expect(await names('state=error')).toEqual(['d']);
    expect(await names('resource_class=baremetal.small')).toEqual(['a', 'b', 'c']);
    expect(await names('owner=alice')).toEqual(['d']);
    expect(await names('sort_key=name&sort_dir=desc')).toEqual(['d', 'c', 'b', 'a']);
    expect(await names('sort_dir=desc&limit=1')).toEqual(['d']);
    const { node_uuid: node } = (await sim.get(`${path}/b`)).body;
    expect(await names(`node=${node}`)).toEqual(['b']);
    const { body } = await sim.get(`${path}?limit=2&fields=uuid,name`);
    expect(body.next).toContain('/v1/allocations?sort_key=id&sort_dir=asc&fields=uuid,name&limit=2&marker=');
    expect(await names(`marker=${body.allocations[1].uuid}`)).toEqual(['c', 'd']);
  });

  it('refuses what Ironic refuses', async () => {
    const sim = setup();
    expect((await sim.get(`${path}?marker=${uuid}`)).fault).toBe(`Allocation ${uuid} could not be found.`);
    const unknown = await sim.get(`${path}?node=nosuch`);
    expect(unknown.status).toBe(400);
    expect(unknown.fault).toBe('Node nosuch could not be found.');
    await sim.post(path, { resource_class: 'nope' });
    expect((await sim.get(`${path}?sort_key=extra`)).status).toBe(400);
    expect((await sim.get(`${path}?sort_key=bogus`)).fault).toBe(
      'The sort_key value "bogus" is an invalid field for sorting',
    );
    expect((await sim.get('/v1/nodes/nosuch/allocation')).status).toBe(400);
  });
});

describe('creating an allocation', () => {
  it.each([
    [[], "Schema error for allocation: [] is not of type 'object'"],
    [{ bogus: 1 }, "Schema error for allocation: Additional properties are not allowed ('bogus' was unexpected)"],
    [{ name: 7 }, "Schema error for allocation: 7 is not of type 'string', 'null'"],
    [{ traits: 'x' }, "Schema error for allocation: 'x' is not of type 'array', 'null'"],
    [{ extra: [] }, "Schema error for allocation: [] is not of type 'object', 'null'"],
    [{ uuid: 'x' }, 'Expected UUID for uuid: x'],
    [{ name: 'a b', resource_class: 'x' }, "Cannot create allocation with invalid name 'a b'"],
    [{ resource_class: '' }, 'The resource_class field is mandatory when not backfilling'],
    [{ resource_class: 'x', candidate_nodes: ['a', 'rack1-small-01', 'b'] }, 'Nodes cannot be found: a, b'],
    [{ node: 'nosuch' }, 'Node nosuch could not be found.'],
  ])('is refused: %j', async (body, problem) => {
    const { status, fault } = await setup().post(path, body);
    expect(status).toBe(400);
    expect(fault).toBe(problem);
  });

  it('twice is a conflict, by name and by uuid', async () => {
    const sim = setup();
    const body = { name: 'job', uuid, resource_class: 'baremetal.small' };
    await sim.post(path, body);
    expect((await sim.post(path, body)).fault).toBe('An allocation with name job already exists.');
    expect((await sim.post(path, { ...body, name: 'job2' })).fault).toBe(
      `An allocation with UUID ${uuid} already exists.`,
    );
  });

  it('is known since 1.52, with owners since 1.60, for given nodes since 1.58', async () => {
    const sim = setup();
    expect((await sim.get(path, '1.51')).status).toBe(404);
    expect((await sim.post(path, {}, '1.51')).status).toBe(405);
    expect((await sim.get('/v1/nodes/rack1-small-01/allocation', '1.51')).status).toBe(404);
    expect((await sim.delete('/v1/nodes/rack1-small-01/allocation', '1.51')).status).toBe(405);
    const body = { resource_class: 'baremetal.small' };
    expect((await sim.post(path, { ...body, owner: 'x' }, '1.59')).status).toBe(406);
    expect((await sim.get(`${path}?owner=x`, '1.59')).status).toBe(406);
    expect((await sim.get(`${path}?fields=owner`, '1.59')).status).toBe(406);
    expect((await sim.post(path, body, '1.59')).body).not.toHaveProperty('owner');
    expect((await sim.post(path, { node: 'rack1-small-04' }, '1.57')).fault).toBe(
      'Cannot set node when creating an allocation in this API version',
    );
  });
});

describe('an allocation made afterwards', () => {
  it('takes the uuid and class of a node in use', async () => {
    const sim = setup();
    const node = await sim.node('rack1-small-04');
    const { status, body } = await sim.post(path, { name: 'late', node: 'rack1-small-04' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      uuid: node.instance_uuid,
      node_uuid: node.uuid,
      state: 'active',
      resource_class: 'baremetal.small',
    });
  });

  it('is refused for a node that is not in use, and shows why', async () => {
    const sim = setup();
    const node = await sim.node('rack3-gpu-01');
    const { status, fault } = await sim.post(path, {
      uuid,
      node: node.uuid,
      resource_class: 'x',
      traits: ['CUSTOM_X'],
      candidate_nodes: ['rack3-gpu-02'],
    });
    expect(status).toBe(500);
    const other = await sim.node('rack3-gpu-02');
    expect(fault).toBe(
      `Failed to process allocation ${uuid}: Cannot backfill an allocation for node ${node.uuid}: Node must be in the "active" state, but the current state is "available"; Resource class baremetal.gpu does not match the requested resource class x; List of traits ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'] does not match the requested traits ['CUSTOM_X']; Candidate nodes must be empty or contain the target node, but got ['${other.uuid}'].`,
    );
    expect((await sim.get(`${path}/${uuid}`)).body).toMatchObject({ state: 'error', last_error: fault });
  });

  it('is refused for an instance that is not the one on the node', async () => {
    const sim = setup();
    const [first, second] = [await sim.node('rack1-small-04'), await sim.node('rack2-large-03')];
    const conflict = await sim.post(path, { uuid, node: first.uuid });
    expect(conflict.status).toBe(409);
    expect(conflict.fault).toBe(`Node ${first.uuid} is associated with instance ${first.instance_uuid}.`);
    await sim.patch(`/v1/nodes/${second.uuid}`, [{ op: 'remove', path: '/instance_uuid' }]);
    expect((await sim.post(path, { uuid: first.instance_uuid, node: second.uuid })).fault).toMatch(
      /^Instance .* is already associated with a node, it cannot be associated with this other node/,
    );
  });
});
