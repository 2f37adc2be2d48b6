import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nobody, sameFailure } from '../../http/failing-requests.js';
import { createRestClient } from '../../http/rest-client.js';
import { type FaultProxy, faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { startHttpServer } from '../../support/http-server.js';
import { localImages } from '../../support/local-images.js';
import { type SimulatedIronic, startSimulatedIronic } from '../../support/simulated-ironic.js';

describe('a server that gets SIGTERM', () => {
  let ironic: SimulatedIronic;
  let proxy: FaultProxy;
  beforeAll(async () => {
    ironic = await startSimulatedIronic({ speed: 1_000 });
    proxy = await startFaultProxy(ironic.url);
  });
  afterAll(async () => {
    await proxy.close();
    await ironic.close();
  });
  const settings = () => ({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages });

  it('finishes the calls in progress, accepts no more, and ends with exit code 0', async () => {
    const server = await startHttpServer([], settings());
    const put = proxy.on({ method: 'PUT' }, faults.holdBefore);
    const running = fetch(`${server.url}/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image_id: 'file:///srv/images/x.img', server_id: 'rack1-small-01' }),
    });
    const look = proxy.on({ method: 'GET', path: nobody }, faults.holdBefore);
    const looking = fetch(`${server.url}/provision/${nobody}`);
    await Promise.all([put.reached, look.reached]);
    const stopped = server.stop();
    await server.program.until('stderr', /Stopping/);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    put.release();
    look.release();
    expect((await running).status).toBe(202);
    expect((await looking).status).toBe(404);
    expect(await stopped).toBe(0);
    proxy.clear();
  });

  it('tells waiting clients to call again, over REST and MCP', async () => {
    const server = await startHttpServer([], settings());
    const client = createRestClient(server.url, (request) => fetch(request));
    const held = [1, 2].map((nth) => proxy.on({ method: 'GET', path: '/v1/nodes/', nth }, faults.stallBefore));
    const waiting = client.ask('GET', `/provision/${nobody}?wait_seconds=50`);
    const told = client.callTool('check_provision_status', {
      operation_id: nobody.replace('0', '1'),
      wait_seconds: 50,
    });
    await Promise.all(held.map(({ reached }) => reached));
    const stopped = server.stop();
    const answer = await waiting;
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(sameFailure(answer, await told)).toMatchObject({
      status: 503,
      code: 'overloaded',
      reason: 'this MCP server is stopping',
    });
    expect(await stopped).toBe(0);
    proxy.clear();
  });
});
