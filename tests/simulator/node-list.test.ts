import { describe, expect, it } from 'vitest';
import { type Sim, setup } from './harness.js';

const names = async (sim: Sim, query: string, version?: string): Promise<string[]> =>
  (await sim.get(`/v1/nodes?fields=name&${query}`, version)).body.nodes.map(({ name }: { name: string }) => name);

describe('a list of nodes', () => {
  it('shows a few fields of each node, in the order of enrolment', async () => {
    const { body } = await setup().get('/v1/nodes');
    expect(body.nodes).toHaveLength(12);
    const { uuid, ...first } = body.nodes[0];
    expect(first).toEqual({
      instance_uuid: null,
      maintenance: false,
      power_state: 'power off',
      provision_state: 'available',
      name: 'rack1-small-01',
      links: [
        { href: `http://127.0.0.1:6385/v1/nodes/${uuid}`, rel: 'self' },
        { href: `http://127.0.0.1:6385/nodes/${uuid}`, rel: 'bookmark' },
      ],
    });
    expect(body.next).toBeUndefined();
  });

  it('hides names, and the state of available nodes, in the oldest version', async () => {
    const { body } = await setup().get('/v1/nodes?limit=1', null);
    expect(body.nodes[0]).toMatchObject({ provision_state: null, maintenance: false });
    expect(body.nodes[0]).not.toHaveProperty('name');
  });

  it('shows only the requested fields, and the links', async () => {
    const { body } = await setup().get('/v1/nodes?fields=Name, traits,name&limit=1');
    expect(Object.keys(body.nodes[0])).toEqual(['name', 'traits', 'links']);
  });

  it('shows all fields with detail, at both addresses', async () => {
    const sim = setup();
    const whole = await sim.node('rack1-small-01');
    expect((await sim.get('/v1/nodes?detail=True&limit=1')).body.nodes).toEqual([whole]);
    expect((await sim.get('/v1/nodes/detail?limit=1')).body.nodes).toEqual([whole]);
    expect((await sim.get('/v1/nodes?detail=False&limit=1')).body.nodes[0]).not.toHaveProperty('driver');
  });

  it('can be filtered by class and state', async () => {
    const sim = setup();
    const free = 'provision_state=available&associated=false&maintenance=false';
    expect(await names(sim, `${free}&resource_class=baremetal.gpu`)).toEqual(['rack3-gpu-01', 'rack3-gpu-02']);
    expect(await names(sim, `${free}&resource_class=baremetal.small`)).toHaveLength(3);
    expect(await names(sim, 'resource_class=nope')).toEqual([]);
    expect(await names(sim, 'provision_state=active')).toEqual(['rack1-small-04', 'rack2-large-03']);
    expect(await names(sim, 'maintenance=true')).toEqual(['rack2-large-04']);
    expect(await names(sim, 'associated=true')).toHaveLength(2);
  });

  it('can be filtered by everything else that Ironic supports', async () => {
    const sim = setup();
    await sim.set('rack1-small-01', 'owner', 'alice');
    await sim.set('rack1-small-02', 'lessee', 'alice');
    await sim.set('rack1-small-03', 'shard', 'east');
    await sim.set('rack2-large-01', 'description', 'the one with the noisy fan');
    await sim.set('rack3-gpu-03', 'retired', true);
    expect(await names(sim, 'owner=alice')).toEqual(['rack1-small-01']);
    expect(await names(sim, 'lessee=alice')).toEqual(['rack1-small-02']);
    expect(await names(sim, 'project=alice')).toEqual(['rack1-small-01', 'rack1-small-02']);
    expect(await names(sim, 'shard=east,west')).toEqual(['rack1-small-03']);
    expect(await names(sim, 'sharded=false')).toHaveLength(11);
    expect(await names(sim, 'description_contains=noisy')).toEqual(['rack2-large-01']);
    expect(await names(sim, 'retired=true')).toEqual(['rack3-gpu-03']);
    expect(await names(sim, 'fault=power failure')).toEqual([]);
    expect(await names(sim, 'driver=fake-hardware')).toHaveLength(12);
    expect(await names(sim, 'driver=redfish')).toEqual([]);
    expect(await names(sim, 'conductor_group=east')).toEqual([]);
    expect(await names(sim, 'conductor=simulated-conductor')).toHaveLength(12);
    expect(await names(sim, 'conductor=another')).toEqual([]);
  });

  it('finds the node of an instance, without a link to a next page', async () => {
    const sim = setup();
    const [{ instance_uuid: instance }] = (await sim.get('/v1/nodes?provision_state=active')).body.nodes;
    const { body } = await sim.get(`/v1/nodes?instance_uuid=${instance}&limit=1`);
    expect(body.nodes).toHaveLength(1);
    expect(body.next).toBeUndefined();
    expect((await sim.get(`/v1/nodes?instance_uuid=${instance}&maintenance=true`)).body.nodes).toEqual([]);
    expect((await sim.get('/v1/nodes?instance_uuid=dddddddd-0000-4000-8000-000000000003')).body.nodes).toEqual([]);
  });

  it('cannot be filtered by traits, or by a chassis, because there is none', async () => {
    const sim = setup();
    expect((await sim.get('/v1/nodes?traits=CUSTOM_GPU')).fault).toBe('Unexpected arguments: traits');
    const chassis = 'dddddddd-0000-4000-8000-000000000003';
    expect((await sim.get(`/v1/nodes?chassis_uuid=${chassis}`)).fault).toBe(`Chassis ${chassis} could not be found.`);
  });
});

describe('the pages of a list', () => {
  it('are linked by addresses without most of the filters', async () => {
    const sim = setup();
    const { body } = await sim.get('/v1/nodes?resource_class=baremetal.gpu&fields=uuid,name&limit=2');
    const marker = body.nodes[1].uuid;
    expect(body.next).toBe(
      `http://127.0.0.1:6385/v1/nodes?sort_key=id&sort_dir=asc&fields=uuid,name&limit=2&marker=${marker}`,
    );
    const next = await sim.get(body.next.replace('http://127.0.0.1:6385', ''));
    expect(next.body.nodes[0].name).toBe('rack3-gpu-03');
    expect(next.body.nodes[1].name).toBe('rack3-large-fail-write-image');
  });

  it('keep filters that are true, and detail', async () => {
    const sim = setup();
    const { body } = await sim.get('/v1/nodes?associated=true&maintenance=false&detail=true&limit=1');
    expect(body.next).toContain('sort_dir=asc&associated=True&detail=True&limit=1&marker=');
  });

  it('have no gaps and no repetitions, in any order', async () => {
    const sim = setup({ servers: 30 });
    for (const order of ['', 'sort_key=resource_class', 'sort_dir=desc', 'sort_key=instance_uuid&sort_dir=desc']) {
      const seen: string[] = [];
      for (let marker = ''; ; ) {
        const { body } = await sim.get(`/v1/nodes?limit=7&${order}${marker}`);
        for (const { uuid } of body.nodes) seen.push(uuid);
        if (body.next === undefined) break;
        marker = `&marker=${body.nodes.at(-1).uuid}`;
      }
      expect(new Set(seen).size, order).toBe(30);
      expect(seen, order).toHaveLength(30);
    }
  });

  it('are sorted by the requested field', async () => {
    const sim = setup();
    const { nodes } = (await sim.get('/v1/nodes?sort_key=name&sort_dir=desc&fields=name')).body;
    const sorted = nodes.map(({ name }: { name: string }) => name);
    expect(sorted).toEqual([...sorted].sort().reverse());
    expect((await sim.get('/v1/nodes?sort_key=extra')).fault).toBe(
      'The sort_key value extra is an invalid field for sorting',
    );
    expect((await sim.get('/v1/nodes?sort_dir=up')).fault).toBe(
      "Invalid sort direction: up. Acceptable values are 'asc' or 'desc'",
    );
  });

  it('hold at most a thousand nodes', async () => {
    const sim = setup({ servers: 1200 });
    const { body } = await sim.get('/v1/nodes?limit=5000&fields=uuid');
    expect(body.nodes).toHaveLength(1000);
    expect(body.next).toContain('limit=1000');
    expect((await sim.get('/v1/nodes?limit=many')).fault).toBe('Expected an integer for limit: many');
    expect((await sim.get('/v1/nodes?limit=0')).fault).toBe('Limit must be positive');
    expect((await sim.get('/v1/nodes?marker=x')).fault).toBe('Expected UUID for marker: x');
  });
});

describe('a field that Ironic computes', () => {
  it.each(['conductor', 'allocation_uuid', 'chassis_uuid'])('crashes a list: %s', async (field) => {
    const { status, fault } = await setup().get(`/v1/nodes?fields=${field}`);
    expect(status).toBe(500);
    expect(fault).toBe(`type object 'Node' has no attribute '${field}'`);
  });

  it('can be read of a single node', async () => {
    const { body } = await setup().get('/v1/nodes/rack1-small-01?fields=conductor,allocation_uuid,chassis_uuid');
    expect(body).toMatchObject({ conductor: 'simulated-conductor', allocation_uuid: null, chassis_uuid: null });
  });

  it('cannot be requested if it is updated_at, although a whole node shows it', async () => {
    const sim = setup();
    for (const path of ['/v1/nodes?fields=updated_at', '/v1/nodes/rack1-small-01?fields=updated_at']) {
      const { status, fault } = await sim.get(path);
      expect(status).toBe(400);
      expect(fault).toBe('Field updated_at is not a valid field.');
    }
    expect((await sim.get('/v1/nodes?fields=updated_at&resource_class=nope')).status).toBe(200);
    expect((await sim.node('rack1-small-01')).updated_at).toBe('2026-11-21T08:00:00+00:00');
  });
});

describe('an older version', () => {
  it.each([
    ['fields=uuid', '1.7'],
    ['fields=resource_class', '1.20'],
    ['fields=retired', '1.60'],
    ['fields=lessee', '1.64'],
    ['sort_key=resource_class', '1.20'],
    ['provision_state=available', '1.8'],
    ['driver=fake-hardware', '1.15'],
    ['resource_class=x', '1.20'],
    ['fault=power failure', '1.41'],
    ['conductor_group=x', '1.45'],
    ['conductor=x', '1.48'],
    ['owner=x', '1.49'],
    ['lessee=x', '1.64'],
    ['shard=x', '1.81'],
    ['sharded=true', '1.81'],
  ])('does not know %s in %s', async (query, version) => {
    const { status, fault } = await setup().get(`/v1/nodes?${query}`, version);
    expect(status).toBe(406);
    expect(fault).toMatch(/^Request not acceptable\./);
  });

  it('names the version that a filter needs', async () => {
    const { fault } = await setup().get('/v1/nodes?owner=x', '1.49');
    expect(fault).toBe('Request not acceptable. The minimal required API version should be 1.50');
  });

  it('treats detail as a wrong argument', async () => {
    const sim = setup();
    expect((await sim.get('/v1/nodes?detail=true', '1.42')).fault).toBe(
      'Invalid query parameter ?detail=True received.',
    );
    expect((await sim.get('/v1/nodes?detail=no', '1.42')).fault).toBe(
      'Invalid query parameter ?detail=False received.',
    );
  });
});
