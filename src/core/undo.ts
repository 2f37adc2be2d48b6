import { signalOfChange } from './changes.js';
import type { Server } from './model.js';
import type { Deploying, Plan } from './plan.js';
import { deadlines, persisting } from './retry.js';
import { stateMeaning } from './states.js';
import { plain } from './untrusted.js';

/** What an undo had to leave behind. */
export interface Left {
  readonly words: string;
  /** The server, if it is in a deployment under our id. */
  readonly server?: Server;
}

/**
 * Gives a server back if the reservation is still ours and nothing is deployed. Must not be called after a start whose
 * outcome is unknown.
 *
 * @param attached The Neutron ports that this attempt may have attached; those that were there before stay.
 * @returns undefined when nothing is left behind
 */
export function undo(
  deploying: Deploying,
  server: Server,
  { reservation }: Plan,
  attached: ReadonlySet<string>,
): Promise<Left | undefined> {
  const { bareMetal, clock } = deploying;
  // Not aborted by anybody: each request has a deadline of its own.
  const signal = signalOfChange();
  return persisting<Left | undefined>(
    deploying,
    clock.now() + deadlines.undo,
    async () => {
      const now = await bareMetal.find(server.id, signal);
      if (now === null || now.deploymentId !== reservation.deploymentId) return undefined;
      if (stateMeaning(now.provisionState)?.outcome !== 'none') {
        return { words: `it is in the state ${plain(now.provisionState, 80)}`, server: now };
      }
      for (const vif of attached) await bareMetal.detach(server.id, vif, signal);
      await bareMetal.release(server.id, reservation, signal);
      return undefined;
    },
    async ({ error, last }) => (last ? { words: error.reason } : undefined),
  );
}
