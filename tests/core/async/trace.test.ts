import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { composeCore } from '../../../src/compose.js';
import { readConfig } from '../../../src/config/config.js';
import { allOperations } from '../../../src/core/operations.js';
import { createSimulator } from '../../../src/simulator/cloud.js';

/** The one project that the simulated Neutron knows. */
const project = '9cad7ccf0fc74f7d96080797ae98ed58';

const traceOf = (caller: number) => `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b${caller}-01`;

/** A Keystone with the simulated Ironic, Glance and Neutron, on one port. It keeps the trace of each request. */
async function startCloud() {
  const requests: { readonly path: string; readonly trace: string | null }[] = [];
  const simulator = createSimulator({ clock: { now: Date.now }, speed: 10_000 });
  const server = createAdaptorServer({
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      requests.push({ path: `${request.method} ${pathname}`, trace: request.headers.get('traceparent') });
      if (pathname !== '/v3/auth/tokens') return simulator.fetch(request);
      const catalog = ['baremetal', 'image', 'network'].map((type) => ({
        type,
        endpoints: [{ interface: 'public', region: 'one', url: origin }],
      }));
      const token = { expires_at: new Date(Date.now() + 3_600_000).toISOString(), catalog, project: { id: project } };
      return Response.json({ token }, { status: 201, headers: { 'X-Subject-Token': 'a-token' } });
    },
  }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const core = await composeCore(
    await readConfig(
      {
        OS_AUTH_URL: `http://127.0.0.1:${port}`,
        OS_USERNAME: 'ada',
        OS_PASSWORD: 'secret',
        OS_PROJECT_NAME: 'lab',
        OS_USER_DOMAIN_NAME: 'Default',
        OS_PROJECT_DOMAIN_NAME: 'Default',
      },
      {},
    ),
  );
  const call = (name: string, input: object, traceparent?: string) => {
    const { signal } = new AbortController();
    const operation = allOperations.find((each) => each.name === name);
    if (!operation) throw new Error(`no operation ${name}`);
    return operation.call(core, input, { signal, caller: { face: 'library' }, traceparent });
  };
  return {
    call,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

let cloud: Awaited<ReturnType<typeof startCloud>>;

beforeEach(async () => {
  cloud = await startCloud();
});

afterEach(() => cloud.close());

describe('the trace of a call', () => {
  it('is on each request that the call makes, to Keystone, Ironic, Glance and Neutron', async () => {
    await cloud.call('provision_server', { image_id: 'ubuntu-24.04', networks: [{ network: 'tenant-a' }] }, traceOf(1));
    const paths = cloud.requests.map(({ path }) => path);
    for (const service of [/v3\/auth/, /^PUT .*states\/provision/, /v2\/images/, /^POST .*v2\.0\/ports/])
      expect(paths).toEqual(expect.arrayContaining([expect.stringMatching(service)]));
    expect(cloud.requests.filter(({ trace }) => trace !== traceOf(1))).toEqual([]);
  });

  it('is on no request of a later call without a trace', async () => {
    await cloud.call('list_servers', {}, traceOf(1));
    cloud.requests.length = 0;
    await cloud.call('list_servers', {});
    expect(cloud.requests.map(({ trace }) => trace)).toEqual([null]);
  });

  it('is the one of the call that began a reading which several calls share', async () => {
    const server = {
      operation_id: `${(await cloud.call('provision_server', { image_id: 'ubuntu-24.04' })).operation_id}`,
    };
    cloud.requests.length = 0;
    await Promise.all([1, 2, 3].map((caller) => cloud.call('check_provision_status', server, traceOf(caller))));
    expect(cloud.requests).toEqual([{ path: `GET /v1/nodes/${server.operation_id}`, trace: traceOf(1) }]);
  });
});
