import { again, persisting, type Tries } from '../async/retry.js';
import { Failure } from '../failures.js';
import { needsData, neutronDataOf } from '../networks/neutron-data.js';
import { removeUnused } from '../networks/own-ports.js';
import { portAddresses } from '../networks/server-address.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { attachPorts } from './attach-ports.js';
import {
  type Attempt,
  asPlanned,
  carriesPlan,
  hasMoved,
  lookAtPorts,
  mayReserveLate,
  obstacleAfter,
  overtakenBy,
  type PortLook,
  serverNow,
  wasDeployedBefore,
} from './attempt.js';
import * as failures from './attempt-failures.js';
import { withoutEcho } from './echo.js';
import { giveBack } from './give-back.js';
import { nothing, type RefusedHolding, type Reserved } from './holding.js';
import type { Outcome, Started } from './outcome.js';

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

  const outcome = plan.keyed ? await confirm(attempt, started) : started;
  const { newPorts } = attached.mayArrive;
  if (outcome.kind !== 'started' || newPorts === 0) return outcome;
  return { ...outcome, ...(await unused(attempt, attached.tenantPorts, newPorts)) };
}

/** What lost requests for ports have left beside the ports of a deployment that has started, or may. */
async function unused(
  { deploying, server, plan, signal }: Attempt,
  ports: Reserved['tenantPorts'],
  newPorts: number,
): Promise<Pick<Started, 'remains'>> {
  const { networks, clock } = deploying;
  if (networks === undefined) return {};
  const mark = { ...plan.reservation, serverId: server.id };
  const { deleted, left } = await removeUnused({ networks, clock, mark, ports, signal });
  const next = 'Such a port is deleted with the deployment.';
  return { remains: { serverId: server.id, recorded: [], ports: left, mayCome: newPorts > deleted, next } };
}

/** Reserves the server and describes what to deploy, in one change. */
async function reserve(
  attempt: Attempt,
): Promise<Reserved | (RefusedHolding & { readonly lost: boolean }) | { readonly kind: 'elsewhere' }> {
  const { deploying, server, plan, caller, signal } = attempt;
  const held = (tries: Tries | null) => ({
    ports: new Set<string>(),
    madePorts: false,
    mayArrive: { ...nothing, reservation: mayReserveLate(tries) },
  });
  const reserved = (now: Server, seenAt: number | null, tries: Tries | null): Reserved => {
    const holding = held(tries);
    const alreadyDeployed = !holding.mayArrive.reservation && wasDeployedBefore(attempt, now);
    return { kind: 'reserved', server: now, seenAt, tenantPorts: [], inDoubt: false, ...holding, alreadyDeployed };
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
  let look: PortLook = { cards: [] };
  const startedOn = (now: Server): Started => ({
    kind: 'started',
    server: now,
    plan,
    addresses: portAddresses(
      reserved.tenantPorts,
      look.cards.length > 0 ? look.cards : plan.cards,
      plan.reservation.entry,
      false,
    ),
  });
  /** After a start whose answer was lost: it has taken effect, or may still do so on the server as it is by then. */
  const startedLate = async ({ error }: Tries, now: Server | null): Promise<Started> => {
    if (now && carriesPlan(now, plan) && hasMoved(reserved.server, now)) return startedOn(now);
    const isGone = now && !carriesPlan(now, plan) && reserved.ports.size > 0;
    const ports = [...reserved.ports].join(', ');
    const left = isGone
      ? `. Neutron port ${ports} may still be attached to the server, although it carries another deployment or none by now`
      : '';
    throw failures.outcomeUnknown(server, plan.reservation, { words: `${error.reason}${left}`, cause: error });
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
      look = await lookAtPorts(attempt, reserved);
      const { missing, strange } = look;
      if (missing !== undefined && !before?.lost) return refused(failures.detached(server, plan, missing), before);
      if (strange !== undefined && !before?.lost) return refused(failures.strangePort(server, plan, strange), before);
      const permits = (now: Server | null) => overtakenBy(attempt, reserved.server, now) === null;
      const lastLook = { at: before === null ? reserved.seenAt : null, permits };
      const configDrive = needsData(plan.networks)
        ? { ...plan.configDrive, network_data: neutronDataOf(plan.networks, reserved.tenantPorts, look.cards) }
        : plan.configDrive;
      const sent = await deploying.bareMetal.deploy(server.id, { configDrive, lastLook }, signal).catch((error) => {
        throw withoutEcho(error, configDrive);
      });
      if (sent.kind === 'accepted') return startedOn(reserved.server);
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
async function confirm(attempt: Attempt, started: Started): Promise<Outcome> {
  const { server, plan } = attempt;
  const now = await serverNow(attempt);
  if (now && carriesPlan(now, plan)) return { ...started, server: asPlanned(now, plan) };
  throw failures.outcomeUnknown(server, plan.reservation, {
    words: `Ironic accepted the deployment, but ${failures.otherwise(now)}`,
  });
}
