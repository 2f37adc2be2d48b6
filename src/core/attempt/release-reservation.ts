import { again, deadlines, persisting, type Tries } from '../async/retry.js';
import { Refused, type ReservationId } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import type { Deploying } from './deploying.js';
import { detachPorts } from './detach-ports.js';
import type { Release } from './outcome.js';

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
export async function releaseReservation(releasing: Releasing): Promise<Release> {
  const { deploying, server, reservation, ports, signal, alreadyDeployed = false, tellsOfOthers = false } = releasing;
  const { bareMetal, clock } = deploying;
  let seen = false;
  let recorded: readonly string[] | undefined;
  for (;;) {
    const until = clock.now() + deadlines.undo;
    const ended = await persisting<Release | 'detached'>({ ...deploying, until, change, settle });
    // However long the detaching took, the release has its whole time.
    if (ended !== 'detached') return ended;
  }

  async function change(): Promise<Release | 'detached'> {
    const now = await bareMetal.find(server.id, signal);
    if (now === null) return { kind: 'released', recorded: [] };
    if (now.deploymentId !== reservation.deploymentId) {
      // Somebody else has the server, and our ports would connect it. All we can do is try to detach them.
      if (tellsOfOthers) return { kind: 'released', recorded: recorded ?? [] };
      const attached = new Set(recorded ?? (await ports()));
      const left = await detachPorts({ deploying, server, signal }, attached, (now) => hasLost(now, reservation));
      return { kind: 'released', recorded: left };
    }
    // Somebody is undeploying it, and Ironic then removes the id itself.
    if (meaningOf(now).freeing) return { kind: 'released', recorded: [] };
    const isOthers = now.attemptId !== reservation.attemptId;
    if (isDeployed(now) || (isOthers && tellsOfOthers)) return { kind: 'deployed', server: now };
    seen = true;
    // The ports are those of the attempt that has it by now, which may have taken ours over.
    if (!isOthers && recorded === undefined) {
      const attached = await ports();
      if (attached.size > 0 && now.lockedBy !== null) throw new Refused('locked', 'Ironic works on the server', 'us');
      // While the server is reserved: later they would connect its next user.
      recorded = await detachPorts({ deploying, server, signal }, attached, isStillOurs);
      if (attached.size > 0) return 'detached';
    }
    await bareMetal.release(server.id, reservation, signal);
    return { kind: 'released', recorded: recorded ?? [] };
  }

  async function settle({ error, last }: Tries): Promise<Release | typeof again> {
    return last ? { kind: 'kept', why: error.reason, seen } : again;
  }

  function isDeployed(now: Server): boolean {
    return !alreadyDeployed && meaningOf(now).outcome !== 'none';
  }

  /** Then every other attempt at the deployment has ended, so that nobody else has a use for its ports. */
  function isStillOurs(now: Server): boolean {
    const { deploymentId, attemptId } = reservation;
    return (
      now.deploymentId === deploymentId && now.attemptId === attemptId && !meaningOf(now).freeing && !isDeployed(now)
    );
  }
}

/** Whether a server carries the deployment no more. Then no attempt at it has a use for the ports there. */
export function hasLost(now: Server, { deploymentId }: Pick<ReservationId, 'deploymentId'>): boolean {
  return now.deploymentId !== deploymentId;
}
