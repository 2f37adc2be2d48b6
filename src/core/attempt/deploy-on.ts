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
 * One attempt on one server, from top to bottom. Each step answers what has become of it, together with what may still
 * arrive at Ironic.
 *
 * The order of Ironic's own effects decides everything here. The outcome of a change is known from a definite answer
 * only. A reservation may be repeated, because it carries its own id. After a start whose outcome is unknown nothing is
 * undone: it may still arrive, and would then deploy whoever has the server by then.
 */

/**
 * Tries to deploy on one server: reserves and describes it in one change, looks at it again, attaches the ports and
 * starts the deployment.
 *
 * @throws Failure `outcome_unknown`, `ironic_unavailable`, `idempotency_conflict`, or another with something left
 * behind; the caller's reason if that left before the start and left nothing behind
 */
export async function deployOn(attempt: Attempt): Promise<Outcome> {
  const { server, plan, caller } = attempt;

  const reserved = await reserve(attempt);
  if (reserved.kind === 'elsewhere') return reserved;
  if (reserved.kind === 'refused') {
    // A refusal now says nothing about a request whose answer was lost before.
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

/** What an attempt holds that has reserved a server, or may have. */
interface Holding {
  /** As Ironic showed it when it was reserved; null where the reservation was not answered. */
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
  /** When the request was sent that showed it so, by the clock; null if something has come between since. */
  readonly seenAt: number | null;
}

interface RefusedHolding extends Holding {
  readonly kind: 'refused';
  readonly failure: Failure;
  /** The server still carries our deployment id, but describes something else. */
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
        // The server itself tells.
        const seenAt = deploying.clock.now();
        const now = await serverNow(attempt);
        if (now && carriesPlan(now, plan)) return reserved(now, seenAt, tries);
        throw failures.reservationUnknown(server, plan.reservation, error);
      }
      const seenAt = deploying.clock.now();
      const now = lost && error.refusal === 'taken' ? await serverNow(attempt) : null;
      // What it was to replace is gone, because an earlier try has replaced it.
      if (now?.attemptId === plan.reservation.attemptId) return reserved(now, seenAt, tries);
      // The lock may be held by our own request, whose answer was lost. Else only a named server is worth the wait.
      const waiting = error.refusal === 'locked' && (plan.serverRef !== undefined || lost);
      // Nothing has been taken yet: a caller who has left need not wait for it.
      if (waiting && !lost) caller.throwIfAborted();
      if (waiting && !last) return again;
      // Another call with the same key has another server for it, or has gone on with this one.
      const overtaken = carriesPlan(server, plan) && (error.refusal === 'wrong_state' || error.refusal === 'taken');
      if (error.refusal === 'elsewhere' || overtaken) return { kind: 'elsewhere' };
      const failure = failures.declined(server, plan, error);
      return { kind: 'refused', failure, lost, server: null, ...held(tries), alreadyDeployed: false };
    },
  });
}

/** Attaches the plan's ports, but for those that are attached already. */
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
          // Ironic takes no condition: the port would go to whoever has the server by now.
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
 * Starts the deployment that the reservation describes. Ironic asks nobody whose it is: so nothing is sent before the
 * server has been seen to be ours, with nothing in between.
 */
function start(attempt: Attempt, reserved: Reserved): Promise<Started | RefusedHolding> {
  const { deploying, server, plan, signal } = attempt;
  const refused = (failure: Failure, tries: Tries | null): RefusedHolding => {
    const mayArrive = { ...reserved.mayArrive, startSentTwice: tries?.errors.some(isOfTwo) ?? false };
    return { ...reserved, kind: 'refused', failure, mayArrive };
  };
  /** After a start whose answer was lost: it has taken effect, or may still do so on whatever is there by then. */
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
      // The last look of the next try tells what has become of it.
      if (lost) return last ? startedLate(tries, await serverNow(attempt)) : again;
      if (!last && (error instanceof NoAnswer || error.isBusy)) return again;
      return refused(
        error instanceof NoAnswer ? ironicUnavailable(error) : failures.declined(server, plan, error),
        tries,
      );
    },
  });
}

/** Whether a refusal may come from a start that arrived twice: the first delivery holds the lock, or has moved the state. */
function isOfTwo(error: NoAnswer | Refused): boolean {
  return error instanceof Refused && (error.refusal === 'locked' || error.refusal === 'wrong_state');
}

/** Another call with the same key may have described something else between our two changes. */
async function confirm(attempt: Attempt): Promise<Outcome> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  if (now && carriesPlan(now, plan)) return { kind: 'started', server: asPlanned(now, plan), plan };
  throw failures.outcomeUnknown(server, plan.reservation, {
    words: `Ironic accepted it, but ${failures.otherwise(now)}`,
  });
}

/**
 * Ends the attempt with the reservation undone. If the server is in a deployment all the same, a call with the same
 * key has started it; or, where nobody else knows the deployment id, something on the way sent our start twice, or
 * somebody's start arrived late.
 */
async function giveBack(attempt: Attempt, refused: Omit<RefusedHolding, 'kind'>): Promise<Outcome> {
  const { server, plan } = attempt;
  const { failure, mayArrive } = refused;
  if (refused.isOtherwise) return leave(attempt, refused);
  const gone: Outcome = { kind: mayArrive.reservation ? 'mayArriveLate' : 'declined', failure };
  // Another call with the same key may be about to start what is reserved. A repeated call goes on from here.
  const keeps = plan.keyed && failure.retryable;
  const release =
    keeps || mayArrive.port !== null ? await undoNothing(attempt, mayArrive) : await undo(attempt, refused);
  switch (release.kind) {
    case 'released':
      return gone;
    case 'deployed':
      // What was to be retried in place is as it was.
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

/** Ends the attempt where the server describes what somebody else wants: that stays, and our ports go. */
async function leave(attempt: Attempt, { failure, ports }: Omit<RefusedHolding, 'kind'>): Promise<never> {
  const { server, plan } = attempt;
  await detachAll(attempt, ports);
  if (plan.keyed) throw failure;
  const kept = { kind: 'kept', why: 'its entry is gone', seen: true } as const;
  throw failures.stillReserved(failure, server, { reservation: plan.reservation, kept });
}

/** As far as is known, the reservation takes nothing: it does where what is to be retried has been undeployed. */
function takesNothing({ retrying }: Plan, { server }: Holding): boolean {
  return retrying && (server === null || meaningOf(server).outcome !== 'none');
}

function undo({ deploying, server, plan, signal }: Attempt, { ports, alreadyDeployed }: Holding): Promise<Release> {
  return releaseReservation({ deploying, server, reservation: plan.reservation, ports, signal, alreadyDeployed });
}

/** What has become of a server of which nothing is undone. */
async function undoNothing(attempt: Attempt, { port }: MayArrive): Promise<Release> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  const isOurs = now !== null && carriesPlan(now, plan);
  if (isOurs && hasMoved(server, now)) return { kind: 'deployed', server: now };
  // The reservation did not arrive, or another call has given it back.
  if (now !== null && !isOurs && port === null) return { kind: 'released' };
  const why = port === null ? 'nothing was undone' : `port ${port} may still be attached to it, for an answer was lost`;
  return { kind: 'kept', why, seen: isOurs };
}
