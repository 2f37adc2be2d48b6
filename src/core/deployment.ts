import { Failure } from './failures.js';
import type { ConfigDrive, Server } from './model.js';
import { type BareMetal, NoAnswer, Refused, type Reservation } from './ports.js';
import { pauseAfter, type Retrying, type RetryPolicy, retries, retrying } from './retry.js';
import { obstacleTo } from './servers.js';
import { stateMeaning } from './states.js';
import { displayName } from './status.js';
import { unavailable } from './translating.js';
import { plain } from './untrusted.js';

/** What is to be deployed, whichever server it will be. */
export interface Plan {
  /** The server that the caller named; undefined when any will do, for then nobody need wait for a lock. */
  readonly serverRef: string | undefined;
  readonly reservation: Reservation;
  readonly configDrive: ConfigDrive | undefined;
  /** Neutron ports to attach before the deployment is started. */
  readonly vifs: readonly string[];
  /** Other calls may carry the same deployment id, for it comes from an idempotency key. */
  readonly keyed: boolean;
  /** When the call is over, by the clock: nothing is sent again after that. */
  readonly until: number;
  /** The server's last deployment was this one and failed: it is deployed again in place. */
  readonly retrying: boolean;
}

/** How an attempt on one server ended when another server may be tried: nothing of it is left behind. */
export interface Declined {
  readonly failure: Failure;
  /** The server was merely busy: it may be tried again. */
  readonly again: boolean;
  /** Another call with the same key was there first, and has a server for it. */
  readonly elsewhere?: boolean;
}

export interface Deploying extends Retrying {
  readonly bareMetal: BareMetal;
}

/** The deployment was started; the server is as Ironic showed it last. */
export interface Started {
  readonly server: Server;
  /** By another call with the same key, and not by this one. */
  readonly joined: boolean;
}

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
  // Not aborted by anybody: each request has a deadline of its own.
  const signal = new AbortController().signal;
  const back: Back = async (failure, again = false) => {
    // Another call with the same key may be about to start what is reserved. A repeated call goes on from here.
    if (plan.keyed && failure.retryable) return kept(deploying, server, plan, failure, signal);
    // A retry in place has taken nothing that was not its own before.
    const left = plan.retrying ? undefined : await undo(deploying, server, plan, signal);
    if (left === undefined) return { failure, again };
    if (!plan.keyed || !left.server) throw stillReserved(failure, left.words);
    return { server: ours(left.server, plan), joined: true };
  };
  const reserved = await reserve(deploying, server, plan, signal, caller, back);
  if ('failure' in reserved || 'joined' in reserved) return reserved;
  const obstacle = obstacleAfter(reserved, plan);
  if (obstacle || reserved.deploymentId !== plan.reservation.deploymentId) {
    return back(notAvailable(server, plan, obstacle ?? 'somebody else has reserved it meanwhile'));
  }
  if (caller.aborted) {
    await back(new Failure('server_not_available', { id: server.id, reason: 'the caller left', retryable: true }));
    throw caller.reason;
  }
  const unattached = await attachAll(deploying, server, plan, signal);
  if (unattached) return back(unattached);
  const started = await start(deploying, reserved, plan, signal, back);
  if ('failure' in started || !plan.keyed || started.joined) return started;
  // Another call with the same key may have described something else between our two changes.
  const now = await deploying.bareMetal.find(server.id, signal).catch(() => null);
  if (now === null)
    throw outcomeUnknown(server, plan.reservation, 'Ironic accepted it, but what it deploys could not be read');
  return { server: ours(now, plan), joined: false };
}

/** Ends an attempt with the reservation undone, or joins the deployment that somebody else made of it. */
type Back = (failure: Failure, again?: boolean) => Promise<Declined | Started>;

/** Attaches the request's ports, again where an answer was lost. Answers why that was not possible. */
async function attachAll(
  { bareMetal, clock, random }: Deploying,
  server: Server,
  plan: Plan,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  const again = (error: unknown) => error instanceof NoAnswer || (error instanceof Refused && isBusy(error));
  try {
    for (const vif of plan.vifs) {
      await retrying({ clock, random }, retries.lostAnswer, signal, again, () =>
        bareMetal.attach(server.id, vif, signal),
      );
    }
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return unavailable(error);
    if (!(error instanceof Refused)) throw error;
    return new Failure('deploy_refused', { id: plan.serverRef ?? server.id, reason: error.reason, cause: error });
  }
}

/** What speaks against deploying a server that we have just reserved. */
function obstacleAfter(reserved: Server, { retrying }: Plan): string | undefined {
  const expected = retrying ? 'deploy failed' : 'available';
  if (reserved.provisionState !== expected) return `its state is ${plain(reserved.provisionState, 80)}`;
  return obstacleTo({ ...reserved, deploymentId: null, provisionState: 'available' });
}

/** The server, if what it deploys is what this call asked for. */
function ours(server: Server, { reservation: { deploymentId, entry } }: Plan): Server {
  if (server.deploymentId === deploymentId && server.entry?.digest === entry.digest) return server;
  throw new Failure('idempotency_conflict', {
    reason: `Another request with this key came at the same moment; server ${displayName(server)} was given image ${plain(server.entry?.image ?? 'unknown', 120)}`,
  });
}

async function reserve(
  { bareMetal, clock, random }: Deploying,
  server: Server,
  plan: Plan,
  signal: AbortSignal,
  caller: AbortSignal,
  back: Back,
): Promise<Server | Declined | Started> {
  let lost = false;
  for (let attempt = 1; ; attempt += 1) {
    let policy: RetryPolicy;
    try {
      return await bareMetal.reserve(server.id, plan.reservation, signal);
    } catch (error) {
      if (error instanceof NoAnswer) {
        lost ||= error.mayHaveTakenEffect;
        policy = retries.lostAnswer;
        if (attempt >= policy.attempts || isLate(clock, plan)) {
          if (!lost) throw unavailable(error);
          return found(bareMetal, server, plan.reservation, error, signal);
        }
      } else if (error instanceof Refused) {
        // The lock may be held by our own request, whose answer was lost.
        const waiting = error.refusal === 'locked' && (plan.serverRef !== undefined || lost);
        policy = retries.locked;
        // Nothing has been taken yet: a caller who has left need not wait for it.
        if (waiting && !lost) caller.throwIfAborted();
        if (!waiting || attempt >= policy.attempts || isLate(clock, plan)) {
          const failure = declined(server, plan, error);
          if (error.refusal === 'elsewhere') return { failure, again: false, elsewhere: true };
          // A refusal now says nothing about the request whose answer was lost.
          return lost ? back(failure, isBusy(error)) : { failure, again: isBusy(error) };
        }
      } else throw error;
    }
    await clock.sleep(pauseAfter(attempt, policy, random), signal);
  }
}

/** After a reservation whose answer stayed lost: the server itself tells. */
async function found(
  bareMetal: BareMetal,
  server: Server,
  { deploymentId }: Reservation,
  lost: NoAnswer,
  signal: AbortSignal,
): Promise<Server> {
  const now = await bareMetal.find(server.id, signal).catch(() => null);
  if (now?.deploymentId === deploymentId) return now;
  throw new Failure('outcome_unknown', {
    id: server.id,
    reason: `${lost.words}. The reservation of server ${displayName(server)} may still take effect: operation ${server.id}, deployment ${deploymentId}. Its deployment was not started`,
    hint: 'Nothing was deployed. Check the operation id with check_provision_status before you provision again.',
    cause: lost,
  });
}

async function start(
  { bareMetal, clock, random }: Deploying,
  server: Server,
  plan: Plan,
  signal: AbortSignal,
  back: Back,
): Promise<Started | Declined> {
  const { reservation } = plan;
  let unknown = false;
  for (let attempt = 1; ; attempt += 1) {
    let policy: RetryPolicy;
    let last: NoAnswer | Refused;
    try {
      await bareMetal.deploy(server.id, plan.configDrive, signal);
      return { server, joined: false };
    } catch (error) {
      if (error instanceof NoAnswer) {
        unknown ||= error.mayHaveTakenEffect;
        policy = retries.lostAnswer;
        last = error;
      } else if (error instanceof Refused) {
        policy = retries.locked;
        last = error;
        const waiting = error.refusal === 'locked' || error.refusal === 'busy';
        if (!unknown && !waiting) return back(declined(server, plan, error));
      } else throw error;
    }
    if (unknown) {
      const now = await bareMetal.find(server.id, signal).catch(() => null);
      if (now?.deploymentId === reservation.deploymentId && hasMoved(server, now))
        return { server: now, joined: false };
      const over = now !== null && now.deploymentId !== reservation.deploymentId;
      if (over || attempt >= policy.attempts || isLate(clock, plan))
        throw outcomeUnknown(server, reservation, last.reason, last);
    } else if (attempt >= policy.attempts || isLate(clock, plan)) {
      return back(last instanceof Refused ? declined(server, plan, last) : unavailable(last), last instanceof Refused);
    }
    await clock.sleep(pauseAfter(attempt, policy, random), signal);
  }
}

/** Whether a deployment has begun since: a state may be the same again, but then Ironic dates it anew. */
function hasMoved(before: Server, now: Server): boolean {
  if (stateMeaning(now.provisionState)?.outcome === 'none') return false;
  return now.provisionState !== before.provisionState || now.provisionedAt !== before.provisionedAt;
}

function isLate(clock: Deploying['clock'], { until }: Plan): boolean {
  return clock.now() >= until;
}

/** Ends an attempt whose reservation a repeated call is to find again. */
async function kept(
  { bareMetal }: Deploying,
  server: Server,
  plan: Plan,
  failure: Failure,
  signal: AbortSignal,
): Promise<Started> {
  const now = await bareMetal.find(server.id, signal).catch(() => null);
  if (now?.deploymentId === plan.reservation.deploymentId && hasMoved(server, now)) {
    return { server: ours(now, plan), joined: true };
  }
  throw new Failure(failure.code, {
    id: failure.id,
    reason: `${failure.reason ?? failure.message}. Server ${displayName(server)} stays reserved for this idempotency key`,
    hint: 'Call again with the same idempotency_key: it goes on with that server.',
    retryable: true,
    cause: failure,
  });
}

/** What an undo had to leave behind. */
interface Left {
  readonly words: string;
  /** The server, if it is in a deployment under our id. */
  readonly server?: Server;
}

/** Gives the server back if the reservation is still ours and nothing is deployed. */
async function undo(
  { bareMetal, clock, random }: Deploying,
  server: Server,
  { reservation, vifs }: Plan,
  signal: AbortSignal,
): Promise<Left | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const now = await bareMetal.find(server.id, signal);
      if (now === null || now.deploymentId !== reservation.deploymentId) return undefined;
      if (stateMeaning(now.provisionState)?.outcome !== 'none') {
        return { words: `it is in the state ${plain(now.provisionState, 80)}`, server: now };
      }
      for (const vif of vifs) await bareMetal.detach(server.id, vif, signal);
      await bareMetal.release(server.id, reservation, signal);
      return undefined;
    } catch (error) {
      if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
      if (attempt >= retries.locked.attempts) return { words: error.reason };
      await clock.sleep(pauseAfter(attempt, retries.locked, random), signal);
    }
  }
}

function isBusy({ refusal }: Refused): boolean {
  return refusal === 'locked' || refusal === 'busy';
}

/** What a refusal by Ironic means to the caller. */
function declined(server: Server, { serverRef }: Plan, refused: Refused): Failure {
  const details = { id: serverRef ?? server.id, reason: refused.reason, cause: refused };
  switch (refused.refusal) {
    case 'not_found':
      return new Failure('server_not_found', details);
    case 'invalid':
    case 'forbidden':
      return new Failure('deploy_refused', details);
    case 'too_old':
      return new Failure('ironic_too_old', details);
    default:
      return new Failure('server_not_available', { ...details, retryable: isBusy(refused) });
  }
}

function notAvailable(server: Server, { serverRef }: Plan, reason: string): Failure {
  return new Failure('server_not_available', { id: serverRef ?? server.id, reason });
}

function outcomeUnknown(server: Server, { deploymentId }: Reservation, words: string, last?: unknown): Failure {
  return new Failure('outcome_unknown', {
    id: server.id,
    deployment: { operationId: server.id, deploymentId },
    reason: `${words}. Server ${displayName(server)} may be deploying: operation ${server.id}, deployment ${deploymentId}`,
    cause: last,
  });
}

/** The same failure, with the word that our reservation could not be taken back. */
function stillReserved(failure: Failure, left: string): Failure {
  return new Failure(failure.code, {
    id: failure.id,
    reason: `${failure.reason ?? failure.message}. The server is still reserved, for it could not be released: ${left}`,
    hint: 'Choose another server; the operator can release this one by removing its instance_uuid.',
    retryable: false,
    cause: failure,
  });
}
