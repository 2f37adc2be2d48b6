import { describe, expect, it } from 'vitest';
import { createSimulator } from '../../src/simulator/cloud.js';
import { setup } from './harness.js';

describe('version negotiation', () => {
  it('uses the oldest version for a client that asks for none', async () => {
    const { headers } = await setup().get('/v1/nodes', null);
    expect(headers.get('X-OpenStack-Ironic-API-Version')).toBe('1.1');
    expect(headers.get('X-OpenStack-Ironic-API-Minimum-Version')).toBe('1.1');
    expect(headers.get('X-OpenStack-Ironic-API-Maximum-Version')).toBe('1.82');
    expect(headers.get('Openstack-Request-Id')).toMatch(/^req-[0-9a-f-]{36}$/);
  });

  it('uses the newest version for a client that asks for the latest', async () => {
    const { headers } = await setup().get('/v1/nodes', 'latest');
    expect(headers.get('X-OpenStack-Ironic-API-Version')).toBe('1.82');
  });

  it('refuses an unknown version, and lists the known ones', async () => {
    const answer = await setup().get('/v1/nodes', '1.999');
    expect(answer.status).toBe(406);
    expect(answer.fault).toBe(
      'Version 1.999 was requested but the minor version is not supported by this service. The supported version range is: [1.1, 1.82].',
    );
    expect(answer.headers.get('X-OpenStack-Ironic-API-Maximum-Version')).toBe('1.82');
    expect(answer.headers.get('X-OpenStack-Ironic-API-Version')).toBeNull();
  });

  it('refuses another major version', async () => {
    const answer = await setup().get('/v1/nodes', '2.1');
    expect(answer.status).toBe(406);
    expect(answer.fault).toContain('Mutually exclusive versions requested. Version 2.1 requested');
  });

  it('refuses a malformed version', async () => {
    const answer = await setup().get('/v1/nodes', 'abc');
    expect(answer.status).toBe(406);
    expect(answer.fault).toBe('Invalid value for X-OpenStack-Ironic-API-Version header');
    expect(answer.headers.get('X-OpenStack-Ironic-API-Maximum-Version')).toBeNull();
  });
});

describe('a path without a version', () => {
  it('is a path of the only version', async () => {
    const sim = setup();
    const { body } = await sim.get('/v1/nodes/rack1-small-01');
    const bookmark = new URL(body.links[1].href).pathname;
    expect(bookmark).toBe(`/nodes/${body.uuid}`);
    expect((await sim.get(bookmark)).body).toEqual(body);
    expect((await sim.get('/nodes/')).body.nodes).toHaveLength(12);
    expect((await sim.get('/bogus')).status).toBe(404);
  });
});

describe('a part of Ironic that the simulator lacks', () => {
  it.each([
    ['PUT', '/v1/nodes/rack1-small-01/states/raid'],
    ['PUT', '/v1/nodes/rack1-small-01/states/console'],
    ['PUT', '/v1/nodes/rack1-small-01/states/secure_boot'],
    ['POST', '/v1/nodes/rack1-small-01/vendor_passthru'],
    ['POST', '/v1/drivers/fake-hardware/vendor_passthru'],
    ['GET', '/v1/nodes/rack1-small-01/management/indicators/led'],
    ['POST', '/v1/events'],
    ['GET', '/v2.0/routers'],
    ['PUT', '/v2/images/x/file'],
  ])('is not modelled, which is not the same as not found: %s %s', async (method, path) => {
    const sim = setup();
    const { status, fault } = await { GET: sim.get, POST: sim.post, PUT: sim.put }[method as 'GET'](path);
    expect(status).toBe(501);
    expect(fault).toBe(`The simulator does not model ${method} ${path}.`);
  });

  it('does not exist in versions without it', async () => {
    expect((await setup().post('/v1/events', {}, '1.53')).status).toBe(404);
  });
});

describe('discovery', () => {
  it('names itself at the root', async () => {
    const { status, body, headers } = await setup().get('/');
    expect(status).toBe(200);
    expect(body.name).toBe('OpenStack Ironic API');
    expect(body.default_version).toEqual({
      id: 'v1',
      links: [{ href: 'http://127.0.0.1:6385/v1/', rel: 'self' }],
      status: 'CURRENT',
      min_version: '1.1',
      version: '1.82',
    });
    expect(headers.get('Openstack-Request-Id')).toMatch(/^req-/);
    expect(headers.get('X-OpenStack-Ironic-API-Version')).toBeNull();
  });

  it('lists under /v1 only the collections that the version knows', async () => {
    const sim = setup();
    const oldest = await sim.get('/v1/', null);
    expect(Object.keys(oldest.body)).toEqual([
      'id',
      'links',
      'media_types',
      'chassis',
      'nodes',
      'ports',
      'drivers',
      'version',
    ]);
    const newest = await sim.get('/v1');
    expect(newest.body).toMatchObject({ allocations: [{ rel: 'self' }, { rel: 'bookmark' }], shards: [{}, {}] });
  });
});

describe('requests to unknown addresses', () => {
  it("get 404 in the web framework's format, without version headers", async () => {
    const { status, body, headers } = await setup().get('/v1/bogus');
    expect(status).toBe(404);
    expect(JSON.parse(body.error_message)).toEqual({ code: 404, title: 'Not Found', description: '' });
    expect(headers.get('X-OpenStack-Ironic-API-Version')).toBeNull();
    expect((await setup().get('/elsewhere')).status).toBe(404);
  });

  it('get 405 with the right methods when only the method is wrong', async () => {
    const { status, body, headers } = await setup().put('/v1/nodes', {});
    expect(status).toBe(405);
    expect(headers.get('Allow')).toBe('DELETE, GET, PATCH, POST');
    expect(JSON.parse(body.error_message)).toEqual({ code: 405, title: 'Method Not Allowed', description: '' });
  });
});

describe('a simulator without options', () => {
  it("has a dozen servers and the machine's clock", async () => {
    const before = Date.now();
    const { fetch, world } = createSimulator();
    const response = await fetch(new Request('http://ironic/v1/nodes?limit=1'));
    expect(response.status).toBe(200);
    expect(world.fleet.size).toBe(12);
    expect(world.now()).toBeGreaterThanOrEqual(before);
    expect(world.random()).toBeLessThan(1);
  });
});
