import { retries, retrying } from '../async/retry.js';
import { withTimeLimit } from '../async/time-limit.js';
import { takeBackTime } from '../networks/own-ports.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import type { Deploying } from './deploying.js';

/** Where ports are detached. */
export interface Detaching {
  readonly deploying: Deploying;
  readonly server: Server;
  /** The signal of a change. */
  readonly signal: AbortSignal;
}

/**
 * Detaches ports of this request from its server, within one time limit for all of them. Answers those that could not be
 * detached, as far as is known. Neutron may be down for hours, and the server need not wait for it: after one port
 * without an answer the others are left.
 *
 * @param permits Asked about the server as it is now before every single request. Ironic takes no condition, and another
 * call with the same key may take the ports over at any moment and start a deployment with them.
 */
export async function detachPorts(
  { deploying, server, signal }: Detaching,
  ports: Iterable<string>,
  permits: (now: Server) => boolean,
): Promise<readonly string[]> {
  const { bareMetal, clock } = deploying;
  const left = new Set(ports);
  if (left.size === 0) return [];
  const mayHelp = (error: unknown) => error instanceof NoAnswer || (error instanceof Refused && error.isBusy);
  await withTimeLimit({ clock, time: takeBackTime, signal }, async (either) => {
    for (const port of [...left]) {
      const isPermitted = await retrying(
        { ...deploying, policy: retries.lostAnswer, signal: either, again: mayHelp },
        () => detach(port, either),
      ).catch((error: unknown) => {
        if (error instanceof Refused) return true;
        if (error instanceof NoAnswer) return false;
        throw error;
      });
      if (!isPermitted) return;
    }
  });
  return [...left];

  /** Sends one request, if the server permits it. */
  async function detach(port: string, either: AbortSignal): Promise<boolean> {
    const now = await bareMetal.find(server.id, either);
    if (now === null || !permits(now) || either.aborted) return false;
    await bareMetal.detach(server.id, port, either);
    left.delete(port);
    return true;
  }
}
