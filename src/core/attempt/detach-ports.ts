import { retries, retrying } from '../async/retry.js';
import { withTimeLimit } from '../async/time-limit.js';
import { takeBackTime } from '../networks/own-ports.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import type { Deploying } from './outcome.js';

/** Where ports are detached. */
export interface Detaching {
  readonly deploying: Deploying;
  readonly server: Server;
  /** The signal of a change. */
  readonly signal: AbortSignal;
}

/**
 * Detaches ports of this request from its server. Answers those that could not be detached, as far as is known. Neutron
 * may be down for hours, and the server need not wait for it: after one port without an answer the others are left.
 */
export async function detachPorts(
  { deploying, server, signal }: Detaching,
  ports: Iterable<string>,
): Promise<readonly string[]> {
  const { bareMetal, clock } = deploying;
  const left = new Set(ports);
  if (left.size === 0) return [];
  const mayHelp = (error: unknown) => error instanceof NoAnswer || (error instanceof Refused && error.isBusy);
  const detach = (port: string) =>
    withTimeLimit({ clock, time: takeBackTime, signal }, (either) =>
      retrying({ ...deploying, policy: retries.lostAnswer, signal: either, again: mayHelp }, () =>
        bareMetal.detach(server.id, port, either),
      ).then(
        () => 'detached' as const,
        (error: unknown) => {
          if (error instanceof Refused) return 'refused' as const;
          if (error instanceof NoAnswer) return undefined;
          throw error;
        },
      ),
    );
  for (const port of [...left]) {
    const ended = await detach(port);
    if (ended === undefined) break;
    if (ended === 'detached') left.delete(port);
  }
  return [...left];
}
