import { again, deadlines, persisting } from '../async/retry.js';
import { NoAnswer, type ReservationId } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { detachAll } from './attempt.js';
import type { Deploying, Release } from './outcome.js';

/** A reservation to release. */
export interface Releasing {
  readonly deploying: Deploying;
  readonly server: Server;
  readonly reservation: ReservationId;
  /** The Neutron ports to detach: those of this attempt, or all that the server has. */
  readonly ports: ReadonlySet<string> | 'all';
  /** For all its requests: the signal of a change. */
  readonly signal: AbortSignal;
  /** Somebody else's deployment was on the server before the reservation. It stays, without our id. */
  readonly alreadyDeployed?: boolean;
}

/**
 * Releases a server if the reservation is still ours and nothing was deployed under it. Never call it after a start whose
 * outcome is unknown.
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
      if (now.deploymentId !== reservation.deploymentId) {
        // Somebody else has the server, and our port would connect it. All we can do is try to detach it.
        if (ports !== 'all') await detachAll({ deploying, server, signal }, ports);
        return { kind: 'released' };
      }
      // Somebody is undeploying it, and Ironic then removes the id itself.
      if (meaningOf(now).freeing) return { kind: 'released' };
      const isGoingOn = ports === 'all' && now.attemptId !== reservation.attemptId;
      if (isGoingOn || (!alreadyDeployed && meaningOf(now).outcome !== 'none'))
        return { kind: 'deployed', server: now };
      seen = true;
      // Detach the ports first, while the server is reserved. Later they would connect its next user.
      for (const port of ports === 'all' ? await bareMetal.vifs(server.id, signal) : ports) {
        if (clock.now() >= until) throw new NoAnswer('It took too long to detach its ports', false);
        await bareMetal.detach(server.id, port, signal);
      }
      await bareMetal.release(server.id, reservation, signal);
      return { kind: 'released' };
    },
    settle: async ({ error, last }) => (last ? { kind: 'kept', why: error.reason, seen } : again),
  });
}
