import { unlessAborted } from '../async/abort.js';
import { type BareMetal, NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';

/**
 * At most this many servers are read one by one at the same time. More wait only when Ironic cannot keep up. Then the
 * rest is read in lists, where a server costs Ironic a twentieth (0.35 ms instead of 7.4, measured on 21.4 with 80).
 */
const mostSingly = 16;

/** Like `BareMetal.find`, by id, without the facts about whether a server may be undeployed. */
export type Finder = (id: string, signal: AbortSignal) => Promise<Server | null>;

/** Finds servers for any number of status calls. */
export function createBatchedFind(bareMetal: BareMetal): Finder {
  let singly = 0;
  let last: Promise<unknown> = Promise.resolve();
  let next: Promise<ReadonlyMap<string, Server>> | undefined;

  /** The next list that begins. A list under way may be older than what its caller already knows. */
  function nextList(): Promise<ReadonlyMap<string, Server>> {
    next ??= last.then(read);
    last = next.catch(() => undefined);
    return next;
  }

  async function read(): Promise<ReadonlyMap<string, Server>> {
    next = undefined;
    // Many callers wait for it, so nobody aborts it. Each request has a deadline.
    const servers = await bareMetal.listInDeployment(new AbortController().signal);
    return new Map(servers.map((server) => [server.id, server]));
  }

  async function listed(id: string, signal: AbortSignal): Promise<Server | undefined> {
    try {
      return (await unlessAborted(nextList(), signal)).get(id);
    } catch (error) {
      // Perhaps only the list is too much for Ironic.
      if (error instanceof NoAnswer || error instanceof Refused) return undefined;
      throw error;
    }
  }

  return async (id, signal) => {
    const found = singly >= mostSingly ? await listed(id, signal) : undefined;
    if (found) return found;
    singly += 1;
    try {
      return await bareMetal.find(id, signal);
    } finally {
      singly -= 1;
    }
  };
}
