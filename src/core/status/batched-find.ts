import { unlessAborted } from '../async/abort.js';
import { createTurns } from '../async/turns.js';
import { type BareMetal, type Clock, NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';

/**
 * A server costs Ironic a twentieth in a list: 0.3 ms instead of 6 to 7, measured on 21.4 with 1,000. A list shows all
 * servers in deployment, including other people's.
 */
const listedForOne = 20;

/** Fewer servers are read one by one in any case. */
const fewestInList = 32;

/** The pause between two lists for each server in them, in milliseconds. So they take 3 to 4 % of one process of Ironic's API. */
const pauseForEach = 9.5;

/** So long (ms) the length of the last list counts. After that, a list is tried again. */
const lengthCountsFor = 600_000;

/** So long (ms) nobody who waits tries a list again that Ironic did not give. */
const failureCountsFor = 60_000;

/** Other servers wait for their turn, so that they do not fill the queue of requests, which refuses more than 256. */
const mostAtOnce = 64;

/** At most this many servers are read one by one at the same time for calls that do not wait. More wait only when Ironic cannot keep up. */
const mostSingly = 16;

/** What Ironic said about a server; null if it does not know it. */
export interface Sight {
  readonly server: Server | null;
  /** When Ironic was asked, by our clock. */
  readonly at: number;
}

/** Finds servers for any number of status calls: one by one, or many in one list. */
export interface BatchedFind {
  /**
   * Like `BareMetal.find`, by id, without the facts about whether a server may be undeployed.
   *
   * @param maxAge How old (ms) a list may be, for a call that waits. With 0, a list begins after this call.
   */
  find(id: string, maxAge: number, signal: AbortSignal): Promise<Sight>;
  /** We have just changed the server, so no list that has begun counts for it. */
  forget(id: string): void;
  /** The shortest time (ms) between two looks at a server. */
  pause(): number;
}

interface List {
  readonly at: number;
  readonly servers: Promise<ReadonlyMap<string, Server>>;
  /** The servers that we have changed since the list began. */
  readonly changed: Set<string>;
}

/** @param waiting How many servers in deployment calls wait for. */
export function createBatchedFind(bareMetal: BareMetal, clock: Clock, waiting: () => number): BatchedFind {
  let singly = 0;
  /** The list that began last. */
  let latest: List | undefined;
  let next: Promise<List> | undefined;
  let length = { count: 0, until: 0 };
  const inTurn = createTurns(mostAtOnce);

  function begin(): List {
    next = undefined;
    const at = clock.now();
    latest = { at, servers: read(), changed: new Set() };
    // Its callers may have left.
    latest.servers.catch(() => {
      length = { count: Number.POSITIVE_INFINITY, until: clock.now() + failureCountsFor };
    });
    return latest;
  }

  async function read(): Promise<ReadonlyMap<string, Server>> {
    // Many callers wait for it, so nobody aborts it. Each request has a deadline.
    const servers = await bareMetal.listInDeployment(new AbortController().signal);
    length = { count: servers.length, until: clock.now() + lengthCountsFor };
    return new Map(servers.map((server) => [server.id, server]));
  }

  /** The next list that begins. A list under way may be older than what its caller already knows. */
  function nextList(): Promise<List> {
    next ??= (latest?.servers ?? Promise.resolve()).then(begin, begin);
    return next;
  }

  function isListed(): boolean {
    const known = clock.now() < length.until ? length.count : 0;
    return waiting() >= fewestInList && waiting() * listedForOne >= known;
  }

  /** Undefined if no list shows the server as it is. */
  async function listed(id: string, maxAge: number): Promise<Sight | undefined> {
    const recent = latest !== undefined && clock.now() - latest.at < maxAge ? latest : undefined;
    if (recent?.changed.has(id)) return undefined;
    const list = recent ?? (await nextList());
    const server = (await list.servers).get(id);
    return server && { server, at: list.at };
  }

  return {
    async find(id, maxAge, signal) {
      if (maxAge > 0 ? isListed() : singly >= mostSingly) {
        try {
          const sight = await unlessAborted(listed(id, maxAge), signal);
          if (sight) return sight;
        } catch (error) {
          // Perhaps only the list is too much for Ironic.
          if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
        }
      }
      singly += 1;
      try {
        return await inTurn(async () => {
          const at = clock.now();
          return { server: await bareMetal.find(id, signal), at };
        });
      } finally {
        singly -= 1;
      }
    },
    forget: (id) => void latest?.changed.add(id),
    pause: () => (isListed() ? length.count * pauseForEach : 0),
  };
}
