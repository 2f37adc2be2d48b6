import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, faults, startFaultProxy } from '../support/fault-proxy.js';
import { type SimulatedIronic, startSimulatedIronic } from '../support/simulated-ironic.js';
import { startHttpServer } from './http-server.js';

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
  const settings = () => ({ OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url });

  it('finishes what runs, lets nobody else in, and ends with exit code 0', async () => {
    const server = await startHttpServer([], settings());
    const put = proxy.on({ method: 'PUT' }, faults.holdBefore);
    const running = fetch(`${server.url}/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image_id: 'file:///srv/images/x.img', server_id: 'rack1-small-01' }),
    });
    await put.reached;
    const stopped = server.stop();
    await server.program.until('stderr', /stopping/);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    put.release();
    expect((await running).status).toBe(202);
    expect(await stopped).toBe(0);
    proxy.clear();
  });

  it('tells those who wait for a long time to ask again', { timeout: 20_000 }, async () => {
    const server = await startHttpServer([], settings());
    const held = proxy.on({ method: 'GET', path: '/v1/nodes/' }, faults.stallBefore);
    const waiting = fetch(`${server.url}/provision/00000000-0000-0000-0000-000000000000?wait_seconds=50`);
    await held.reached;
    const stopped = server.stop();
    const answer = await waiting;
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await answer.json()).toMatchObject({ code: 'overloaded', reason: 'this server is stopping' });
    expect(await stopped).toBe(0);
    proxy.clear();
  });
});
