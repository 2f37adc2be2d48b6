import type { Failure } from '../failures.js';
import type { ConfigDrive } from '../image.js';
import type { Card } from '../network-service.js';
import type { PlannedNetwork } from '../networks/make-ports.js';
import type { Remains } from '../networks/remains.js';
import type { ServerAddress } from '../networks/server-address.js';
import type { Reservation } from '../ports.js';
import type { Server } from '../server.js';
import type { Blamed } from './holding.js';

/** What to deploy on one server. */
export interface Plan {
  /** The server that the caller named; undefined if any will do, so that nobody waits for a lock. */
  readonly serverRef: string | undefined;
  readonly reservation: Reservation;
  readonly configDrive: ConfigDrive | undefined;
  /** Neutron ports to attach before the start. */
  readonly vifs: readonly string[];
  /** Neutron networks that it is to be connected to, each by a port of its own. */
  readonly networks: readonly PlannedNetwork[];
  /** The server's cards, where they were read before the reservation. */
  readonly cards: readonly Card[];
  /** The server carried this deployment before the attempt, so an earlier one may have attached ports. */
  readonly resuming: boolean;
  /** An earlier attempt at this deployment may have left ports in Neutron. */
  readonly mayHaveEarlier: boolean;
  /** The deployment id comes from an idempotency key, so other calls may carry the same one. */
  readonly keyed: boolean;
  /** When the call ends, by the clock: from then on only an undo is sent. */
  readonly until: number;
  /** This deployment failed on the server and is deployed again in place. */
  readonly retrying: boolean;
}

/** How an attempt on one server ended. */
export type Outcome =
  | Started
  /** Another call with the same key started the deployment on this server. */
  | { readonly kind: 'joined'; readonly server: Server }
  /** Another call with the same key has another server, or went on with this one: look for it again. */
  | { readonly kind: 'elsewhere' }
  /** The server does not suit the request. `provision.ts` finds that before an attempt begins. Nothing was sent. */
  | { readonly kind: 'unfit'; readonly failure: Failure }
  /** The attempt left nothing behind. If the failure is retryable, the server was busy and may be tried again. */
  | ({ readonly kind: 'declined' } & Declined)
  /**
   * The attempt left nothing behind, but a reservation whose answer was lost may still arrive. Ironic refuses it if the
   * same deployment has another server by then.
   */
  | ({ readonly kind: 'mayArriveLate' } & Declined);

interface Declined {
  readonly failure: Failure;
  readonly blames?: Blamed | undefined;
  /** What it has left in Neutron all the same; the failure says so as well. */
  readonly remains?: Remains | null;
}

/** Ironic accepted the start. */
export interface Started {
  readonly kind: 'started';
  /** As Ironic showed it last. */
  readonly server: Server;
  readonly plan: Plan;
  /** The addresses that the ports of its networks have. */
  readonly addresses: readonly ServerAddress[];
  /** What requests for its ports have left in Neutron, or may. */
  readonly remains?: Remains;
}

/** How a release ended. */
export type Release =
  /** The server is free, or another call or somebody else has it. Ironic may still record these ports of ours at it. */
  | { readonly kind: 'released'; readonly recorded: readonly string[] }
  /** The server is in a deployment under our id. */
  | { readonly kind: 'deployed'; readonly server: Server }
  | Kept;

/** A reservation that could not be released, or was kept on purpose. */
export interface Kept {
  readonly kind: 'kept';
  /** Why, as a clause. */
  readonly why: string;
  /** Whether the server was seen as ours; if not, it may be ours no longer. */
  readonly seen: boolean;
  /** Another attempt at the same deployment has it by now. */
  readonly isOthers?: boolean;
}
