import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createSimulator, type SimulatorOptions } from '../../src/simulator/cloud.js';

/** The members of a node that tests read. */
interface NodeView {
  readonly uuid: string;
  readonly name: string;
  readonly provision_state: string;
  readonly instance_uuid: string | null;
  readonly target_power_state: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
}

/** The simulated Ironic on a port, used like a real one. Tests can also ask it without the adapter. */
export interface SimulatedIronic {
  readonly url: string;
  /** Sends a request without the adapter. Resolves with the parsed body, and rejects for an error. */
  ask(method: string, path: string, body?: unknown): Promise<unknown>;
  node(ref: string): Promise<NodeView>;
  /** The config drive of a node, which Ironic itself does not show. */
  configDrive(name: string): unknown;
  /** Makes a node that is free for deployment. */
  addNode(name: string): Promise<NodeView>;
  /** The nodes that are reserved but not in a deployment. */
  leftReserved(): Promise<readonly NodeView[]>;
  close(): Promise<void>;
}

/** Without a clock, time stands still: a server that is deploying stays so, however slow the tests are. */
export async function startSimulatedIronic(options: SimulatorOptions = {}): Promise<SimulatedIronic> {
  const begin = Date.now();
  const { fetch, world } = createSimulator({ clock: { now: () => begin }, ...options });
  const server = createAdaptorServer({ fetch }) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(
      new Request(`${url}${path}`, {
        method,
        headers: { 'X-OpenStack-Ironic-API-Version': '1.82', 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
  const node = async (ref: string) => (await ask('GET', `/v1/nodes/${ref}`)) as NodeView;

  return {
    url,
    ask,
    node,
    configDrive: (name) => world.fleet.byName(name)?.instance_info.configdrive,
    async addNode(name) {
      const own = { driver: 'fake-hardware', deploy_interface: 'direct', resource_class: 'baremetal.small' };
      await ask('POST', '/v1/nodes', { name, ...own });
      const added = world.fleet.byName(name);
      if (!added) throw new Error(`no node ${name} after it was made`);
      world.fleet.update(added, { provision_state: 'available', power_state: 'power off' }, world.now());
      return node(name);
    },
    async leftReserved() {
      const { nodes } = (await ask('GET', '/v1/nodes/detail?associated=true&limit=1000')) as { nodes: NodeView[] };
      return nodes.filter(({ provision_state: state }) => state === 'available');
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
