import { persisting } from '../async/retry.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { stateMeaning } from '../states.js';
import { type Attempt, isOurs, serverNow } from './attempt.js';
import { declined, reservationUnknown } from './attempt-failures.js';
import { giveBack } from './give-back.js';
import type { Declined, Started } from './outcome.js';

/**
 * Reserves the server and describes what to deploy, in one change. Answers with the server as it is then.
 *
 * @param caller Need not wait for a lock, as long as nothing has been taken.
 */
export function reserve(attempt: Attempt, caller: AbortSignal): Promise<Server | Declined | Started> {
  const { deploying, server, plan, signal } = attempt;
  const { reservation, serverRef } = plan;
  const change = () => {
    attempt.sent += 1;
    return deploying.bareMetal.reserve(server.id, reservation, signal);
  };
  return persisting<Server | Declined | Started>(deploying, plan.until, change, async ({ error, lost, last }) => {
    // Where somebody else has the server, what arrives late is refused.
    attempt.reservationMayArrive =
      lost && !(error instanceof Refused && (error.refusal === 'taken' || error.refusal === 'not_found'));
    if (error instanceof NoAnswer) {
      if (!last) return undefined;
      if (!lost) throw ironicUnavailable(error);
      // The server itself tells.
      const latest = await serverNow(attempt);
      if (latest && isOurs(latest, plan)) return latest;
      throw reservationUnknown(server, reservation, error);
    }
    // The lock may be held by our own request, whose answer was lost.
    const waiting = error.refusal === 'locked' && (serverRef !== undefined || lost);
    // Nothing has been taken yet: a caller who has left need not wait for it.
    if (waiting && !lost) caller.throwIfAborted();
    if (waiting && !last) return undefined;
    const failure = declined(server, plan, error);
    // Another call with the same key has another server for it, or has gone on with this one.
    const gone = isOurs(server, plan) && (error.refusal === 'wrong_state' || error.refusal === 'taken');
    if (error.refusal === 'elsewhere' || gone) return { failure, elsewhere: true };
    // A refusal now says nothing about the request whose answer was lost.
    return lost ? giveBack(attempt, failure) : { failure };
  });
}

/**
 * Whether the reservation landed on a deployment, as Ironic allows where somebody has deployed without a deployment id.
 * It is certain only where no delivery of it may have come before. Another call with the same key looks alike, but
 * its whole deployment would have had to fit between our look for it and the one answer.
 */
export function cameLate({ server, plan, reservationMayArrive, sent }: Attempt, { provisionState }: Server): boolean {
  if (reservationMayArrive || isOurs(server, plan) || (plan.keyed && sent > 1)) return false;
  return stateMeaning(provisionState)?.outcome !== 'none';
}
