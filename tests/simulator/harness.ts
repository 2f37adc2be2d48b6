import { createSimulator, type SimulatorOptions } from '../../src/simulator/cloud.js';

/** The parts of an answer that tests read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever stands in an answer
  readonly body: any;
  /** The text of a refusal, taken out of Ironic's double encoding. */
  readonly fault: string | undefined;
}

/** Sunday 22 November 2026, 8:00 UTC. */
const START = Date.UTC(2026, 10, 22, 8);

const BASE = 'http://127.0.0.1:6385';

/** A simulated cloud with a clock that only the test moves. */
export function setup(options: Omit<SimulatorOptions, 'clock'> = {}) {
  let now = START;
  const clock = {
    now: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  const { fetch, world } = createSimulator({ random: () => 0.5, ...options, clock });

  async function ask(method: string, path: string, body?: unknown, version: string | null = '1.82'): Promise<Answer> {
    const headers = new Headers({ 'Content-Type': 'application/json' });
    if (version !== null) headers.set('X-OpenStack-Ironic-API-Version', version);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const init: RequestInit = { method, headers, ...(body !== undefined && { body: text }) };
    const response = await fetch(new Request(BASE + path, init));
    const answer = await response.text();
    const parsed = answer === '' ? undefined : JSON.parse(answer);
    const inner = parsed?.error_message === undefined ? undefined : JSON.parse(parsed.error_message);
    return {
      status: response.status,
      headers: response.headers,
      body: parsed,
      fault: inner?.faultstring ?? inner?.description,
    };
  }

  const sim = {
    world,
    fetch,
    get: (path: string, version?: string | null) => ask('GET', path, undefined, version),
    post: (path: string, body?: unknown, version?: string | null) => ask('POST', path, body, version),
    put: (path: string, body?: unknown, version?: string | null) => ask('PUT', path, body, version),
    patch: (path: string, body?: unknown, version?: string | null) => ask('PATCH', path, body, version),
    delete: (path: string, version?: string | null) => ask('DELETE', path, undefined, version),
    /** Lets this many seconds pass. */
    pass(seconds: number) {
      now += seconds * 1000;
    },
    now: () => now,
    /** Locks a node for good, as a conductor that hangs. */
    lock(name: string) {
      const node = world.fleet.byName(name);
      if (node) world.fleet.update(node, { reservation: 'simulated-conductor' }, now);
    },
    node: async (ident: string) => (await ask('GET', `/v1/nodes/${ident}`)).body,
    /** PUTs a provision target. */
    target: (ident: string, target: string, more: object = {}, version?: string) =>
      ask('PUT', `/v1/nodes/${ident}/states/provision`, { target, ...more }, version),
    /** Sets one field of a node. */
    set: (ident: string, field: string, value: unknown) =>
      ask('PATCH', `/v1/nodes/${ident}`, [{ op: 'add', path: `/${field}`, value }]),
    image: async (name: string): Promise<string> => (await ask('GET', `/v2/images?name=${name}`)).body.images[0].id,
    /** Describes an instance on a node and has it deployed. */
    async deploy(ident: string, info: object = {}, more: object = {}) {
      const image = await sim.image('ubuntu-24.04');
      await sim.set(ident, 'instance_info', { image_source: image, ...info });
      return sim.target(ident, 'active', more);
    },
  };
  return sim;
}

export type Sim = ReturnType<typeof setup>;
