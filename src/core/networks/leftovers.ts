import { deadlines, type Retrying } from '../async/retry.js';
import type { NetworkService } from '../network-service.js';
import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import type { Mark } from './marks.js';
import { removePorts } from './tenant-ports.js';

/** Which deployment has ended, on which server. */
export interface Ended extends Retrying {
  readonly bareMetal: BareMetal;
  readonly networks: NetworkService;
  readonly deploymentId: string;
  readonly serverId: string;
  /** The attempt that is over for sure; null where that is not known. */
  readonly attemptId: string | null;
  /** The signal of a change. */
  readonly signal: AbortSignal;
}

/**
 * Removes the ports that were made for a deployment that has ended, and answers whether none is left as far as Neutron
 * tells. The same key may give the same deployment id again: ports of an attempt that a server carries by now stay.
 */
export async function removeLeftovers(ended: Ended): Promise<boolean> {
  const { bareMetal, deploymentId, serverId, attemptId, clock, signal } = ended;
  const carrier = await bareMetal.findByDeployment(deploymentId, signal).catch(() => undefined);
  // Nobody can tell what is in use where Ironic does not answer.
  if (carrier === undefined && attemptId === null) return false;
  const current = carrier ? attemptOf(carrier) : undefined;
  const isOver = (mark: Mark) =>
    mark.serverId === serverId &&
    (mark.attemptId === attemptId || (carrier !== undefined && current !== null && mark.attemptId !== current));
  return removePorts({ ...ended, isOver, until: clock.now() + deadlines.undo });
}

/** The attempt whose ports a server uses; null where its entry does not tell, undefined where it needs none any more. */
function attemptOf(server: Server): string | null | undefined {
  return meaningOf(server).freeing ? undefined : server.attemptId;
}
