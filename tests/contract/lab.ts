/** An Ironic to test the adapter and the core on: the simulator behind a port, or a real one. */
export interface Lab {
  readonly endpoint: string;
  /** The requests that reached this Ironic so far, as `METHOD path`. */
  requests(): Promise<readonly string[]>;
  /** The member of `extra` that scripts a server's fate, and the deploy interface that reads it. */
  readonly fate: { readonly member: string; readonly deployInterface: string };
  /** The deploy interface that servers have from the start. */
  readonly ordinaryInterface: string;
  /** Provokes a refusal, because `direct` requires a checksum for an http image. */
  readonly strictInterface: 'direct';
  /**
   * Puts a server into a conductor group without Ironic's API, which accepts only groups that have a conductor.
   */
  putInGroup(serverId: string, group: string): Promise<void>;
  /** What the config drive of a server contains, as one text. */
  configDrive(serverId: string): Promise<string>;
}

/** The methods of some requests, without the look that a program adds before a start on a machine busy for a second. */
export function methodsOf(requests: readonly string[]): string {
  return requests
    .map((request) => request.split(/[ ?]/)[0])
    .join(' ')
    .replace('PATCH GET PUT', 'PATCH PUT');
}

/** A node as Ironic shows it. */
export type Node = Readonly<Record<string, unknown>> & {
  readonly uuid: string;
  readonly name: string;
  readonly provision_state: string;
  readonly instance_uuid: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
  readonly reservation: string | null;
};

/** Talks to an Ironic as an administrator would with curl, without the code under test. */
export function administrator(endpoint: string, token?: string) {
  const headers = {
    'x-openstack-ironic-api-version': '1.78',
    'content-type': 'application/json',
    'user-agent': 'tests',
    ...(token === undefined ? {} : { 'x-auth-token': token }),
  };

  async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(`${endpoint}/v1/${path}`, { method, headers, ...init });
      const text = await response.text();
      const busy = response.status === 503 || (response.status === 409 && text.includes('is locked by host'));
      if (!busy || attempt === 60) return { status: response.status, body: text ? JSON.parse(text) : undefined };
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async function done(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await ask(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  return {
    ask,
    done,
    node: async (ref: string) => (await done('GET', `nodes/${ref}`)) as Node,
    nodes: async (query = '') => ((await done('GET', `nodes/detail?limit=1000${query}`)) as { nodes: Node[] }).nodes,
    patch: (ref: string, ...patch: { op: string; path: string; value?: unknown }[]) =>
      done('PATCH', `nodes/${ref}`, patch),
    async until(ref: string, state: string): Promise<Node> {
      for (;;) {
        const node = (await done('GET', `nodes/${ref}`)) as Node;
        if (node.provision_state === state && node.reservation === null) return node;
        if (/failed|error/.test(node.provision_state) && !/failed|error/.test(state)) {
          throw new Error(`${ref} is ${node.provision_state}: ${String(node.last_error)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}
export type Administrator = ReturnType<typeof administrator>;
