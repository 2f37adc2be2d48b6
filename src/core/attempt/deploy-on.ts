import { again, persisting, type Tries } from '../async/retry.js';
import { Failure, reasonOf } from '../failures.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import {
  type Attempt,
  asPlanned,
  carriesPlan,
  detachAll,
  hasMoved,
  lookAgain,
  type MayArrive,
  mayReserveLate,
  missingPort,
  nothing,
  type Overtaken,
  obstacleAfter,
  overtakenBy,
  serverNow,
  wasDeployedBefore,
} from './attempt.js';
import * as failures from './attempt-failures.js';
import { withoutEcho } from './echo.js';
import type { Outcome, Plan, Release, Started } from './outcome.js';
import { releaseReservation } from './release-reservation.js';

/*
 * One attempt on one server, from top to bottom. Each step answers how it ended and which requests may still arrive.
 *
 * Only a definite answer tells how a change ended. A reservation may be repeated, because it carries its own id. After a
 * start whose outcome is unknown nothing is undone: it may still arrive, and would then deploy on somebody else's
 * reservation.
 */

/**
 * Tries to deploy on one server: reserves and describes it in one change, checks it again, attaches the ports and
 * starts the deployment.
 *
 * @throws Failure `outcome_unknown`, `ironic_unavailable`, `idempotency_conflict`, or another one that names what was
 * left behind; the caller's reason if the caller left before the start and nothing was left behind
 */
export async function deployOn(attempt: Attempt): Promise<Outcome> {
  const { server, plan, caller } = attempt;

  const reserved = await reserve(attempt);
  if (reserved.kind === 'elsewhere') return reserved;
  if (reserved.kind === 'refused') {
    // This refusal says nothing about an earlier request whose answer was lost.
    return reserved.lost ? giveBack(attempt, reserved) : { kind: 'declined', failure: reserved.failure };
  }

  const obstacle = obstacleAfter(reserved.server, plan);
  if (obstacle !== undefined) {
    const failure = new Failure('server_not_available', { id: plan.serverRef ?? server.id, reason: obstacle });
    return giveBack(attempt, { ...reserved, failure });
  }
  if (caller.aborted) {
    const left = { id: server.id, reason: 'the caller left', retryable: true };
    await giveBack(attempt, { ...reserved, failure: new Failure('server_not_available', left) });
    throw caller.reason;
  }

  const attached = await attachPorts(attempt, reserved);
  if (attached.kind === 'refused') return giveBack(attempt, attached);

  const started = await start(attempt, attached);
  if (started.kind === 'refused') return giveBack(attempt, started);

  return plan.keyed ? confirm(attempt) : started;
}

/** What an attempt holds once it has reserved a server, or may have. */
interface Holding {
  /** As Ironic showed it when it was reserved; null if no answer came. */
  readonly server: Server | null;
  /** The Neutron ports that the attempt may have attached. */
  readonly ports: ReadonlySet<string>;
  readonly mayArrive: MayArrive;
  /** Somebody else's deployment was on the server before it was reserved. */
  readonly alreadyDeployed: boolean;
}

interface Reserved extends Holding {
  readonly kind: 'reserved';
  readonly server: Server;
  /** When the request was sent that showed this server, by the clock; null if anything came between since. */
  readonly seenAt: number | null;
}

interface RefusedHolding extends Holding {
  readonly kind: 'refused';
  readonly failure: Failure;
  /** The server still carries our deployment id, but another description. */
  readonly isOtherwise?: boolean;
}

/** Reserves the server and describes what to deploy, in one change. */
async function reserve(
  attempt: Attempt,
): Promise<Reserved | (RefusedHolding & { readonly lost: boolean }) | { readonly kind: 'elsewhere' }> {
  const { deploying, server, plan, caller, signal } = attempt;
  const held = (tries: Tries | null) => ({
    ports: new Set<string>(),
    mayArrive: { ...nothing, reservation: mayReserveLate(tries) },
  });
  const reserved = (now: Server, seenAt: number | null, tries: Tries | null): Reserved => {
    const holding = held(tries);
    const alreadyDeployed = !holding.mayArrive.reservation && wasDeployedBefore(attempt, now);
    return { kind: 'reserved', server: now, seenAt, ...holding, alreadyDeployed };
  };
  return persisting<Awaited<ReturnType<typeof reserve>>>({
    ...deploying,
    until: plan.until,
    async change(before) {
      const seenAt = deploying.clock.now();
      return reserved(await deploying.bareMetal.reserve(server.id, plan.reservation, signal), seenAt, before);
    },
    async settle(tries) {
      const { error, lost, last } = tries;
      if (error instanceof NoAnswer) {
        if (!last) return again;
        if (!lost) throw ironicUnavailable(error);
        // The server itself shows whether it arrived.
        const seenAt = deploying.clock.now();
        const now = await serverNow(attempt);
        if (now && carriesPlan(now, plan)) return reserved(now, seenAt, tries);
        throw failures.reservationUnknown(server, plan.reservation, error);
      }
      const seenAt = deploying.clock.now();
      const now = lost && error.refusal === 'taken' ? await serverNow(attempt) : null;
      // An earlier try of this reservation arrived and replaced the old entry.
      if (now?.attemptId === plan.reservation.attemptId) return reserved(now, seenAt, tries);
      // Our own request, whose answer was lost, may hold the lock. Otherwise only a named server is worth the wait.
      const waiting = error.refusal === 'locked' && (plan.serverRef !== undefined || lost);
      // Nothing is reserved yet, so a caller who has left need not wait.
      if (waiting && !lost) caller.throwIfAborted();
      if (waiting && !last) return again;
      // Another call with the same key has another server, or has gone on with this one.
      const overtaken = carriesPlan(server, plan) && (error.refusal === 'wrong_state' || error.refusal === 'taken');
      if (error.refusal === 'elsewhere' || overtaken) return { kind: 'elsewhere' };
      const failure = failures.declined(server, plan, error);
      return { kind: 'refused', failure, lost, server: null, ...held(tries), alreadyDeployed: false };
    },
  });
}

/** Attaches the plan's ports that are not attached yet. */
async function attachPorts(attempt: Attempt, reserved: Reserved): Promise<Reserved | RefusedHolding> {
  const { deploying, server, plan, signal } = attempt;
  const { bareMetal } = deploying;
  const ports = new Set(reserved.ports);
  let { mayArrive } = reserved;
  try {
    const before = plan.vifs.length > 0 ? await bareMetal.vifs(server.id, signal) : [];
    for (const port of plan.vifs.filter((each) => !before.includes(each))) {
      const overtaken = await persisting<Overtaken | null>({
        ...deploying,
        until: plan.until,
        async change() {
          // Ironic takes no condition here: the port would go to anyone who has the server by now.
          const between = overtakenBy(attempt, reserved.server, await lookAgain(attempt));
          if (between !== null) return between;
          ports.add(port);
          await bareMetal.attach(server.id, port, signal);
          return null;
        },
        async settle({ error, lost }) {
          if (lost) mayArrive = { ...mayArrive, port };
          if (error instanceof Refused && !error.isBusy) throw error;
          return again;
        },
      });
      if (overtaken !== null) return { ...reserved, kind: 'refused', ...overtaken, ports, mayArrive };
    }
    return { ...reserved, ports, mayArrive, seenAt: plan.vifs.length > 0 ? null : reserved.seenAt };
  } catch (error) {
    return { ...reserved, kind: 'refused', failure: failures.unattached(server, plan, error), ports, mayArrive };
  }
}

/**
 * Starts the deployment that the reservation describes. Ironic does not check whose reservation it is, so the start is
 * sent only right after a read that showed the server as ours.
 */
function start(attempt: Attempt, reserved: Reserved): Promise<Started | RefusedHolding> {
  const { deploying, server, plan, signal } = attempt;
  const refused = (failure: Failure, tries: Tries | null): RefusedHolding => {
    const mayArrive = { ...reserved.mayArrive, startSentTwice: tries?.errors.some(isOfTwo) ?? false };
    return { ...reserved, kind: 'refused', failure, mayArrive };
  };
  /** After a start whose answer was lost: it has taken effect, or may still do so on the server as it is by then. */
  const startedLate = async ({ error }: Tries, now: Server | null): Promise<Started> => {
    if (now && carriesPlan(now, plan) && hasMoved(reserved.server, now)) return { kind: 'started', server: now, plan };
    if (now && !carriesPlan(now, plan)) await detachAll(attempt, reserved.ports);
    throw failures.outcomeUnknown(server, plan.reservation, { words: error.reason, cause: error });
  };
  const overtaken = async (now: Server | null, before: Tries | null): Promise<Started | RefusedHolding> => {
    if (before?.lost) return startedLate(before, now);
    const between = overtakenBy(attempt, reserved.server, now);
    if (between === null) throw new TypeError('the server permits the start');
    return { ...refused(between.failure, before), ...between };
  };
  return persisting<Started | RefusedHolding>({
    ...deploying,
    until: plan.until,
    async change(before) {
      const missing = await missingPort(attempt);
      if (missing !== undefined && !before?.lost) return refused(failures.detached(server, plan, missing), before);
      const permits = (now: Server | null) => overtakenBy(attempt, reserved.server, now) === null;
      const lastLook = { at: before === null ? reserved.seenAt : null, permits };
      const { configDrive } = plan;
      const sent = await deploying.bareMetal.deploy(server.id, { configDrive, lastLook }, signal).catch((error) => {
        throw withoutEcho(error, configDrive);
      });
      if (sent.kind === 'accepted') return { kind: 'started', server: reserved.server, plan };
      return overtaken(sent.server, before);
    },
    async settle(tries) {
      const { error, lost, last } = tries;
      // The last look of the next try shows whether it took effect.
      if (lost) return last ? startedLate(tries, await serverNow(attempt)) : again;
      if (!last && (error instanceof NoAnswer || error.isBusy)) return again;
      return refused(
        error instanceof NoAnswer ? ironicUnavailable(error) : failures.declined(server, plan, error),
        tries,
      );
    },
  });
}

/** Whether the start may have arrived twice: the first delivery then holds the lock or has changed the state. */
function isOfTwo(error: NoAnswer | Refused): boolean {
  return error instanceof Refused && (error.refusal === 'locked' || error.refusal === 'wrong_state');
}

/** Another call with the same key may have changed the description between our two changes. */
async function confirm(attempt: Attempt): Promise<Outcome> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  if (now && carriesPlan(now, plan)) return { kind: 'started', server: asPlanned(now, plan), plan };
  throw failures.outcomeUnknown(server, plan.reservation, {
    words: `Ironic accepted the deployment, but ${failures.otherwise(now)}`,
  });
}

/**
 * Releases the reservation. If the server is in a deployment all the same, a call with the same key has started it.
 * Without a key, something on the way delivered our start twice, or somebody's start arrived late.
 */
async function giveBack(attempt: Attempt, refused: Omit<RefusedHolding, 'kind'>): Promise<Outcome> {
  const { server, plan } = attempt;
  const { failure, mayArrive } = refused;
  if (refused.isOtherwise) return leave(attempt, refused);
  const gone: Outcome = { kind: mayArrive.reservation ? 'mayArriveLate' : 'declined', failure };
  // Another call with the same key may be about to start this reservation, and a repeated call goes on from it.
  const keeps = plan.keyed && failure.retryable;
  const release =
    keeps || mayArrive.port !== null ? await undoNothing(attempt, mayArrive) : await undo(attempt, refused);
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
      if (keeps) throw failures.keptReserved(failure, server, { reservation: plan.reservation, kept: release });
      if (takesNothing(plan, refused) && mayArrive.port === null && !release.seen) return gone;
      throw failures.stillReserved(failure, server, { reservation: plan.reservation, kept: release });
  }
}

/** Ends the attempt on a server that now describes somebody else's request: that stays, and our ports go. */
async function leave(attempt: Attempt, { failure, ports }: Omit<RefusedHolding, 'kind'>): Promise<never> {
  const { server, plan } = attempt;
  await detachAll(attempt, ports);
  if (plan.keyed) throw failure;
  const kept = { kind: 'kept', why: 'its entry is gone', seen: true } as const;
  throw failures.stillReserved(failure, server, { reservation: plan.reservation, kept });
}

/** Whether the reservation takes no server away: a retry does not, unless its deployment was undeployed meanwhile. */
function takesNothing({ retrying }: Plan, { server }: Holding): boolean {
  return retrying && (server === null || meaningOf(server).outcome !== 'none');
}

function undo({ deploying, server, plan, signal }: Attempt, { ports, alreadyDeployed }: Holding): Promise<Release> {
  return releaseReservation({ deploying, server, reservation: plan.reservation, ports, signal, alreadyDeployed });
}

/** The state of a server when nothing may be undone on it. */
async function undoNothing(attempt: Attempt, { port }: MayArrive): Promise<Release> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  const isOurs = now !== null && carriesPlan(now, plan);
  if (isOurs && hasMoved(server, now)) return { kind: 'deployed', server: now };
  // The reservation did not arrive, or another call has released it.
  if (now !== null && !isOurs && port === null) return { kind: 'released' };
  const why =
    port === null ? 'nothing was undone' : `port ${port} may still be attached to it, because an answer was lost`;
  return { kind: 'kept', why, seen: isOurs };
}
