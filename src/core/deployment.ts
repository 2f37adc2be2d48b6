import {
  declined,
  describedOtherwise,
  isBusy,
  keptReserved,
  outcomeUnknown,
  reasonOf,
  reservationUnknown,
  stillReserved,
} from './change-failures.js';
import { signalOfChange } from './changes.js';
import { Failure } from './failures.js';
import type { Server } from './model.js';
import { obstacleTo } from './obstacles.js';
import type { Declined, Deploying, Plan, Started } from './plan.js';
import { NoAnswer, Refused } from './ports.js';
import { persisting } from './retry.js';
import { stateMeaning, stateName } from './states.js';
import { unavailable } from './translating.js';
import { type Undone, undo } from './undo.js';

/**
 * Tries to deploy on one server: reserves and describes it in one change, looks at it again, and starts the deployment.
 *
 * The order of Ironic's own effects decides everything here. The outcome of a change is known from a definite answer
 * only. A reservation may be repeated, for it carries its own id. After a start whose outcome is unknown nothing is
 * undone: it may still arrive, and would then deploy whoever has the server by then.
 *
 * @param caller Ends the attempt only before its start was sent, and then the reservation is undone.
 * @throws Failure `outcome_unknown`, `ironic_unavailable`, or `deploy_refused` with something left behind
 */
export async function deployOn(
  deploying: Deploying,
  server: Server,
  plan: Plan,
  caller: AbortSignal,
): Promise<Started | Declined> {
  const { bareMetal } = deploying;
  // Not aborted by anybody: each request has a deadline of its own.
  const signal = signalOfChange();
  const attached = new Set<string>();
  /** Why nothing may be undone any more. */
  let pending: string | undefined;
  /** An answer to the reservation was lost: that request may still arrive when all has been undone. */
  let adrift = false;
  /** How often the reservation was sent. */
  let sent = 0;
  /** What refused the start may be an earlier delivery of it, which something on the way has sent twice. */
  let doubtful = false;
  /** As far as is known, the reservation takes nothing: it does where what is to be retried has been undeployed. */
  let inPlace = plan.retrying;
  const now = () => bareMetal.find(server.id, signal).catch(() => null);

  /**
   * Ends the attempt with the reservation undone. If the server is in a deployment all the same, a call with the same
   * key has started it; or, where nobody else knows the deployment id, something on the way sent our start twice, or
   * somebody's start arrived late.
   *
   * @param late What is deployed there was so before it was reserved, by somebody else: it is given back all the same.
   */
  async function back(failure: Failure, late = false): Promise<Declined | Started> {
    const { keyed, reservation } = plan;
    // Another call with the same key may be about to start what is reserved. A repeated call goes on from here.
    const keeps = keyed && failure.retryable;
    const undone = keeps || pending ? await look() : await undo(deploying, server, reservation, attached, late);
    if (undone === 'done') return { failure, adrift };
    if ('deployed' in undone) {
      // What was to be retried in place is as it was.
      if (!hasMoved(server, undone.deployed)) return { failure };
      if (!keyed) throw outcomeUnknown(server, reservation, reasonOf(failure), failure);
      return { server: ours(undone.deployed, plan), joined: true };
    }
    if (doubtful && !undone.seen) throw outcomeUnknown(server, reservation, reasonOf(failure), failure);
    if (keeps) throw keptReserved(failure, server, reservation);
    if (inPlace && !pending && !undone.seen) return { failure, adrift };
    throw stillReserved(failure, server, reservation, undone);
  }

  /** What has become of a server of which nothing is undone. */
  async function look(): Promise<Undone> {
    const latest = await now();
    if (latest && isOurs(latest, plan) && hasMoved(server, latest)) return { deployed: latest };
    return { failed: pending ?? 'nothing was undone', seen: latest !== null };
  }

  function reserve(): Promise<Server | Declined | Started> {
    const { reservation, serverRef } = plan;
    const change = () => {
      sent += 1;
      return bareMetal.reserve(server.id, reservation, signal);
    };
    return persisting<Server | Declined | Started>(deploying, plan.until, change, async ({ error, lost, last }) => {
      // Where somebody else has the server, what arrives late is refused.
      adrift = lost && !(error instanceof Refused && (error.refusal === 'taken' || error.refusal === 'not_found'));
      if (error instanceof NoAnswer) {
        if (!last) return undefined;
        if (!lost) throw unavailable(error);
        // The server itself tells.
        const latest = await now();
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
      return lost ? back(failure) : { failure };
    });
  }

  /** Attaches the request's ports, but for those that are attached already. Answers why that was not possible. */
  async function attachAll(): Promise<Failure | undefined> {
    try {
      const before = plan.vifs.length > 0 ? await bareMetal.vifs(server.id, signal) : [];
      for (const vif of plan.vifs) {
        if (before.includes(vif)) continue;
        const change = () => {
          attached.add(vif);
          return bareMetal.attach(server.id, vif, signal);
        };
        await persisting(deploying, plan.until, change, async ({ error, lost }) => {
          // It may still arrive, and would then connect whoever has the server by then.
          if (lost) pending = `port ${vif} may still be attached to it, for an answer was lost`;
          if (error instanceof Refused && !isBusy(error)) throw error;
          return undefined;
        });
      }
      return undefined;
    } catch (error) {
      if (error instanceof NoAnswer) return unavailable(error);
      if (!(error instanceof Refused)) throw error;
      if (isBusy(error)) return declined(server, plan, error);
      return new Failure('deploy_refused', {
        id: plan.serverRef ?? server.id,
        reason: error.reason,
        hint: 'Correct vifs, or have the operator correct what the reason names, or choose another server.',
        cause: error,
      });
    }
  }

  /**
   * Whether the reservation landed on a deployment, as Ironic allows where somebody has deployed without a deployment id.
   * It is certain only where no delivery of it may have come before. Another call with the same key looks alike, but
   * its whole deployment would have had to fit between our look for it and the one answer.
   */
  function cameLate({ provisionState }: Server): boolean {
    if (adrift || isOurs(server, plan) || (plan.keyed && sent > 1)) return false;
    return stateMeaning(provisionState)?.outcome !== 'none';
  }

  function start(reserved: Server): Promise<Started | Declined> {
    const change = async (): Promise<Started | Declined> => {
      await bareMetal.deploy(server.id, plan.configDrive, signal);
      return { server: reserved, joined: false };
    };
    return persisting(deploying, plan.until, change, async ({ error, lost, last }) => {
      doubtful ||= error instanceof Refused && (error.refusal === 'locked' || error.refusal === 'wrong_state');
      if (lost) {
        const latest = await now();
        if (latest && isOurs(latest, plan) && hasMoved(reserved, latest)) return { server: latest, joined: false };
        const over = latest !== null && !isOurs(latest, plan);
        if (over || last) throw outcomeUnknown(server, plan.reservation, error.reason, error);
        return undefined;
      }
      if (error instanceof NoAnswer) return last ? back(unavailable(error)) : undefined;
      return last || !isBusy(error) ? back(declined(server, plan, error)) : undefined;
    });
  }

  const reserved = await reserve();
  if ('failure' in reserved || 'joined' in reserved) return reserved;
  inPlace &&= stateMeaning(reserved.provisionState)?.outcome !== 'none';
  const obstacle = isOurs(reserved, plan) ? obstacleAfter(reserved, plan) : 'somebody else has reserved it meanwhile';
  if (obstacle) {
    const failure = new Failure('server_not_available', { id: plan.serverRef ?? server.id, reason: obstacle });
    return back(failure, cameLate(reserved));
  }
  if (caller.aborted) {
    await back(new Failure('server_not_available', { id: server.id, reason: 'the caller left', retryable: true }));
    throw caller.reason;
  }
  const unattached = await attachAll();
  if (unattached) return back(unattached);
  const started = await start(reserved);
  if ('failure' in started || !plan.keyed || started.joined) return started;
  // Another call with the same key may have described something else between our two changes.
  const latest = await now();
  if (latest === null)
    throw outcomeUnknown(server, plan.reservation, 'Ironic accepted it, but what it deploys could not be read');
  return { server: ours(latest, plan), joined: false };
}

/** What speaks against deploying a server that we have just reserved. */
function obstacleAfter(reserved: Server, { retrying }: Plan): string | undefined {
  const expected = retrying ? 'deploy failed' : 'available';
  const state = `its state is ${stateName(reserved.provisionState)}`;
  if (reserved.provisionState !== expected) return retrying ? `what failed there is gone, for ${state}` : state;
  return obstacleTo({ ...reserved, deploymentId: null, provisionState: 'available' });
}

function isOurs(server: Server, { reservation }: Plan): boolean {
  return server.deploymentId === reservation.deploymentId;
}

/** The server, if what it deploys is what this call asked for. */
function ours(server: Server, plan: Plan): Server {
  if (isOurs(server, plan) && server.entry?.digest === plan.reservation.entry.digest) return server;
  throw describedOtherwise(server);
}

/** Whether a deployment has begun since: a state may be the same again, but then Ironic dates it anew. */
function hasMoved(before: Server, now: Server): boolean {
  if (stateMeaning(now.provisionState)?.outcome === 'none') return false;
  return now.provisionState !== before.provisionState || now.provisionedAt !== before.provisionedAt;
}
