import { reasonOf } from '../failures.js';
import { ownPortsAt, ownPortsOf, removeEnded } from '../networks/own-ports.js';
import type { Remains } from '../networks/remains.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { type Attempt, asPlanned, carriesPlan, hasMoved, serverNow } from './attempt.js';
import * as failures from './attempt-failures.js';
import { detachPorts } from './detach-ports.js';
import type { Holding, MayArrive, RefusedHolding } from './holding.js';
import type { Outcome, Plan, Release } from './outcome.js';
import { hasLost, releaseReservation } from './release-reservation.js';

/*
 * How an attempt is undone. The ports are detached while the server is reserved, then the server is released, then the
 * ports are deleted. Whatever Neutron does, the server is released, and the answer says what is left.
 */

/**
 * Releases the reservation. If the server is in a deployment all the same, a call with the same key has started it.
 * Without a key, something on the way delivered our start twice, or somebody's start arrived late.
 */
export async function giveBack(attempt: Attempt, refused: Omit<RefusedHolding, 'kind'>): Promise<Outcome> {
  const { server, plan } = attempt;
  const { mayArrive, blames } = refused;
  if (refused.isOtherwise) return leave(attempt, refused);
  // Another call with the same key may be about to start this reservation, and a repeated call goes on from it. But what
  // stands in the way of its networks may do so for hours.
  const isStuck = blames !== undefined && plan.networks.length > 0 && !plan.retrying;
  const keeps = plan.keyed && refused.failure.retryable && !isStuck;
  const release =
    keeps || mayArrive.port !== null ? await undoNothing(attempt, mayArrive) : await undo(attempt, refused);
  const remains = await takeBack(attempt, refused, release, keeps);
  const failure = failures.withRemains(refused.failure, remains ? [remains] : []);
  const gone = { kind: mayArrive.reservation ? 'mayArriveLate' : 'declined', failure, blames, remains } as const;
  switch (release.kind) {
    case 'released':
      return gone;
    case 'deployed':
      // The failed deployment that we wanted to retry is unchanged.
      if (!hasMoved(server, release.server)) return { kind: 'declined', failure };
      if (plan.keyed) return { kind: 'joined', server: asPlanned(release.server, plan) };
      throw failures.outcomeUnknown(server, plan.reservation, { words: reasonOf(failure), cause: failure });
    case 'kept':
      if (mayArrive.startSentTwice && !release.seen) {
        throw failures.outcomeUnknown(server, plan.reservation, { words: reasonOf(failure), cause: failure });
      }
      if (keeps) throw failures.keptReserved(failure, server, { ...plan.reservation, seen: release.seen });
      if (takesNothing(plan, refused) && mayArrive.port === null && !release.seen) return gone;
      throw failures.stillReserved(failure, server, { reservation: plan.reservation, kept: release });
  }
}

/** Such a port may be in use by the time at which somebody reads about it. */
const repeatedTakesOver =
  'Do not delete it by hand: the repeated call uses or deletes it, and "ironic-mcp check" lists it while no server uses it.';

/** Ends the attempt on a server that now describes somebody else's request: that stays, and our ports go. */
async function leave(attempt: Attempt, refused: Omit<RefusedHolding, 'kind'>): Promise<never> {
  const { server, plan } = attempt;
  // What another attempt at the deployment has taken over is its own.
  const permits = (now: Server) =>
    !hasMoved(server, now) && (!refused.madePorts || now.attemptId === plan.reservation.attemptId);
  const recorded = await detachPorts(attempt, await stillOwn(attempt, refused), permits);
  const remains = await takeBack(attempt, refused, { kind: 'released', recorded }, false);
  const failure = failures.withRemains(refused.failure, remains ? [remains] : []);
  if (plan.keyed) throw failure;
  const kept = { kind: 'kept', why: 'its entry is gone', seen: true } as const;
  throw failures.stillReserved(failure, server, { reservation: plan.reservation, kept });
}

/** The ports that the attempt has attached, without those that another call has taken over. */
async function stillOwn({ deploying, plan, signal }: Attempt, { ports, madePorts }: Holding): Promise<Set<string>> {
  const { networks } = deploying;
  const { deploymentId, attemptId } = plan.reservation;
  const made = madePorts && networks ? await ownPortsOf(networks, deploymentId, signal).catch(() => []) : [];
  const own = made.flatMap(({ port, mark }) => (mark.attemptId === attemptId ? [port.id] : []));
  return new Set([...ports].filter((port) => plan.vifs.includes(port) || own.includes(port)));
}

/**
 * Deletes the ports that the attempt has made in Neutron, unless the server still names the attempt. Answers what is
 * left; null if nothing can be.
 */
async function takeBack(attempt: Attempt, refused: Holding, release: Release, keeps: boolean): Promise<Remains | null> {
  const { deploying, server, plan, signal } = attempt;
  const { networks, bareMetal } = deploying;
  const { deploymentId, attemptId } = plan.reservation;
  const { ownAttachment, newPorts } = refused.mayArrive;
  const mayCome = newPorts > 0;
  let recorded = release.kind === 'released' ? release.recorded : [];
  if (!refused.madePorts || networks === undefined) {
    return { serverId: server.id, recorded, ports: [], mayCome };
  }
  if (release.kind === 'deployed' && release.server.attemptId === attemptId) return null;
  const mayStay = release.kind === 'kept' && !release.isOthers;
  if (mayStay && keeps) return null;
  const ports = await removeEnded({ ...deploying, networks, deploymentId, serverId: server.id, signal });
  if (release.kind === 'released' && ownAttachment) {
    // It may have arrived between the detachment and the deletion.
    const cards = await bareMetal.cards(server.id, signal).catch(() => []);
    const late = cards.flatMap(({ vif }) => (vif !== null && refused.ports.has(vif) ? [vif] : []));
    recorded = await detachPorts(attempt, new Set([...recorded, ...late]), (now) => hasLost(now, plan.reservation));
  }
  const next = plan.keyed || plan.retrying ? repeatedTakesOver : undefined;
  return { serverId: server.id, recorded, ports, mayCome, stays: mayStay, next };
}

/** Whether the reservation takes no server away: a retry does not, unless its deployment was undeployed meanwhile. */
function takesNothing({ retrying }: Plan, { server }: Holding): boolean {
  return retrying && (server === null || meaningOf(server).outcome !== 'none');
}

function undo(attempt: Attempt, { ports, alreadyDeployed, madePorts }: Holding): Promise<Release> {
  const { deploying, server, plan, signal } = attempt;
  const { reservation } = plan;
  // An earlier attempt at the deployment may have attached ports as well.
  const attached = async () =>
    madePorts
      ? new Set([
          ...ports,
          ...(await ownPortsAt({ ...deploying, server, deploymentId: reservation.deploymentId, signal })),
        ])
      : ports;
  return releaseReservation({ deploying, server, reservation, ports: attached, signal, alreadyDeployed });
}

/** The state of a server when nothing may be undone on it. */
async function undoNothing(attempt: Attempt, { port }: MayArrive): Promise<Release> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  const isOurs = now !== null && carriesPlan(now, plan);
  if (isOurs && hasMoved(server, now)) return { kind: 'deployed', server: now };
  // The reservation did not arrive, or another call has released it.
  if (now !== null && !isOurs && port === null) return { kind: 'released', recorded: [] };
  const why =
    port === null ? 'nothing was undone' : `port ${port} may still be attached to it, because an answer was lost`;
  const isOthers = isOurs && now.attemptId !== plan.reservation.attemptId;
  return { kind: 'kept', why, seen: isOurs, isOthers };
}
