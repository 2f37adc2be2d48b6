import { describe, expect, it } from 'vitest';
import { addPorts } from '../../support/tenant-ports.js';
import { setup } from '../harness.js';

const name = 'rack2-large-01';
const vifs = `/v1/nodes/${name}/vifs`;

describe('a port of Neutron that Ironic attaches', () => {
  it('gets the MAC address of the card, and is bound when the node is deployed', async () => {
    const sim = setup();
    addPorts(sim.world, 'net-1');
    expect((await sim.post(vifs, { id: 'net-1' })).status).toBe(204);
    expect(sim.world.tenantPorts.get('net-1')).toMatchObject({ mac_address: '52:54:00:00:00:05', status: 'DOWN' });
    await sim.deploy(name);
    sim.pass(300);
    await sim.node(name);
    expect(sim.world.tenantPorts.get('net-1')?.status).toBe('ACTIVE');
    addPorts(sim.world, 'net-2');
    await sim.post(vifs, { id: 'net-2' });
    expect(sim.world.tenantPorts.get('net-2')?.status).toBe('ACTIVE');
    await sim.target(name, 'deleted');
    sim.pass(300);
    await sim.node(name);
    expect(sim.world.tenantPorts.get('net-1')?.status).toBe('DOWN');
    expect(sim.world.tenantPorts.get('net-1')?.mac_address).not.toBe('52:54:00:00:00:05');
  });

  it('must be there, at the attachment and at the deployment', async () => {
    const sim = setup();
    expect(await sim.post(vifs, { id: 'nosuch' })).toMatchObject({
      status: 500,
      fault:
        'Unable to attach VIF nosuch because Ironic can not update Neutron port nosuch MAC address to match physical MAC address 52:54:00:00:00:05',
    });
    addPorts(sim.world, 'net-1');
    await sim.post(vifs, { id: 'net-1' });
    sim.world.tenantPorts.delete('net-1');
    await sim.deploy(name);
    sim.pass(60);
    expect((await sim.node(name)).last_error).toContain('Unable to set binding:host_id for neutron port net-1');
    expect((await sim.delete(`${vifs}/net-1`)).status).toBe(204);
  });

  it.each([
    ['POST', '/v2.0/ports', null],
    ['POST', '/v2.0/ports', { port: 7 }],
  ])('is not made by %s %s with %j', async (method, path, body) => {
    const { fetch } = setup();
    const init = { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    expect((await fetch(new Request(`http://sim${path}`, init))).status).toBe(400);
  });
});
