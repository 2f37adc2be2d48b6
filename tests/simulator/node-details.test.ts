import { describe, expect, it } from 'vitest';
import { setup } from './harness.js';

const gpu = '/v1/nodes/rack3-gpu-01/traits';

describe('traits', () => {
  it('are listed, replaced, added and removed', async () => {
    const sim = setup();
    expect((await sim.get(gpu)).body).toEqual({ traits: ['CUSTOM_GPU', 'HW_CPU_X86_AVX2'] });
    expect((await sim.put(gpu, { traits: ['CUSTOM_B', 'CUSTOM_A', 'CUSTOM_B'] })).status).toBe(204);
    expect((await sim.node('rack3-gpu-01')).traits).toEqual(['CUSTOM_A', 'CUSTOM_B']);
    const { status, headers } = await sim.put(`${gpu}/CUSTOM_C`);
    expect(status).toBe(204);
    expect(headers.get('Location')).toBe(`http://127.0.0.1:6385${gpu}/CUSTOM_C`);
    expect((await sim.delete(`${gpu}/CUSTOM_A`)).status).toBe(204);
    expect((await sim.get(gpu)).body.traits).toEqual(['CUSTOM_B', 'CUSTOM_C']);
    const { uuid } = await sim.node('rack3-gpu-01');
    const many = Array.from({ length: 51 }, (_, index) => `CUSTOM_${index}`);
    expect((await sim.put(gpu, { traits: many })).fault).toMatch(
      /the maximum number of traits per node \(51 vs\. 50\)$/,
    );
    expect((await sim.put(gpu, { traits: many.slice(1) })).status).toBe(204);
    expect((await sim.put(`${gpu}/CUSTOM_X`)).status).toBe(400);
    await sim.put(gpu, { traits: ['CUSTOM_B', 'CUSTOM_C'] });
    expect((await sim.delete(`${gpu}/CUSTOM_A`)).fault).toBe(`Node ${uuid} doesn't have a trait 'CUSTOM_A'`);
    expect((await sim.delete(gpu)).status).toBe(204);
    expect((await sim.get(gpu)).body.traits).toEqual([]);
  });

  it.each([
    [[], "Schema error for body: [] is not of type 'object'"],
    [{ traits: 'x' }, "Schema error for body: 'x' is not of type 'array'"],
    [{ traits: [7] }, "Schema error for body: 7 is not of type 'string'"],
    [{ bogus: [] }, "Schema error for body: Additional properties are not allowed ('bogus' was unexpected)"],
  ])('are refused if they are malformed: %j', async (body, problem) => {
    expect((await setup().put(gpu, body)).fault).toBe(problem);
  });

  it('are replaced with a body or added without one', async () => {
    const sim = setup();
    expect((await sim.put(gpu)).fault).toMatch(/^A single node trait may be added via PUT/);
    expect((await sim.put(`${gpu}/CUSTOM_C`, { traits: [] })).fault).toBe(
      'No body should be provided when adding a trait',
    );
    expect((await sim.put(`${gpu}/nope`)).fault).toMatch(/^Schema error for trait: 'nope' is not valid/);
  });

  it('exist since 1.37, and cannot change while the node is locked', async () => {
    const sim = setup();
    expect((await sim.get(gpu, '1.36')).status).toBe(406);
    await sim.deploy('rack3-gpu-01');
    expect((await sim.put(gpu, { traits: [] })).status).toBe(409);
  });
});

describe('the history of a node', () => {
  const broken = 'rack3-large-fail-write-image';
  const history = `/v1/nodes/${broken}/history`;

  it('keeps each failure, shortened in a list', async () => {
    const sim = setup();
    await sim.set(broken, 'extra', { sim: { fail: 'write_image', message: 'x'.repeat(300) } });
    for (let count = 0; count < 3; count += 1) {
      await sim.deploy(broken);
      sim.pass(100);
    }
    const { body } = await sim.get(history);
    expect(body.history).toHaveLength(3);
    expect(Object.keys(body.history[0])).toEqual(['uuid', 'created_at', 'severity', 'event', 'links']);
    expect(body.history[0]).toMatchObject({ severity: 'ERROR', created_at: '2026-11-22T08:00:47+00:00' });
    expect(body.history[0].event).toMatch(/x\.\.\.$/);
    expect(body.history[0].event).toHaveLength(254);
    const { body: whole } = await sim.get(`${history}/${body.history[0].uuid}`);
    expect(whole).toMatchObject({ event_type: 'deploying', conductor: 'simulated-conductor', user: null });
    expect(whole.event.length).toBeGreaterThan(300);
    expect((await sim.get(`${history}?detail=true`)).body.history[0]).toEqual(whole);
  });

  it('is paged', async () => {
    const sim = setup();
    await sim.deploy(broken);
    sim.pass(100);
    const { body } = await sim.get(`${history}?limit=1`);
    const marker = body.history[0].uuid;
    expect(body.next).toBe(`http://127.0.0.1:6385${history}?limit=1&marker=${marker}`);
    expect((await sim.get(`${history}?marker=${marker}`)).body.history).toEqual([]);
  });

  it('answers 404 for unknown entries, and exists since 1.78', async () => {
    const sim = setup();
    const unknown = 'dddddddd-0000-4000-8000-000000000003';
    const problem = `Node history record ${unknown} could not be found.`;
    expect((await sim.get(`${history}/${unknown}`)).fault).toBe(problem);
    expect((await sim.get(`${history}?marker=${unknown}`)).fault).toBe(problem);
    expect((await sim.get(history, '1.77')).status).toBe(404);
    expect((await sim.get(history)).body).toEqual({ history: [] });
  });
});

describe('conductors', () => {
  it('are a single one', async () => {
    const sim = setup();
    const { body } = await sim.get('/v1/conductors');
    expect(body.conductors).toEqual([
      {
        hostname: 'simulated-conductor',
        conductor_group: '',
        links: [
          { href: 'http://127.0.0.1:6385/v1/conductors/simulated-conductor', rel: 'self' },
          { href: 'http://127.0.0.1:6385/conductors/simulated-conductor', rel: 'bookmark' },
        ],
        alive: true,
      },
    ]);
    expect((await sim.get('/v1/conductors?marker=simulated-conductor')).body.conductors).toEqual([]);
    expect((await sim.get('/v1/conductors/simulated-conductor')).body.drivers).toEqual(['fake-hardware']);
    expect((await sim.get('/v1/conductors/simulated-conductor?fields=alive')).body).toMatchObject({ alive: true });
    expect((await sim.get('/v1/conductors/other')).fault).toBe('Conductor other could not be found.');
    expect((await sim.get('/v1/conductors', '1.48')).status).toBe(404);
  });
});

describe('drivers', () => {
  it('are a single one, with its interfaces in detail', async () => {
    const sim = setup();
    const { body } = await sim.get('/v1/drivers');
    expect(body.drivers[0]).toMatchObject({ name: 'fake-hardware', hosts: ['simulated-conductor'], type: 'dynamic' });
    expect(body.drivers[0]).not.toHaveProperty('default_deploy_interface');
    const whole = (await sim.get('/v1/drivers/fake-hardware')).body;
    expect(whole).toMatchObject({ default_deploy_interface: 'fake', enabled_deploy_interfaces: ['fake', 'direct'] });
    expect((await sim.get('/v1/drivers?detail=true')).body.drivers).toEqual([whole]);
    expect((await sim.get('/v1/drivers?fields=name')).body.drivers[0]).toHaveProperty('name', 'fake-hardware');
    expect((await sim.get('/v1/drivers/fake-hardware', '1.32')).body).not.toHaveProperty('default_rescue_interface');
    expect(Object.keys((await sim.get('/v1/drivers', '1.13')).body.drivers[0])).toEqual(['name', 'hosts', 'links']);
    expect((await sim.get('/v1/drivers/fake-hardware/properties')).body).toHaveProperty('deploy_kernel');
  });

  it('are not listed for wrong arguments', async () => {
    const sim = setup();
    expect((await sim.get('/v1/drivers?type=classic')).body.drivers).toEqual([]);
    expect((await sim.get('/v1/drivers?type=x')).fault).toBe(
      '"type" filter must be one of "classic" or "dynamic", if specified.',
    );
    expect((await sim.get('/v1/drivers?fields=name&detail=true')).status).toBe(400);
    expect((await sim.get('/v1/drivers?detail=true', '1.29')).status).toBe(406);
    expect((await sim.get('/v1/drivers?fields=name', '1.76')).status).toBe(406);
    expect((await sim.get('/v1/drivers/fake-hardware?fields=name', '1.76')).status).toBe(406);
    expect((await sim.get('/v1/drivers/redfish')).fault).toBe(
      'Could not find the following driver(s) or hardware type(s): redfish.',
    );
  });
});
