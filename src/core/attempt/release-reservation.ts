import { signalOfChange } from '../async/changes.js';
import { deadlines, persisting } from '../async/retry.js';
import type { ReservationId } from '../ports.js';
import type { Server } from '../server.js';
import { stateMeaning } from '../states.js';
import type { Deploying } from './outcome.js';

/** How an undo ended: the server is free or somebody else's, it is in a deployment under our id, or it stays reserved. */
export type ReleaseOutcome = 'done' | { readonly deployed: Server } | Kept;

/** A server that could not be given back, or was not to be. */
export interface Kept {
  /** Why. */
  readonly failed: string;
  /** Whether the server was seen; else that it is still ours is not certain. */
  readonly seen: boolean;
}

/**
 * Gives a server back if the reservation is still ours and nothing is deployed as it. Must not be called after a start whose
 * outcome is unknown.
 *
 * @param attached The Neutron ports that this attempt may have attached; those that were there before stay.
 * @param alreadyDeployed The deployment on the server was there before the reservation: it stays, without our id.
 */
export function releaseReservation(
  deploying: Deploying,
  server: Server,
  reservation: ReservationId,
  attached: ReadonlySet<string>,
  alreadyDeployed = false,
): Promise<ReleaseOutcome> {
  const { bareMetal, clock } = deploying;
  // Not aborted by anybody: each request has a deadline of its own.
  const signal = signalOfChange();
  let seen = false;
  return persisting<ReleaseOutcome>(
    deploying,
    clock.now() + deadlines.undo,
    async () => {
      const now = await bareMetal.find(server.id, signal);
      if (now === null || now.deploymentId !== reservation.deploymentId) return 'done';
      // Somebody has it undeployed: then Ironic takes the id off by itself.
      if (now.provisionState === 'deleting') return 'done';
      if (!alreadyDeployed && stateMeaning(now.provisionState)?.outcome !== 'none') {
        return { deployed: now };
      }
      seen = true;
      for (const vif of attached) await bareMetal.detach(server.id, vif, signal);
      await bareMetal.release(server.id, reservation, signal);
      return 'done';
    },
    async ({ error, last }) => (last ? { failed: error.reason, seen } : undefined),
  );
}
