import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { describe, expect, it } from 'vitest';
import { startHttpServer } from '../http/http-server.js';
import { startFaultProxy } from '../support/fault-proxy.js';
import { connectOverHttp } from '../support/mcp-over-http.js';
import { clientLines, openSession } from '../support/mcp-session.js';
import { startSimulatedIronic } from '../support/simulated-ironic.js';

const image_id = 'file:///images/debian.qcow2';

type Call = (name: string, input: object, signal?: AbortSignal, onprogress?: () => void) => Promise<unknown>;

const options = { concurrent: true, timeout: 60_000 };

/** An Ironic in which time stands still, so that nothing but its caller ends a wait. */
async function startIronic() {
  const ironic = await startSimulatedIronic();
  const proxy = await startFaultProxy(ironic.url);
  return {
    env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url },
    proxy,
    /**
     * How often a server is looked at after a wait for it was cancelled, in the time of a shorter wait for another one.
     * @param leave Instead of cancelling.
     */
    async looksAfterwards(call: Call, leave?: () => void): Promise<number> {
      const [cancelled, other] = ['rack1-small-01', 'rack1-small-02'];
      for (const server_id of [cancelled, other]) await call('provision_server', { image_id, server_id });
      const { uuid } = await ironic.node(cancelled);
      const { uuid: otherId } = await ironic.node(other);
      const controller = new AbortController();
      const cancel = leave ?? (() => controller.abort('the user pressed escape'));
      await expect(
        call('check_provision_status', { operation_id: uuid, wait_seconds: 50 }, controller.signal, cancel),
      ).rejects.toBeDefined();
      const before = proxy.log.length;
      await call('check_provision_status', { operation_id: otherId, wait_seconds: 7 });
      return proxy.log.slice(before).filter(({ path }) => path.includes(uuid)).length;
    },
    async close() {
      await proxy.close();
      await ironic.close();
    },
  };
}

describe.each(clientLines)('a wait that a %s client cancels', options, (line) => {
  it('over stdio is over', async () => {
    const { env, looksAfterwards, close } = await startIronic();
    const session = await openSession(line, env);
    const looks = await looksAfterwards((name, input, signal, onprogress) =>
      session.callTool(name, input, { ...(signal ? { signal } : {}), ...(onprogress ? { onprogress } : {}) }),
    );
    expect(looks).toBe(0);
    expect(await session.close()).toEqual({ code: 0, signal: null });
    await close();
  });

  it('over HTTP is over', async () => {
    const { env, looksAfterwards, close } = await startIronic();
    const server = await startHttpServer([], env);
    const client = await connectOverHttp(line, server.url);
    const bystander = await connectOverHttp(line, server.url);
    const call: Call = (name, input, signal, onprogress) => {
      const asked = { name, arguments: input as Record<string, unknown> };
      const caller = signal ? client : bystander;
      const options = { ...(signal ? { signal } : {}), ...(onprogress ? { onprogress } : {}) };
      return caller instanceof ClientV1 ? caller.callTool(asked, undefined, options) : caller.callTool(asked, options);
    };
    // What a 1.x client cancels is not told from what others ask, for nothing is kept from one request to the next.
    const looks = await looksAfterwards(call, line === 'v1' ? () => void client.close() : undefined);
    expect(looks).toBe(0);
    await Promise.all([client.close(), bystander.close()]);
    await server.stop();
    await close();
  });
});

describe('a wait whose client is lost', options, () => {
  it.each(['mcp', 'rest'])('over %s is over', async (face) => {
    const { env, proxy, close } = await startIronic();
    const server = await startHttpServer([], env);
    const provision = (server_id: string) =>
      fetch(`${server.url}/provision`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ image_id, server_id }),
      }).then(async (response) => ((await response.json()) as { operation_id: string }).operation_id);
    const [lost, other] = [await provision('rack1-small-01'), await provision('rack1-small-02')];

    const controller = new AbortController();
    const { signal } = controller;
    const waited = { operation_id: lost, wait_seconds: 50 };
    const looked = proxy.on({ method: 'GET', path: lost, nth: 2 }, async ({ pass, reply }) => reply(await pass()));
    const call =
      face === 'rest'
        ? fetch(`${server.url}/provision/${lost}?wait_seconds=50`, { signal })
        : fetch(`${server.url}/mcp`, {
            method: 'POST',
            signal,
            headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
            body: JSON.stringify({
              jsonrpc: '2.0',
              id: 1,
              method: 'tools/call',
              params: { name: 'check_provision_status', arguments: waited },
            }),
          }).then((response) => response.text());
    const gone = expect(call).rejects.toBeDefined();
    await looked.reached;
    controller.abort();
    await gone;

    const before = proxy.log.length;
    await fetch(`${server.url}/provision/${other}?wait_seconds=7`);
    // One that was under way may still arrive.
    expect(proxy.log.slice(before).filter(({ path }) => path.includes(lost)).length).toBeLessThanOrEqual(1);
    await server.stop();
    await close();
  });
});
