import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { describe, expect, it } from 'vitest';
import { faults, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { startHttpServer } from '../../support/http-server.js';
import { localImages } from '../../support/local-images.js';
import { connectOverHttp } from '../../support/mcp-over-http.js';
import { clientLines, openSession } from '../../support/mcp-session.js';
import { startSimulatedIronic } from '../../support/simulated-ironic.js';

const image_id = 'file:///images/debian.qcow2';

type Call = (name: string, input: object, signal?: AbortSignal) => Promise<unknown>;

/** Shorter than any of these waits. */
const options = { concurrent: true, timeout: 50_000 };

/** An Ironic in which time stands still, so that nothing but its caller ends a wait. */
async function startIronic() {
  const ironic = await startSimulatedIronic();
  const proxy = await startFaultProxy(ironic.url);
  return {
    // No request ends by itself.
    env: { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages, IRONIC_MCP_REQUEST_TIMEOUT: '60' },
    /**
     * Waits for a server until the second look at it is under way, cancels that, and sees the look broken off.
     * @param leave Instead of cancelling.
     */
    async brokenOff(call: Call, leave?: () => void): Promise<void> {
      const server_id = 'rack1-small-01';
      await call('provision_server', { image_id, server_id });
      const { uuid } = await ironic.node(server_id);
      const look = proxy.on({ method: 'GET', path: uuid, nth: 2 }, faults.stallBefore);
      const controller = new AbortController();
      const input = { operation_id: uuid, wait_seconds: 50 };
      const waiting = expect(call('check_provision_status', input, controller.signal)).rejects.toBeDefined();
      await look.reached;
      if (leave) leave();
      else controller.abort('the user pressed escape');
      await waiting;
      await look.abandoned;
    },
    async close() {
      await proxy.close();
      await ironic.close();
    },
  };
}

describe.each(clientLines)('a wait that a %s client cancels', options, (line) => {
  it('ends over stdio', async () => {
    const { env, brokenOff, close } = await startIronic();
    const session = await openSession(line, env);
    await brokenOff((name, input, signal) => session.callTool(name, input, signal && { signal }));
    expect(await session.close()).toEqual({ code: 0, signal: null });
    await close();
  });

  it('ends over HTTP', async () => {
    const { env, brokenOff, close } = await startIronic();
    const server = await startHttpServer([], env);
    const client = await connectOverHttp(line, server.url);
    const call: Call = (name, input, signal) => {
      const asked = { name, arguments: input as Record<string, unknown> };
      const options = signal && { signal };
      return client instanceof ClientV1 ? client.callTool(asked, undefined, options) : client.callTool(asked, options);
    };
    // The server keeps no state between requests, so it cannot tell which request a 1.x client cancels.
    await brokenOff(call, line === 'v1' ? () => void client.close() : undefined);
    await client.close();
    await server.stop();
    await close();
  });
});

describe('a wait whose client is lost', options, () => {
  it.each(['mcp', 'rest'])('ends over %s', async (face) => {
    const { env, brokenOff, close } = await startIronic();
    const server = await startHttpServer([], env);
    const ask = async (path: string, body: object | undefined, signal: AbortSignal | undefined) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
      const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : {};
      const response = await fetch(`${server.url}${path}`, { ...init, signal: signal ?? null });
      expect(response.ok).toBe(true);
      return response.text();
    };
    await brokenOff((name, input, signal) => {
      const { operation_id, wait_seconds } = input as Readonly<Record<string, unknown>>;
      if (face === 'mcp') {
        const params = { name, arguments: input };
        return ask('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, signal);
      }
      return name === 'provision_server'
        ? ask('/provision', input, signal)
        : ask(`/provision/${operation_id}?wait_seconds=${wait_seconds}`, undefined, signal);
    });
    await server.stop();
    await close();
  });
});
