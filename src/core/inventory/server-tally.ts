import * as z from 'zod';
import type { Policy } from '../policy.js';
import type { Server } from '../server.js';
import { isFree, meaningOf } from '../states.js';
import { isAbandoned } from '../status/provision-status.js';
import { plain } from '../text/untrusted.js';
import { isAvailable } from './eligibility.js';

/** The classes that are counted one by one; the rest is counted together. */
const mostClasses = 30;

/** What a server is to a caller who looks for one. */
export const availabilities = ['available', 'in_use', 'deploying', 'failed', 'unusable'] as const;
export type Availability = (typeof availabilities)[number];

// A schema for each member, because documents describe a schema by its member's name.
const count = () => z.int().optional();
/** How many servers of a class there are of each availability. */
export const ClassCount = z.strictObject({
  resource_class: z.string(),
  available: count(),
  in_use: count(),
  deploying: count(),
  failed: count(),
  unusable: count(),
});
export type ClassCount = z.output<typeof ClassCount>;

/** The availability of a server now, by Ironic's clock and under this policy. */
export function availabilityOf(server: Server, now: number, policy: Policy): Availability {
  if (isAvailable(server, policy)) return 'available';
  const { outcome } = meaningOf(server);
  if (outcome === 'in_progress') return 'deploying';
  if (outcome === 'failed') return 'failed';
  if (outcome === 'completed') return 'in_use';
  if (server.deploymentId === null) return 'unusable';
  if (!isFree(server) || server.entry === null) return 'in_use';
  return isAbandoned(server, now) ? 'failed' : 'deploying';
}

/** Counts servers by class and availability. */
export interface Tally {
  add(server: Server, availability: Availability): void;
  byClass(): ClassCount[];
  byAvailability(): readonly (readonly [Availability, number])[];
  total(): number;
}

export function createTally(): Tally {
  const classes = new Map<string, Map<Availability, number>>();
  const all = new Map<Availability, number>();
  const increase = (counts: Map<Availability, number>, availability: Availability, by = 1) =>
    counts.set(availability, (counts.get(availability) ?? 0) + by);
  const total = () => [...all.values()].reduce((sum, count) => sum + count, 0);
  return {
    total,
    add({ resourceClass }, availability) {
      const counts = classes.get(resourceClass ?? '') ?? new Map<Availability, number>();
      classes.set(resourceClass ?? '', increase(counts, availability));
      increase(all, availability);
    },
    byAvailability: () =>
      [...all].sort(([left], [right]) => availabilities.indexOf(left) - availabilities.indexOf(right)),
    byClass() {
      const sorted = [...classes].sort(([left], [right]) => (left < right ? -1 : 1));
      const rest = new Map<Availability, number>();
      for (const [, counts] of sorted.slice(mostClasses)) for (const each of counts) increase(rest, ...each);
      const named = sorted.slice(0, mostClasses).map(([name, counts]) => countOf(plain(name, 80) || '(none)', counts));
      return rest.size === 0 ? named : [...named, countOf(`(${sorted.length - mostClasses} others)`, rest)];
    },
  };
}

function countOf(resourceClass: string, counts: ReadonlyMap<Availability, number>): ClassCount {
  return { resource_class: resourceClass, ...Object.fromEntries(counts) };
}
