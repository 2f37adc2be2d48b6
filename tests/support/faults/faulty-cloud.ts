import { afterAll, beforeAll, expect } from 'vitest';
import { localImages } from '../local-images.js';
import { type ClientLine, type McpSession, openSession } from '../mcp-session.js';
import type { Environment } from '../program.js';
import { type SimulatedIronic, startSimulatedIronic } from '../simulated-ironic.js';
import { type FaultProxy, startFaultProxy } from './fault-proxy.js';

/** An MCP client, the program that it started, and the simulated Ironic behind a fault proxy. */
export interface FaultyCloud {
  readonly ironic: SimulatedIronic;
  readonly proxy: FaultProxy;
  readonly session: McpSession;
  /** Closes the client, and expects the program to exit with 0. */
  close(): Promise<void>;
}

export async function openFaultyCloud(line: ClientLine, env: Environment = {}): Promise<FaultyCloud> {
  const ironic = await startSimulatedIronic();
  const proxy = await startFaultProxy(ironic.url);
  const session = await openSession(line, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: proxy.url, ...localImages, ...env });
  return {
    ironic,
    proxy,
    session,
    async close() {
      expect(await session.close()).toEqual({ code: 0, signal: null });
      await proxy.close();
      await ironic.close();
    },
  };
}

/** One faulty cloud for all tests of a suite, ready when they run. */
export function sharedFaultyCloud(line: ClientLine, env?: Environment): Omit<FaultyCloud, 'close'> {
  let cloud: FaultyCloud;
  beforeAll(async () => {
    cloud = await openFaultyCloud(line, env);
  });
  afterAll(() => cloud.close());
  return {
    get ironic() {
      return cloud.ironic;
    },
    get proxy() {
      return cloud.proxy;
    },
    get session() {
      return cloud.session;
    },
  };
}
