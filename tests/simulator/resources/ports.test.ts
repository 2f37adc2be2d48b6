import { describe, expect, it } from 'vitest';
import { addPorts } from '../../support/tenant-ports.js';
import { setup } from '../harness.js';

const node = '/v1/nodes/rack1-small-01';
const unknown = 'dddddddd-0000-4000-8000-000000000003';

describe('a port', () => {
  it('has the members of a real one', async () => {
    const sim = setup();
    const { uuid: owner } = await sim.node('rack1-small-01');
    const [{ uuid }] = (await sim.get(`${node}/ports`)).body.ports;
    const { body } = await sim.get(`/v1/ports/${uuid}`);
    expect(body).toEqual({
      uuid,
      created_at: '2026-10-23T08:00:00+00:00',
      updated_at: null,
      address: '52:54:00:00:00:01',
      extra: {},
      internal_info: {},
      is_smartnic: false,
      local_link_connection: {},
      physical_network: null,
      pxe_enabled: true,
      node_uuid: owner,
      links: [
        { href: `http://127.0.0.1:6385/v1/ports/${uuid}`, rel: 'self' },
        { href: `http://127.0.0.1:6385/ports/${uuid}`, rel: 'bookmark' },
      ],
      portgroup_uuid: null,
    });
    expect(Object.keys((await sim.get(`/v1/ports/${uuid}`, '1.17')).body)).toEqual(
      'uuid created_at updated_at address extra node_uuid links'.split(' '),
    );
    expect((await sim.get(`/v1/ports/${uuid}?fields=address`)).body).toHaveProperty('address');
    expect((await sim.get(`/v1/ports/${uuid}?fields=is_smartnic`, '1.52')).status).toBe(406);
    expect((await sim.get(`/v1/ports/${unknown}`)).fault).toBe(`Port ${unknown} could not be found.`);
    expect((await sim.get('/v1/ports/x')).fault).toBe('Expected UUID for port_uuid: x');
  });
});

describe('a list of ports', () => {
  it('shows uuid and address, of all nodes or of one', async () => {
    const sim = setup();
    expect((await sim.get('/v1/ports')).body.ports).toHaveLength(20);
    const { ports } = (await sim.get('/v1/ports?node=rack1-small-01')).body;
    expect(Object.keys(ports[0])).toEqual(['uuid', 'address', 'links']);
    const { uuid } = await sim.node('rack1-small-01');
    expect((await sim.get(`/v1/ports?node_uuid=${uuid}`)).body.ports).toEqual(ports);
    expect((await sim.get(`${node}/ports`)).body.ports).toEqual(ports);
    expect((await sim.get('/v1/ports?address=52:54:00:00:00:01')).body.ports).toEqual(ports);
    expect((await sim.get('/v1/ports?node=nosuch')).status).toBe(404);
  });

  it('shows all fields with detail, and only the requested fields otherwise', async () => {
    const sim = setup();
    const { ports } = (await sim.get('/v1/ports/detail?limit=1')).body;
    expect(ports[0]).toHaveProperty('pxe_enabled');
    expect((await sim.get('/v1/ports?detail=true&limit=1')).body.ports).toEqual(ports);
    const { body } = await sim.get('/v1/ports?fields=uuid,node_uuid&limit=1&sort_key=address&sort_dir=desc');
    expect(Object.keys(body.ports[0])).toEqual(['uuid', 'node_uuid', 'links']);
    expect(body.next).toContain('/v1/ports?sort_key=address&sort_dir=desc&fields=uuid,node_uuid&limit=1&marker=');
    expect((await sim.get('/v1/ports?detail=true&limit=1')).body.next).toContain('&detail=True&limit=1');
    expect((await sim.get('/v1/ports?detail=false&limit=1')).body.next).toContain('&detail=False&fields=');
  });

  it('refuses what Ironic refuses', async () => {
    const sim = setup();
    expect((await sim.get('/v1/ports?detail=true&fields=uuid')).fault).toBe(
      'Can not specify ?detail=True and fields in the same request.',
    );
    expect((await sim.get('/v1/ports?address=x')).fault).toBe('Expected valid MAC address for address: x');
    expect((await sim.get(`/v1/ports?marker=${unknown}`)).fault).toBe(`Port ${unknown} could not be found.`);
    expect((await sim.get('/v1/ports?fields=pxe_enabled', '1.18')).status).toBe(406);
    expect((await sim.get('/v1/ports?portgroup=x', '1.23')).status).toBe(406);
    expect((await sim.get('/v1/ports?portgroup=x')).fault).toBe('Portgroup x could not be found.');
    expect((await sim.get(`${node}/ports/detail`)).body.ports[0]).toHaveProperty('extra');
    expect((await sim.get('/v1/ports/detail?fields=uuid')).fault).toBe('Unexpected arguments: fields');
  });
});

describe('a field of a port', () => {
  it.each([
    ['local_link_connection', {}, 19],
    ['pxe_enabled', true, 19],
    ['portgroup_uuid', null, 24],
    ['physical_network', 'a', 34],
    ['is_smartnic', false, 53],
  ])('exists since a version: %s', async (field, value, since) => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-01');
    const body = { address: 'AA:BB:CC:00:00:01', node_uuid: uuid, [field]: value };
    const [old, first] = [`1.${since - 1}`, `1.${since}`];
    expect((await sim.post('/v1/ports', body, old)).status).toBe(406);
    const port = (await sim.post('/v1/ports', body, first)).body;
    expect(port).toHaveProperty(field, value);
    const patch = [{ op: 'add', path: `/${field}`, value }];
    expect((await sim.patch(`/v1/ports/${port.uuid}`, patch, old)).status).toBe(406);
    expect((await sim.patch(`/v1/ports/${port.uuid}`, patch, first)).status).toBe(200);
    expect((await sim.get(`/v1/ports?fields=${field}`, old)).status).toBe(406);
  });
});

describe('a new port', () => {
  const address = 'AA:BB:CC:00:00:01';

  it('belongs to a node', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-01');
    const { status, body, headers } = await sim.post('/v1/ports', {
      address,
      node_uuid: uuid,
      extra: { a: 1 },
      physical_network: 'net',
      pxe_enabled: 'false',
      local_link_connection: { switch_id: 'x' },
      is_smartnic: false,
    });
    expect(status).toBe(201);
    expect(headers.get('Location')).toBe(`http://127.0.0.1:6385/v1/ports/${body.uuid}`);
    expect(body).toMatchObject({ address: 'aa:bb:cc:00:00:01', pxe_enabled: false, physical_network: 'net' });
    expect((await sim.get(`${node}/ports`)).body.ports).toHaveLength(2);
    expect((await sim.delete(`/v1/ports/${body.uuid}`)).status).toBe(204);
    expect((await sim.get(`${node}/ports`)).body.ports).toHaveLength(1);
  });

  it.each([
    [[], 400, "Schema error for port: [] is not of type 'object'"],
    [{ address }, 400, "Schema error for port: 'node_uuid' is a required property"],
    [{ address: 7, node_uuid: unknown }, 400, "Schema error for port: 7 is not of type 'string'"],
    [
      { address, node_uuid: unknown, bogus: 1 },
      400,
      "Schema error for port: Additional properties are not allowed ('bogus' was unexpected)",
    ],
    [{ address: 'x', node_uuid: unknown }, 400, 'Expected valid MAC address for address: x'],
    [{ address, node_uuid: 'x' }, 400, 'Expected UUID for node_uuid: x'],
    [{ address, node_uuid: unknown }, 400, `Node ${unknown} could not be found.`],
    [{ address, node_uuid: unknown, portgroup_uuid: 'x' }, 400, 'Expected UUID for portgroup_uuid: x'],
    [
      { address, node_uuid: unknown, physical_network: '' },
      400,
      'A non-empty value is required when setting physical_network',
    ],
  ])('is refused if it is malformed: %j', async (body, status, problem) => {
    const answer = await setup().post('/v1/ports', body);
    expect(answer.status).toBe(status);
    expect(answer.fault).toBe(problem);
  });

  it('needs a new address and a new uuid', async () => {
    const sim = setup();
    const { uuid: node_uuid } = await sim.node('rack1-small-01');
    expect((await sim.post('/v1/ports', { address: '52:54:00:00:00:02', node_uuid })).fault).toBe(
      'A port with MAC address 52:54:00:00:00:02 already exists.',
    );
    const [{ uuid }] = (await sim.get('/v1/ports?limit=1')).body.ports;
    expect((await sim.post('/v1/ports', { address, node_uuid, uuid })).fault).toBe(
      `A port with UUID ${uuid} already exists.`,
    );
  });
});

describe('changing a port', () => {
  const change = (path: string, value: unknown) => [{ op: 'add', path, value }];

  it('follows the rules of its node', async () => {
    const sim = setup();
    const port = async (ident: string) => `/v1/ports/${(await sim.get(`/v1/nodes/${ident}/ports`)).body.ports[0].uuid}`;
    const [free, managed, used] = [
      await port('rack1-small-01'),
      await port('rack3-gpu-03'),
      await port('rack1-small-04'),
    ];
    expect((await sim.patch(free, change('/extra', { a: 1 }))).body).toMatchObject({ extra: { a: 1 } });
    expect((await sim.patch(free, change('/pxe_enabled', false))).fault).toMatch(
      /can not have any connectivity attributes \(.*\) updated unless node .* The current state is available\.$/,
    );
    expect((await sim.patch(managed, change('/pxe_enabled', false))).body.pxe_enabled).toBe(false);
    expect((await sim.patch(free, change('/address', 'aa:bb:cc:00:00:09'))).body.address).toBe('aa:bb:cc:00:00:09');
    expect((await sim.patch(free, change('/address', '52:54:00:00:00:02'))).status).toBe(409);
    expect((await sim.patch(used, change('/address', 'aa:bb:cc:00:00:08'))).fault).toMatch(
      /^Cannot update hardware address for port .* is active or has instance UUID assigned$/,
    );
    expect((await sim.patch(free, change('/internal_info', {}))).fault).toMatch(/^Cannot patch \/internal_info/);
    expect((await sim.patch(free, change('/node_uuid', unknown))).status).toBe(400);
  });
});

describe('VIFs', () => {
  it('are attached to a free port, and detached', async () => {
    const sim = setup();
    addPorts(sim.world, 'net-1', 'net-2', 'told', 'first', 'second');
    await sim.patch(node, [{ op: 'replace', path: '/network_interface', value: 'flat' }]);
    const [{ uuid }] = (await sim.get(`${node}/ports`)).body.ports;
    expect((await sim.post(`${node}/vifs`, { id: 'net-1' })).status).toBe(204);
    expect((await sim.get(`${node}/vifs`)).body).toEqual({ vifs: [{ id: 'net-1' }] });
    expect((await sim.get(`/v1/ports/${uuid}`)).body.internal_info).toEqual({ tenant_vif_port_id: 'net-1' });
    expect((await sim.delete(`/v1/ports/${uuid}`)).fault).toBe(
      `Cannot delete the port ${uuid} as it is bound to VIF net-1 for tenant use.`,
    );
    expect((await sim.post(`${node}/vifs`, { id: 'net-1' })).fault).toBe(
      `Unable to attach VIF because VIF net-1 is already attached to Ironic Port ${uuid}`,
    );
    expect((await sim.post(`${node}/vifs`, { id: 'net-2' })).fault).toBe(
      'Unable to attach VIF net-2, not enough free physical ports.',
    );
    expect((await sim.delete(`${node}/vifs/net-1`)).status).toBe(204);
    expect((await sim.delete(`${node}/vifs/net-1`)).fault).toMatch(/because it is not attached to it\.$/);
  });

  it('go first to ports with PXE, or to the port that the request names', async () => {
    const sim = setup();
    addPorts(sim.world, 'net-1', 'net-2', 'told', 'first', 'second');
    await sim.patch(node, [{ op: 'replace', path: '/network_interface', value: 'flat' }]);
    const { uuid: node_uuid } = await sim.node('rack1-small-01');
    const second = await sim.post('/v1/ports', { address: 'aa:bb:cc:00:00:01', node_uuid, pxe_enabled: false });
    await sim.post(`${node}/vifs`, { id: 'told', port_uuid: second.body.uuid });
    expect((await sim.get(`/v1/ports/${second.body.uuid}`)).body.internal_info.tenant_vif_port_id).toBe('told');
    await sim.delete(`${node}/vifs/told`);
    // It keeps the MAC address, which no other port of its network can have then.
    sim.world.tenantPorts.delete('told');
    await sim.post(`${node}/vifs`, { id: 'first' });
    await sim.post(`${node}/vifs`, { id: 'second' });
    expect((await sim.get(`${node}/vifs`)).body.vifs).toEqual([{ id: 'first' }, { id: 'second' }]);
  });

  it('are ignored by the noop interface', async () => {
    const sim = setup();
    await sim.set('rack1-small-01', 'network_interface', 'noop');
    expect((await sim.post(`${node}/vifs`, { id: 'net-1' })).status).toBe(204);
    expect((await sim.get(`${node}/vifs`)).body).toEqual({ vifs: [] });
    expect((await sim.delete(`${node}/vifs/net-1`)).status).toBe(204);
  });

  it.each([
    [[], "Schema error for vif: [] is not of type 'object'"],
    [{}, "Schema error for vif: 'id' is a required property"],
    [{ id: 7 }, "Schema error for vif: 7 is not of type 'string'"],
    [{ id: 'a b' }, 'Expected UUID or name for id: a b'],
    [{ id: 'a', port_uuid: 'x', portgroup_uuid: 'y' }, 'Cannot specify both port_uuid and portgroup_uuid'],
  ])('are refused if they are malformed: %j', async (body, problem) => {
    const { status, fault } = await setup().post(`${node}/vifs`, body);
    expect(status).toBe(400);
    expect(fault).toBe(problem);
  });

  it('exist since 1.28, and cannot change while the node is locked', async () => {
    const sim = setup();
    expect((await sim.get(`${node}/vifs`, '1.27')).status).toBe(404);
    sim.lock('rack1-small-01');
    expect((await sim.post(`${node}/vifs`, { id: 'x' })).status).toBe(409);
    expect((await sim.delete(`${node}/vifs/x`)).status).toBe(409);
  });
});
