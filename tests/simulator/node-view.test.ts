import { describe, expect, it } from 'vitest';
import { setup } from './harness.js';

describe('a node', () => {
  it('has the members of a real one, in their order', async () => {
    const node = await setup().node('rack1-small-01');
    expect(Object.keys(node)).toEqual(
      'uuid created_at updated_at automated_clean bios_interface boot_interface boot_mode clean_step conductor_group console_enabled console_interface deploy_interface deploy_step description driver driver_info driver_internal_info extra fault inspection_finished_at inspection_started_at inspect_interface instance_info instance_uuid last_error lessee maintenance maintenance_reason management_interface name network_data network_interface owner power_interface power_state properties protected protected_reason provision_state provision_updated_at raid_config raid_interface rescue_interface reservation resource_class retired retired_reason secure_boot shard storage_interface target_power_state target_provision_state target_raid_config traits vendor_interface links conductor allocation_uuid chassis_uuid ports states portgroups volume'.split(
        ' ',
      ),
    );
  });

  it('is found by uuid in any version, by name since 1.5', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-01');
    expect((await sim.get(`/v1/nodes/${uuid}`, null)).status).toBe(200);
    expect((await sim.get('/v1/nodes/rack1-small-01', '1.5')).body.uuid).toBe(uuid);
    const unnamed = await sim.get('/v1/nodes/rack1-small-01', null);
    expect(unnamed.status).toBe(404);
    expect(unnamed.fault).toBe('Node rack1-small-01 could not be found.');
  });

  it('hides fields and links that are newer than the version', async () => {
    const sim = setup();
    const { uuid } = await sim.node('rack1-small-01');
    const oldest = (await sim.get(`/v1/nodes/${uuid}`, null)).body;
    for (const field of ['driver_internal_info', 'name', 'resource_class', 'traits', 'states', 'volume', 'conductor']) {
      expect(oldest).not.toHaveProperty(field);
    }
    expect(oldest).toHaveProperty('instance_uuid', null);
  });

  it('refuses fields that are newer than the version', async () => {
    const sim = setup();
    expect((await sim.get('/v1/nodes/rack1-small-01?fields=uuid', '1.7')).status).toBe(406);
    expect((await sim.get('/v1/nodes/rack1-small-01?fields=uuid,retired', '1.60')).status).toBe(406);
    expect((await sim.get('/v1/nodes/rack1-small-01?fields=bogus')).fault).toBe('Field bogus is not a valid field.');
    expect((await sim.get('/v1/nodes/rack1-small-01?bogus=1')).fault).toBe('Unexpected arguments: bogus');
  });

  it('hides secrets, also nested ones, but stores them', async () => {
    const sim = setup();
    const info = {
      image_source: 'http://127.0.0.1/x',
      image_url: 'http://127.0.0.1/x?signature=1',
      configdrive: { user_data: 'x' },
      api_secret: 'zzz',
      root_password: 'abc',
      nested: { auth_token: 'def', plain: 'ghi' },
      token_count: 5,
    };
    const { body } = await sim.set('rack1-small-01', 'instance_info', info);
    const masked = '******';
    expect(body.instance_info).toEqual({
      image_source: 'http://127.0.0.1/x',
      image_url: masked,
      configdrive: masked,
      api_secret: masked,
      root_password: masked,
      nested: { auth_token: masked, plain: 'ghi' },
      token_count: masked,
    });
    expect(body.driver_info.ipmi_password).toBe(masked);
    expect(sim.world.fleet.byName('rack1-small-01')?.instance_info).toEqual(info);
  });

  it('is locked in the answer to a patch, and unlocked afterwards', async () => {
    const sim = setup();
    const { body } = await sim.patch('/v1/nodes/rack1-small-01', []);
    expect(body.reservation).toBe('simulated-conductor');
    expect(body.updated_at).toBe('2026-11-22T08:00:00+00:00');
    expect((await sim.node('rack1-small-01')).reservation).toBeNull();
  });

  it('shows its states alone, as far as the version knows them', async () => {
    const sim = setup();
    const states = {
      console_enabled: false,
      last_error: null,
      power_state: 'power off',
      provision_state: 'available',
      target_power_state: null,
      target_provision_state: null,
      provision_updated_at: '2026-11-21T08:00:00+00:00',
    };
    expect((await sim.get('/v1/nodes/rack1-small-01/states', '1.11')).body).toEqual(states);
    expect((await sim.get('/v1/nodes/rack1-small-01/states')).body).toEqual({
      ...states,
      raid_config: {},
      target_raid_config: {},
      boot_mode: null,
      secure_boot: null,
    });
  });

  it('shows dates with microseconds, except at whole seconds, as Python does', async () => {
    const sim = setup();
    sim.pass(0.25);
    const { body } = await sim.patch('/v1/nodes/rack1-small-01', []);
    expect(body.updated_at).toBe('2026-11-22T08:00:00.250000+00:00');
  });
});

describe('a node also has', () => {
  it('a console, which is off', async () => {
    const { body } = await setup().get('/v1/nodes/rack1-small-01/states/console');
    expect(body).toEqual({ console_enabled: false, console_info: null });
  });

  it('an empty list of vendor methods', async () => {
    expect((await setup().get('/v1/nodes/rack1-small-01/vendor_passthru/methods')).body).toEqual({});
  });

  it('a boot device', async () => {
    const sim = setup();
    const path = '/v1/nodes/rack1-small-01/management/boot_device';
    expect((await sim.get(path)).body).toEqual({ boot_device: 'disk', persistent: true });
    expect((await sim.put(path, { boot_device: 'pxe' })).status).toBe(204);
    expect((await sim.get(path)).body).toEqual({ boot_device: 'pxe', persistent: false });
    expect((await sim.get(`${path}/supported`)).body.supported_boot_devices).toContain('cdrom');
    expect((await sim.put(path, { boot_device: 'floppy' })).fault).toBe('Invalid boot device floppy specified.');
    expect((await sim.put(path, { boot_device: 7 })).fault).toBe('Invalid boot device 7 specified.');
    expect((await sim.put(path, {})).fault).toBe('Missing mandatory parameter: boot_device');
  });

  it('empty lists of everything else', async () => {
    const sim = setup();
    const node = '/v1/nodes/rack1-small-01';
    expect((await sim.get(`${node}/portgroups`)).body).toEqual({ portgroups: [] });
    expect((await sim.get(`${node}/bios`)).body).toEqual({ bios: [] });
    expect((await sim.get(`${node}/bios`, '1.39')).status).toBe(404);
    expect((await sim.get(`${node}/volume/targets`)).body).toEqual({ targets: [] });
    expect((await sim.get(`${node}/volume`)).body.connectors[0].href).toContain('/volume/connectors');
    const { fault } = await sim.get(`${node}/inventory`);
    expect(fault).toMatch(/^Node inventory record for node .* could not be found\.$/);
    expect((await sim.get(`${node}/inventory`, '1.80')).status).toBe(404);
    expect((await sim.get(`${node}/volume`, '1.31')).status).toBe(404);
    expect((await sim.get('/v1/volume')).body.targets[1].href).toBe('http://127.0.0.1:6385/volume/targets');
    expect((await sim.get('/v1/deploy_templates')).body).toEqual({ deploy_templates: [] });
    expect((await sim.get('/v1/deploy_templates', '1.54')).status).toBe(404);
    expect((await sim.get('/v1/portgroups/pg1')).fault).toBe('Portgroup pg1 could not be found.');
    expect((await sim.get('/v1/chassis/c1')).fault).toBe('Expected UUID for chassis_uuid: c1');
    const chassis = 'dddddddd-0000-4000-8000-000000000003';
    expect((await sim.get(`/v1/chassis/${chassis}`)).fault).toBe(`Chassis ${chassis} could not be found.`);
  });
});
