import { persisting } from '../async/retry.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { type Attempt, hasMoved, isOurs, serverNow } from './attempt.js';
import { declined, outcomeUnknown } from './attempt-failures.js';
import { giveBack } from './give-back.js';
import type { Declined, Started } from './outcome.js';

/**
 * Starts the deployment that the reservation describes.
 *
 * @param reserved The server as it was right before.
 */
export function start(attempt: Attempt, reserved: Server): Promise<Started | Declined> {
  const { deploying, server, plan, signal } = attempt;
  const change = async (): Promise<Started | Declined> => {
    await deploying.bareMetal.deploy(server.id, plan.configDrive, signal);
    return { server: reserved, joined: false };
  };
  return persisting(deploying, plan.until, change, async ({ error, lost, last }) => {
    attempt.startMayHaveArrived ||=
      error instanceof Refused && (error.refusal === 'locked' || error.refusal === 'wrong_state');
    if (lost) {
      const latest = await serverNow(attempt);
      if (latest && isOurs(latest, plan) && hasMoved(reserved, latest)) return { server: latest, joined: false };
      const over = latest !== null && !isOurs(latest, plan);
      if (over || last) throw outcomeUnknown(server, plan.reservation, error.reason, error);
      return undefined;
    }
    if (error instanceof NoAnswer) return last ? giveBack(attempt, ironicUnavailable(error)) : undefined;
    return last || !error.isBusy ? giveBack(attempt, declined(server, plan, error)) : undefined;
  });
}
