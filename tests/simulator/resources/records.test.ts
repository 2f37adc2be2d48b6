import { describe, expect, it } from 'vitest';
import { setup } from '../harness.js';

const unknown = 'dddddddd-0000-4000-8000-000000000003';
const step = { interface: 'bios', step: 'apply_configuration', args: {}, priority: 10 };

/** A simulated cloud, a server of it, and what a client needs to make one of each kind there. */
async function start() {
  const sim = setup();
  const { uuid: node } = await sim.node('rack1-small-01');
  const bodies: Readonly<Record<string, object>> = {
    chassis: { description: 'Rack 1' },
    portgroups: { node_uuid: node, name: 'bond', address: '52:54:00:ff:00:01' },
    'volume/connectors': { node_uuid: node, type: 'iqn', connector_id: 'iqn.2010-10.org.openstack:1' },
    'volume/targets': { node_uuid: node, volume_type: 'iscsi', volume_id: 'v', boot_index: 0 },
    deploy_templates: { name: 'CUSTOM_FAST', steps: [step] },
  };
  return { sim, node, bodies };
}

const paths = ['chassis', 'portgroups', 'volume/connectors', 'volume/targets', 'deploy_templates'];

describe.each(paths)('%s', (path) => {
  it('can be made, shown, listed, changed and deleted', async () => {
    const { sim, bodies } = await start();
    const made = await sim.post(`/v1/${path}`, bodies[path]);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ...bodies[path], extra: {}, updated_at: null });
    const item = `/v1/${path}/${made.body.uuid}`;
    expect(made.headers.get('Location')).toBe(`http://127.0.0.1:6385${item}`);
    expect((await sim.get(item)).body).toEqual(made.body);
    expect((await sim.get(`${item}?fields=uuid`)).body).toEqual({ uuid: made.body.uuid, links: made.body.links });

    const [rows = []] = Object.values<unknown[]>((await sim.get(`/v1/${path}`)).body);
    expect(rows).toEqual([expect.objectContaining({ uuid: made.body.uuid })]);
    const [whole] = Object.values<unknown[]>((await sim.get(`/v1/${path}?detail=true`)).body);
    expect(whole).toEqual([made.body]);

    const changed = await sim.patch(item, [{ op: 'add', path: '/extra/a', value: 1 }]);
    expect(changed.body).toMatchObject({ ...bodies[path], extra: { a: 1 }, created_at: made.body.created_at });
    expect(changed.body.updated_at).not.toBeNull();
    expect((await sim.delete(item)).status).toBe(204);
    expect((await sim.get(item)).fault).toMatch(new RegExp(`${made.body.uuid} could not be found\\.$`));
  });

  it('refuses wrong fields, and unknown markers', async () => {
    const { sim, bodies } = await start();
    const refusal = async (body: object) => (await sim.post(`/v1/${path}`, { ...bodies[path], ...body })).fault;
    expect(await refusal({ bogus: 1 })).toMatch(/Additional properties are not allowed \('bogus' was unexpected\)$/);
    expect(await refusal({ extra: 'x' })).toMatch(/'x' is not of type 'object', 'null'$/);
    expect(await refusal({ uuid: 'x' })).toBe('Expected UUID for uuid: x');
    expect(await refusal({ uuid: unknown })).toBeUndefined();
    expect((await sim.get(`/v1/${path}?marker=${instance}`)).status).toBe(404);
  });
});

const instance = 'aaaaaaaa-0000-4000-8000-000000000001';

describe('a resource that Ironic only keeps', () => {
  it.each([
    ['portgroups', '1.22', 404],
    ['volume/connectors', '1.31', 404],
    ['deploy_templates', '1.54', 404],
  ])('has a version that added it: %s', async (path, version, status) => {
    const { sim } = await start();
    expect((await sim.get(`/v1/${path}`, version)).status).toBe(status);
    expect((await sim.delete(`/v1/${path}/${unknown}`, version)).status).toBe(path.startsWith('deploy') ? 405 : 404);
  });

  it('is one of its kind', async () => {
    const { sim, bodies } = await start();
    const again = async (path: string) => {
      await sim.post(`/v1/${path}`, bodies[path]);
      const { status, fault } = await sim.post(`/v1/${path}`, bodies[path]);
      return `${status} ${fault}`;
    };
    expect(await again('portgroups')).toBe('409 A portgroup with name bond already exists.');
    expect((await sim.post('/v1/portgroups', { ...bodies.portgroups, name: 'other' })).fault).toBe(
      'A portgroup with MAC address 52:54:00:ff:00:01 already exists.',
    );
    await sim.post('/v1/chassis', { uuid: unknown });
    expect((await sim.post('/v1/chassis', { uuid: unknown })).fault).toBe(
      `A chassis with UUID ${unknown} already exists.`,
    );
    expect(await again('volume/connectors')).toBe(
      '409 A volume connector with type iqn and connector ID iqn.2010-10.org.openstack:1 already exists.',
    );
    expect(await again('volume/targets')).toBe(
      "409 A volume target with boot index '0' for the same node already exists.",
    );
    expect(await again('deploy_templates')).toBe('409 A deploy template with name CUSTOM_FAST already exists.');
  });

  it('has a name, if it is a port group or a deploy template', async () => {
    const { sim, bodies } = await start();
    await sim.post('/v1/portgroups', bodies.portgroups);
    await sim.post('/v1/deploy_templates', bodies.deploy_templates);
    expect((await sim.get('/v1/portgroups/bond')).body.name).toBe('bond');
    expect((await sim.get('/v1/deploy_templates/CUSTOM_FAST')).body.steps).toEqual([step]);
    expect((await sim.get('/v1/chassis/bond')).fault).toBe('Expected UUID for chassis_uuid: bond');
  });

  it('goes with its server', async () => {
    const { sim, node, bodies } = await start();
    for (const path of ['portgroups', 'volume/connectors', 'volume/targets']) {
      await sim.post(`/v1/${path}`, bodies[path]);
      const [rows] = Object.values<unknown[]>((await sim.get(`/v1/nodes/${node}/${path}`)).body);
      expect(rows).toHaveLength(1);
      expect((await sim.post(`/v1/${path}`, { ...bodies[path], node_uuid: unknown })).fault).toBe(
        `Node ${unknown} could not be found.`,
      );
    }
    await sim.delete(`/v1/nodes/${node}`);
    for (const path of ['portgroups', 'volume/connectors', 'volume/targets']) {
      const [rows] = Object.values<unknown[]>((await sim.get(`/v1/${path}`)).body);
      expect(rows).toEqual([]);
    }
  });
});

describe('a volume', () => {
  it('changes only while its server is off', async () => {
    const { sim, node, bodies } = await start();
    const { body } = await sim.post('/v1/volume/targets', bodies['volume/targets']);
    await sim.put(`/v1/nodes/${node}/states/power`, { target: 'power on' });
    expect((await sim.delete(`/v1/volume/targets/${body.uuid}`)).fault).toBe(
      `The requested action "volume target deletion" can not be performed on node "${node}" while it is in state "power on".`,
    );
  });
});

describe('a deploy template', () => {
  it.each([
    [{ name: 'fast' }, /^Schema error for template: 'fast' is not valid/],
    [{ steps: [] }, /^Schema error for template: \[\] is too short$/],
    [{ steps: {} }, /is not of type 'array'$/],
    [{ steps: [{ step: 'x' }] }, /is a required property$/],
  ])('needs the name of a trait, and steps: %j', async (change, problem) => {
    const { sim, bodies } = await start();
    const { status, fault } = await sim.post('/v1/deploy_templates', { ...bodies.deploy_templates, ...change });
    expect(status).toBe(400);
    expect(fault).toMatch(problem);
  });
});

describe('a chassis', () => {
  it('lists its servers, and stays while it has some', async () => {
    const { sim, bodies } = await start();
    const { body } = await sim.post('/v1/chassis', bodies.chassis);
    expect((await sim.set('rack1-small-02', 'chassis_uuid', body.uuid)).body.chassis_uuid).toBe(body.uuid);
    for (const list of [`chassis/${body.uuid}/nodes`, `nodes?chassis_uuid=${body.uuid}`]) {
      const { nodes } = (await sim.get(`/v1/${list}`)).body;
      expect(nodes).toEqual([expect.objectContaining({ name: 'rack1-small-02' })]);
    }
    expect((await sim.delete(`/v1/chassis/${body.uuid}`)).fault).toBe(
      `Cannot complete the requested action because chassis ${body.uuid} contains nodes.`,
    );
  });
});

describe('a port group', () => {
  it('lists its ports, which share its server and one physical network', async () => {
    const { sim, node, bodies } = await start();
    const group = (await sim.post('/v1/portgroups', bodies.portgroups)).body.uuid;
    const port = { address: '52:54:00:ff:00:02', node_uuid: node, portgroup_uuid: group, physical_network: 'a' };
    const { body } = await sim.post('/v1/ports', port);
    for (const list of [`portgroups/${group}/ports`, 'portgroups/bond/ports/detail', 'ports?portgroup=bond']) {
      const { ports } = (await sim.get(`/v1/${list}`)).body;
      expect(ports).toEqual([expect.objectContaining({ uuid: body.uuid })]);
    }
    expect((await sim.get(`/v1/portgroups?address=52:54:00:ff:00:01&node=${node}`)).body.portgroups).toHaveLength(1);

    const refusal = async (change: object) => (await sim.post('/v1/ports', { ...port, ...change })).fault;
    const address = '52:54:00:ff:00:03';
    expect(await refusal({ address, physical_network: 'b' })).toMatch(/which has ports in physical network a\.$/);
    expect(await refusal({ address, portgroup_uuid: unknown })).toBe(`Portgroup ${unknown} could not be found.`);
    const { uuid: other } = await sim.node('rack1-small-02');
    expect(await refusal({ address, node_uuid: other })).toMatch(/belonging to a different node\.$/);
    expect((await sim.delete(`/v1/portgroups/${group}`)).fault).toMatch(/contains ports\.$/);
  });
});
