import { again, deadlines, persisting } from '../async/retry.js';
import { NoAnswer, type ReservationId } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import type { Deploying } from './outcome.js';

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

/** A reservation that is to be given back. */
export interface Releasing {
  readonly deploying: Deploying;
  readonly server: Server;
  readonly reservation: ReservationId;
  /** The Neutron ports that were attached for it; those that were there before stay. */
  readonly ports: ReadonlySet<string>;
  /** Of all its requests: the signal of a change. */
  readonly signal: AbortSignal;
  /** Somebody else's deployment was on the server before the reservation. It stays, without our id. */
  readonly alreadyDeployed?: boolean;
}

/**
 * Gives a server back if the reservation is still ours and nothing is deployed as it. Must not be called after a start
 * whose outcome is unknown.
 */
export function releaseReservation(releasing: Releasing): Promise<Release> {
  const { deploying, server, reservation, ports, signal, alreadyDeployed = false } = releasing;
  const { bareMetal, clock } = deploying;
  const until = clock.now() + deadlines.undo;
  let seen = false;
  return persisting<Release>({
    ...deploying,
    until,
    async change() {
      const now = await bareMetal.find(server.id, signal);
      if (now === null) return { kind: 'released' };
      const isOurs = now.deploymentId === reservation.deploymentId;
      // Somebody has it undeployed: then Ironic takes the id off by itself.
      if (isOurs && meaningOf(now).freeing) return { kind: 'released' };
      if (isOurs && !alreadyDeployed && meaningOf(now).outcome !== 'none') {
        return { kind: 'deployed', server: now };
      }
      seen = isOurs;
      // A port of ours would connect whoever has the server next. So it goes first, while the server is still reserved.
      for (const port of ports) {
        if (clock.now() >= until) throw new NoAnswer('It took too long to detach its ports', false);
        await bareMetal.detach(server.id, port, signal);
      }
      if (isOurs) await bareMetal.release(server.id, reservation, signal);
      return { kind: 'released' };
    },
    settle: async ({ error, last }) => (last ? { kind: 'kept', why: error.reason, seen } : again),
  });
}
