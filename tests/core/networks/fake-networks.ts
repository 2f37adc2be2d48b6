import type { Network, NetworkPort, NetworkService } from '../../../src/core/network-service.js';
import { uuid } from '../fake-bare-metal.js';

/** A Neutron port of nobody. */
export function freePort(overrides: Partial<NetworkPort> = {}): NetworkPort {
  return {
    id: uuid(801),
    networkId: uuid(1),
    mac: 'fa:16:3e:00:00:01',
    addresses: ['10.20.0.9'],
    status: 'DOWN',
    deviceId: '',
    deviceOwner: '',
    description: '',
    createdAt: '',
    revision: 1,
    ...overrides,
  };
}

/** A Neutron in memory that only has what it is given. */
export function fakeNetworks(ports: NetworkPort[] = [], networks: readonly Network[] = []): NetworkService {
  let made = 0;
  return {
    find: async (ref) => networks.filter(({ id, name }) => id === ref || name === ref),
    list: async () => networks,
    networks: async (ids) => networks.filter(({ id }) => ids.includes(id)),
    subnets: async () => [],
    ownPorts: async (id) => ports.filter(({ deviceId }) => id === undefined || deviceId === id),
    ports: async (ids) => ports.filter(({ id }) => ids.includes(id)),
    async create({ networkId, deploymentId, description }) {
      made += 1;
      const marks = { deviceId: deploymentId, deviceOwner: 'ironic-mcp', description };
      const port = freePort({ id: uuid(900 + made), networkId, ...marks });
      ports.push(port);
      return port;
    },
    async describe(port, description) {
      const described = { ...port, description, revision: (port.revision ?? 0) + 1 };
      ports.splice(0, ports.length, ...ports.map((each) => (each.id === port.id ? described : each)));
      return described;
    },
    async remove({ id }) {
      ports.splice(0, ports.length, ...ports.filter((port) => port.id !== id));
    },
  };
}
