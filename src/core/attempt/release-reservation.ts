import { again, deadlines, persisting } from '../async/retry.js';
import { Refused, type ReservationId } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { detachPorts } from './detach-ports.js';
import type { Deploying, Release } from './outcome.js';

/** A reservation to release. */
export interface Releasing {
  readonly deploying: Deploying;
  readonly server: Server;
  readonly reservation: ReservationId;
  /** The Neutron ports of this request that may be attached to the server, looked up when it is seen as reserved. */
  readonly ports: () => Promise<ReadonlySet<string>>;
  /** For all its requests: the signal of a change. */
  readonly signal: AbortSignal;
  /** Somebody else's deployment was on the server before the reservation. It stays, without our id. */
  readonly alreadyDeployed?: boolean;
  /** Whether another attempt at the deployment counts as going on, rather than as a release. */
  readonly tellsOfOthers?: boolean;
}

/**
 * Releases a server if the reservation is still ours and nothing was deployed under it. Never call it after a start whose
 * outcome is unknown. The server is released even if its ports cannot be detached; the answer names those.
 */
export function releaseReservation(releasing: Releasing): Promise<Release> {
  const { deploying, server, reservation, ports, signal, alreadyDeployed = false, tellsOfOthers = false } = releasing;
  const { bareMetal, clock } = deploying;
  let seen = false;
  let recorded: readonly string[] | undefined;

  return persisting<Release>({
    ...deploying,
    until: clock.now() + deadlines.undo,
    async change() {
      const now = await bareMetal.find(server.id, signal);
      if (now === null) return { kind: 'released', recorded: [] };
      if (now.deploymentId !== reservation.deploymentId) {
        // Somebody else has the server, and our ports would connect it. All we can do is try to detach them.
        const kept = recorded ?? (tellsOfOthers ? [] : await detachPorts({ deploying, server, signal }, await ports()));
        return { kind: 'released', recorded: kept };
      }
      // Somebody is undeploying it, and Ironic then removes the id itself.
      if (meaningOf(now).freeing) return { kind: 'released', recorded: [] };
      const isOthers = now.attemptId !== reservation.attemptId;
      const isDeployed = !alreadyDeployed && meaningOf(now).outcome !== 'none';
      if (isDeployed || (isOthers && tellsOfOthers)) return { kind: 'deployed', server: now };
      seen = true;
      // The ports are those of the attempt that has it by now, which may have taken ours over.
      if (!isOthers && recorded === undefined) {
        const attached = await ports();
        if (attached.size > 0 && now.lockedBy !== null) throw new Refused('locked', 'Ironic works on the server', 'us');
        // While the server is reserved: later they would connect its next user.
        recorded = await detachPorts({ deploying, server, signal }, attached);
      }
      await bareMetal.release(server.id, reservation, signal);
      return { kind: 'released', recorded: recorded ?? [] };
    },
    settle: async ({ error, last }) => (last ? { kind: 'kept', why: error.reason, seen } : again),
  });
}
