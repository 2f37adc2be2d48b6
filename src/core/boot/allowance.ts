import { ipFrom, unmapped } from '../networks/ip.js';
import type { Clock } from '../ports.js';

/** How many requests may come at once, and how many more with each second. */
interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Each report costs Ironic a request. Machines behind a NAT are one peer, and a whole rack may boot at the same moment. */
const rates = { peer: { burst: 100, perSecond: 5 }, all: { burst: 400, perSecond: 20 } } as const;

/** With more peers than this, we forget the ones that have been quiet. */
const mostPeers = 1_000;

/** Limits how often reports come, from each peer and from all of them. */
export interface Allowance {
  /** Whether a peer may send one more now. If so, it counts. */
  admits(peer: string): boolean;
}

/** Whom an address counts for: a host can have every address of an IPv6 subnet. */
export function peerOf(address: string): string {
  const text = unmapped(address);
  const ip = ipFrom(text);
  return ip?.family === 6 ? `${(ip.value >> 64n).toString(16)}/64` : text;
}

export function createAllowance(clock: Clock): Allowance {
  const all = createBucket(rates.all, clock);
  const peers = new Map<string, ReturnType<typeof createBucket>>();
  return {
    admits(peer) {
      // First, so that many peers cannot fill the memory.
      if (all.left() < 1) return false;
      if (peers.size >= mostPeers) for (const [each, bucket] of peers) if (bucket.isFull()) peers.delete(each);
      const own = peers.get(peer) ?? createBucket(rates.peer, clock);
      peers.set(peer, own);
      if (own.left() < 1) return false;
      own.take();
      all.take();
      return true;
    },
  };
}

function createBucket({ burst, perSecond }: Rate, clock: Clock) {
  let taken = 0;
  let at = clock.now();
  const left = () => {
    const now = clock.now();
    taken = Math.max(0, taken - (Math.max(0, now - at) / 1_000) * perSecond);
    at = now;
    return burst - taken;
  };
  return {
    left,
    isFull: () => left() >= burst,
    take() {
      taken += 1;
    },
  };
}
