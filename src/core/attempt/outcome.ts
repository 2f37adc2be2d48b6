import type { Retrying } from '../async/retry.js';
import type { Failure } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import type { BareMetal, Reservation } from '../ports.js';
import type { Server } from '../server.js';

/** What is to be deployed on one server. */
export interface Plan {
  /** The server that the caller named; undefined when any will do, because then nobody need wait for a lock. */
  readonly serverRef: string | undefined;
  readonly reservation: Reservation;
  readonly configDrive: ConfigDrive | undefined;
  /** Neutron ports that are to be attached when the deployment is started. */
  readonly vifs: readonly string[];
  /** Other calls may carry the same deployment id, because it comes from an idempotency key. */
  readonly keyed: boolean;
  /** When the call is over, by the clock: from then on nothing is sent but an undo. */
  readonly until: number;
  /** The server's last deployment was this one and failed: it is deployed again in place. */
  readonly retrying: boolean;
}

/** How an attempt on one server ended. */
export type Outcome =
  | Started
  /** Another call with the same key started the deployment on this server. */
  | { readonly kind: 'joined'; readonly server: Server }
  /** Another call with the same key has another server for it, or went on with this one: look for it again. */
  | { readonly kind: 'elsewhere' }
  /** The server does not suit the request, as `provision.ts` finds before an attempt begins. Nothing was sent. */
  | { readonly kind: 'unfit'; readonly failure: Failure }
  /** Nothing of the attempt is left. If the failure is retryable, the server was busy and may be tried again. */
  | { readonly kind: 'declined'; readonly failure: Failure }
  /**
   * Nothing is left, but an answer to the reservation was lost and that request may still arrive. Ironic refuses it if
   * the same deployment has another server by then.
   */
  | { readonly kind: 'mayArriveLate'; readonly failure: Failure };

/** Ironic accepted the start. */
export interface Started {
  readonly kind: 'started';
  /** As Ironic showed it last. */
  readonly server: Server;
  readonly plan: Plan;
}

/** How giving a reservation back ended. */
export type Release =
  /** The server is free or somebody else's. */
  | { readonly kind: 'released' }
  /** It is in a deployment under our id. */
  | { readonly kind: 'deployed'; readonly server: Server }
  | Kept;

/** A server that could not be given back, or was not to be. */
export interface Kept {
  readonly kind: 'kept';
  /** Why, as a clause. */
  readonly why: string;
  /** Whether the server was seen; else that it is still ours is not certain. */
  readonly seen: boolean;
}

/** What it takes to carry a plan out. */
export interface Deploying extends Retrying {
  readonly bareMetal: BareMetal;
}
