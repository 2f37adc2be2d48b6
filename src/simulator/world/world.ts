import { nodeLocked } from '../dialect/errors.js';
import { Agenda } from './agenda.js';
import type { Allocation } from './allocation.js';
import { Fleet } from './fleet.js';
import type { Image } from './image.js';
import type { Node, Port } from './node.js';

/** Everything that the simulated cloud consists of. */
export type World = ReturnType<typeof createWorld>;

interface WorldOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Like Math.random. */
  readonly random: () => number;
  /** Durations are divided by it. */
  readonly speed: number;
}

/** A cloud without any servers or images. */
export function createWorld({ now, random, speed }: WorldOptions) {
  return {
    now,
    random,
    /** Turns a duration of the simulated hardware, in seconds, into milliseconds of the clock. */
    lasting(seconds: number): number {
      // What takes time takes at least a millisecond, or whoever waits in a loop would wait for ever.
      return Math.max(Math.round((seconds * 1000) / speed), Math.sign(seconds));
    },
    fleet: new Fleet(),
    agenda: new Agenda(),
    /** By id. */
    images: new Map<string, Image>(),
    /** By uuid, in order of creation. */
    allocations: new Map<string, Allocation>(),
    /** By uuid, in order of creation. */
    ports: new Map<string, Port>(),
  };
}

/** Refuses a change to a node that somebody works on. Ironic waits three seconds first; the simulator does not. */
export function requireUnlocked(node: Node): void {
  if (node.reservation !== null) throw nodeLocked(node.uuid, node.reservation);
}
