import type { World } from '../../src/simulator/world/world.js';

/** Neutron ports with these ids, which somebody has made beforehand. */
export function addPorts(world: World, ...ids: readonly string[]): void {
  const [network] = world.networks.values();
  if (!network) throw new Error('The simulated cloud has no network.');
  for (const [index, id] of ids.entries()) {
    const [subnet] = network.subnets;
    world.tenantPorts.set(id, {
      id,
      network,
      vnic_type: 'baremetal',
      created_at: world.now(),
      updated_at: world.now(),
      revision: 1,
      name: `foreign-${index}`,
      description: '',
      device_id: '',
      device_owner: '',
      mac_address: `fa:16:3e:00:00:0${index}`,
      fixed_ips: [{ subnet_id: subnet?.id ?? '', ip_address: `10.20.0.${200 + index}` }],
      status: 'DOWN',
    });
  }
}
