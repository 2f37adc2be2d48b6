import type { Retrying } from '../async/retry.js';
import type { Failure } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import type { BareMetal, Reservation } from '../ports.js';
import type { Server } from '../server.js';

/** What is to be deployed, whichever server it will be. */
export interface Plan {
  /** The server that the caller named; undefined when any will do, for then nobody need wait for a lock. */
  readonly serverRef: string | undefined;
  readonly reservation: Reservation;
  readonly configDrive: ConfigDrive | undefined;
  /** Neutron ports that are to be attached when the deployment is started. */
  readonly vifs: readonly string[];
  /** Other calls may carry the same deployment id, for it comes from an idempotency key. */
  readonly keyed: boolean;
  /** When the call is over, by the clock: from then on nothing is sent but an undo. */
  readonly until: number;
  /** The server's last deployment was this one and failed: it is deployed again in place. */
  readonly retrying: boolean;
}

/** How an attempt on one server ended when another server may be tried: nothing of it is left behind. */
export interface Declined {
  /** Retryable when the server was merely busy: it may be tried again. */
  readonly failure: Failure;
  /**
   * An answer to the reservation was lost, and that request may still arrive. Not when another server is reserved as the
   * same deployment by then: Ironic allows one only.
   */
  readonly reservationMayArrive?: boolean;
  /** Another call with the same key was there first, and has a server for it. */
  readonly elsewhere?: boolean;
}

/** The deployment was started; the server is as Ironic showed it last. */
export interface Started {
  readonly server: Server;
  /** By another call with the same key, and not by this one. */
  readonly joined: boolean;
}

/** What it takes to carry a plan out. */
export interface Deploying extends Retrying {
  readonly bareMetal: BareMetal;
}
