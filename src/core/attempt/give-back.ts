import { type Failure, reasonOf } from '../failures.js';
import { type Attempt, hasMoved, isOurs, ours, serverNow } from './attempt.js';
import { keptReserved, outcomeUnknown, stillReserved } from './attempt-failures.js';
import type { Declined, Started } from './outcome.js';
import { type ReleaseOutcome, releaseReservation } from './release-reservation.js';

/**
 * Ends the attempt with the reservation undone. If the server is in a deployment all the same, a call with the same
 * key has started it; or, where nobody else knows the deployment id, something on the way sent our start twice, or
 * somebody's start arrived late.
 *
 * @param alreadyDeployed What is deployed there was so before it was reserved, by somebody else: it is given back all the same.
 */
export async function giveBack(
  attempt: Attempt,
  failure: Failure,
  alreadyDeployed = false,
): Promise<Declined | Started> {
  const { deploying, server, plan, attached } = attempt;
  const { keyed, reservation } = plan;
  // Another call with the same key may be about to start what is reserved. A repeated call goes on from here.
  const keeps = keyed && failure.retryable;
  const undone =
    keeps || attempt.pending
      ? await undoNothing(attempt)
      : await releaseReservation(deploying, server, reservation, attached, alreadyDeployed);
  if (undone === 'done') return { failure, reservationMayArrive: attempt.reservationMayArrive };
  if ('deployed' in undone) {
    // What was to be retried in place is as it was.
    if (!hasMoved(server, undone.deployed)) return { failure };
    if (!keyed) throw outcomeUnknown(server, reservation, reasonOf(failure), failure);
    return { server: ours(undone.deployed, plan), joined: true };
  }
  if (attempt.startMayHaveArrived && !undone.seen)
    throw outcomeUnknown(server, reservation, reasonOf(failure), failure);
  if (keeps) throw keptReserved(failure, server, reservation);
  if (attempt.inPlace && !attempt.pending && !undone.seen)
    return { failure, reservationMayArrive: attempt.reservationMayArrive };
  throw stillReserved(failure, server, reservation, undone);
}

/** What has become of a server of which nothing is undone. */
async function undoNothing(attempt: Attempt): Promise<ReleaseOutcome> {
  const { server, plan } = attempt;
  const latest = await serverNow(attempt);
  if (latest && isOurs(latest, plan) && hasMoved(server, latest)) return { deployed: latest };
  return { failed: attempt.pending ?? 'nothing was undone', seen: latest !== null };
}
