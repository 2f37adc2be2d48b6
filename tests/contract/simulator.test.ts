import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll } from 'vitest';
import { createSimulator } from '../../src/simulator/cloud.js';
import { contract } from './suite.js';

/** Simulated time passes so much faster: a deployment takes about a second. */
const speed = 60;

let server: Server;
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

contract(async () => {
  const { fetch, world } = createSimulator({ servers: 40, speed });
  const requests: string[] = [];
  server = createAdaptorServer({
    fetch(request: Request) {
      const { pathname, search } = new URL(request.url);
      if (request.headers.get('user-agent') !== 'tests') requests.push(`${request.method} ${pathname}${search}`);
      return fetch(request);
    },
  }) as Server;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: async () => requests,
    fate: { member: 'sim', deployInterface: 'direct' },
    ordinaryInterface: 'direct',
    strictInterface: 'direct',
    putInGroup: async (serverId, group) => {
      const node = world.fleet.byUuid(serverId);
      if (node) world.fleet.update(node, { conductor_group: group }, world.now());
    },
    configDrive: async (serverId) => JSON.stringify(world.fleet.byUuid(serverId)?.instance_info.configdrive),
  };
});
