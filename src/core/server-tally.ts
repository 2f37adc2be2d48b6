import * as z from 'zod';
import type { Server } from './model.js';
import { obstacleTo } from './obstacles.js';
import type { Policy } from './policy.js';
import { stateMeaning } from './states.js';
import { isAbandoned } from './status.js';
import { plain } from './untrusted.js';

/** More classes are only counted together. */
const mostClasses = 30;

/** What a server is to somebody who looks for one. */
export const standings = ['available', 'in_use', 'deploying', 'failed', 'unusable'] as const;
export type Standing = (typeof standings)[number];

// One for each member: what is made of the schema describes a member by its name, and one for all would have one description.
const count = () => z.int().optional();
/** How many servers of a class there are of each standing. */
export const ClassCount = z.strictObject({
  resource_class: z.string(),
  available: count(),
  in_use: count(),
  deploying: count(),
  failed: count(),
  unusable: count(),
});
export type ClassCount = z.output<typeof ClassCount>;

/** What a server is now, by Ironic's clock, to somebody who keeps to these rules. */
export function standingOf(server: Server, now: number, policy: Policy): Standing {
  if (obstacleTo(server) === undefined) return policy.allowsClass(server.resourceClass) ? 'available' : 'unusable';
  const outcome = stateMeaning(server.provisionState)?.outcome;
  if (outcome === 'in_progress') return 'deploying';
  if (outcome === 'failed') return 'failed';
  if (outcome === 'completed') return 'in_use';
  if (server.deploymentId === null) return 'unusable';
  if (server.provisionState !== 'available' || server.entry === null) return 'in_use';
  return isAbandoned(server, now) ? 'failed' : 'deploying';
}

/** Counts servers by class and standing. */
export interface Tally {
  add(server: Server, standing: Standing): void;
  byClass(): ClassCount[];
  byStanding(): readonly (readonly [Standing, number])[];
  total(): number;
}

export function createTally(): Tally {
  const classes = new Map<string, Map<Standing, number>>();
  const all = new Map<Standing, number>();
  const increase = (counts: Map<Standing, number>, standing: Standing, by = 1) =>
    counts.set(standing, (counts.get(standing) ?? 0) + by);
  const total = () => [...all.values()].reduce((sum, count) => sum + count, 0);
  return {
    total,
    add({ resourceClass }, standing) {
      const counts = classes.get(resourceClass ?? '') ?? new Map<Standing, number>();
      classes.set(resourceClass ?? '', increase(counts, standing));
      increase(all, standing);
    },
    byStanding: () => [...all].sort(([left], [right]) => standings.indexOf(left) - standings.indexOf(right)),
    byClass() {
      const sorted = [...classes].sort(([left], [right]) => (left < right ? -1 : 1));
      const rest = new Map<Standing, number>();
      for (const [, counts] of sorted.slice(mostClasses)) for (const each of counts) increase(rest, ...each);
      const named = sorted.slice(0, mostClasses).map(([name, counts]) => countOf(plain(name, 80) || '(none)', counts));
      return rest.size === 0 ? named : [...named, countOf(`(${sorted.length - mostClasses} others)`, rest)];
    },
  };
}

function countOf(resourceClass: string, counts: ReadonlyMap<Standing, number>): ClassCount {
  return { resource_class: resourceClass, ...Object.fromEntries(counts) };
}
