import { Locked, nodeLocked } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import { Agenda } from './agenda.js';
import type { Allocation } from './allocation.js';
import { Fleet } from './fleet.js';
import type { Image } from './image.js';
import type { Network, TenantPort } from './network.js';
import type { Node, Port } from './node.js';

/** The whole simulated cloud. */
export type World = ReturnType<typeof createWorld>;

interface WorldOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Like Math.random. */
  readonly random: () => number;
  /** All durations are divided by it. */
  readonly speed: number;
  /** Sends a form from a machine. */
  readonly post: (url: string, form: URLSearchParams) => void;
}

/** A cloud without servers and images. */
export function createWorld({ now, random, speed, post }: WorldOptions) {
  return {
    now,
    random,
    post,
    /** Turns seconds of the simulated hardware into milliseconds of the clock. */
    lasting(seconds: number): number {
      // At least a millisecond, or a loop that waits would never end.
      return Math.max(Math.round((seconds * 1000) / speed), Math.sign(seconds));
    },
    fleet: new Fleet(),
    agenda: new Agenda(),
    /** By id. */
    images: new Map<string, Image>(),
    /** By uuid, in order of creation. */
    allocations: new Map<string, Allocation>(),
    /** Neutron's networks and ports, by id. */
    networks: new Map<string, Network>(),
    tenantPorts: new Map<string, TenantPort>(),
    /** Chassis and other resources, by path and uuid: `chassis/…`. */
    records: new Map<string, JsonObject>(),
    /** By uuid, in order of creation. */
    ports: new Map<string, Port>(),
  };
}

/** Refuses a change to a locked node. */
export function requireUnlocked(node: Node): void {
  if (node.reservation !== null) throw nodeLocked(node.uuid, node.reservation, Locked);
}
