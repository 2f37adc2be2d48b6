import type { Tries } from '../async/retry.js';
import { Failure } from '../failures.js';
import { obstacleTo } from '../inventory/eligibility.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { freeState, isFree, meaningOf, stateName } from '../states.js';
import { describedOtherwise } from './attempt-failures.js';
import type { Deploying, Plan } from './outcome.js';

/** One attempt to deploy on one server. Nothing in it changes while the attempt runs. */
export interface Attempt {
  readonly deploying: Deploying;
  readonly plan: Plan;
  /** As it was before the attempt. */
  readonly server: Server;
  /** For every request of the attempt. Nobody aborts it; each request has a deadline of its own. */
  readonly signal: AbortSignal;
  /** Aborted when the caller leaves. It ends the attempt only before the start is sent. */
  readonly caller: AbortSignal;
}

/** The requests of an attempt that may still take effect, because their answer is lost or cannot be trusted. */
export interface MayArrive {
  /** The reservation, even after everything was undone. */
  readonly reservation: boolean;
  /** The attachment of this port. Undo nothing: the port could end up on somebody else's server. */
  readonly port: string | null;
  /**
   * The start: something on the way may have delivered it twice, and Ironic refused the second delivery. The reservation
   * may still be undone, because the undo reads the server first.
   */
  readonly startSentTwice: boolean;
}

export const nothing: MayArrive = { reservation: false, port: null, startSentTwice: false };

/** Whether an earlier reservation may still arrive. Ironic refuses it if somebody else has the server. */
export function mayReserveLate(tries: Tries | null): boolean {
  if (tries === null) return false;
  const { error, lost } = tries;
  return lost && !(error instanceof Refused && (error.refusal === 'taken' || error.refusal === 'not_found'));
}

/** The server as it is now; null if it cannot be read. */
export function serverNow({ deploying, server, signal }: Attempt): Promise<Server | null> {
  return deploying.bareMetal.find(server.id, signal).catch(() => null);
}

/** Whether a server carries the deployment id of the plan. */
export function carriesPlan(server: Server, { reservation }: Plan): boolean {
  return server.deploymentId === reservation.deploymentId;
}

/** Whether a server carries the plan's deployment id and the description of this request, even if another call wrote it. */
function isAsPlanned(server: Server, plan: Plan): boolean {
  return carriesPlan(server, plan) && server.entry?.digest === plan.reservation.entry.digest;
}

/**
 * Answers the server if it deploys what this call asked for.
 * @throws Failure `idempotency_conflict`
 */
export function asPlanned(server: Server, plan: Plan): Server {
  if (isAsPlanned(server, plan)) return server;
  throw describedOtherwise(server);
}

/** Whether a deployment has begun since. The state may be the same again, but then its date is new. */
export function hasMoved(before: Server, now: Server): boolean {
  if (meaningOf(now).outcome === 'none') return false;
  return now.provisionState !== before.provisionState || now.provisionedAt !== before.provisionedAt;
}

/**
 * Whether the reservation landed on somebody else's deployment. Ironic allows that if the deployment has no id. With a
 * key this is never certain: another call with the same key may have made the deployment, which is then left alone.
 */
export function wasDeployedBefore({ server, plan }: Attempt, now: Server): boolean {
  if (carriesPlan(server, plan) || plan.keyed) return false;
  return meaningOf(now).outcome !== 'none';
}

/**
 * Reads the server before a change is sent.
 * @throws NoAnswer, Refused
 */
export function lookAgain({ deploying, server, signal }: Attempt): Promise<Server | null> {
  return beforeChange(deploying.bareMetal.find(server.id, signal));
}

/** A port of the plan that Ironic no longer records: another call may have released the reservation. */
export async function missingPort({ deploying, server, plan, signal }: Attempt): Promise<string | undefined> {
  if (plan.vifs.length === 0) return undefined;
  const recorded = await beforeChange(deploying.bareMetal.vifs(server.id, signal));
  return plan.vifs.find((port) => !recorded.includes(port));
}

/** A lost answer to a read says nothing about the change, which has not been sent. */
function beforeChange<T>(read: Promise<T>): Promise<T> {
  return read.catch((error: unknown) => {
    throw error instanceof NoAnswer ? error.withoutEffect() : error;
  });
}

/** Why the deployment may not start on a server that we have reserved, as a clause. */
export function obstacleAfter(reserved: Server, plan: Plan): string | undefined {
  if (reserved.deploymentId === null) return 'somebody has removed its reservation';
  if (!carriesPlan(reserved, plan)) return 'somebody else has reserved it';
  const state = `its state is ${stateName(reserved.provisionState)}`;
  if (plan.retrying && meaningOf(reserved).failed !== 'deployment') return `the failed deployment is gone: ${state}`;
  if (!plan.retrying && !isFree(reserved)) return state;
  return obstacleTo({ ...reserved, deploymentId: null, provisionState: freeState });
}

/** Somebody changed a server after we reserved it. */
export interface Overtaken {
  readonly failure: Failure;
  /** It still carries our deployment id, but another description. */
  readonly isOtherwise: boolean;
}

/** What has changed since the server was reserved; null if it may still be started. */
export function overtakenBy({ server, plan }: Attempt, reserved: Server, now: Server | null): Overtaken | null {
  const id = plan.serverRef ?? server.id;
  if (now === null) return { failure: new Failure('server_not_found', { id }), isOtherwise: false };
  const unavailable = (reason: string) => new Failure('server_not_available', { id, reason });
  const obstacle = obstacleAfter(now, plan) ?? (hasMoved(reserved, now) ? 'another call has deployed it' : undefined);
  if (obstacle !== undefined) return { failure: unavailable(obstacle), isOtherwise: false };
  if (isAsPlanned(now, plan)) return null;
  const failure = plan.keyed ? describedOtherwise(now) : unavailable('somebody has changed what it should deploy');
  return { failure, isOtherwise: true };
}

/**
 * Detaches the ports of this attempt from a server that somebody else has by now. If that fails, nothing more can be
 * done: the failure of the attempt names the server.
 */
export async function detachAll(
  { deploying, server, signal }: Omit<Attempt, 'plan' | 'caller'>,
  ports: ReadonlySet<string>,
): Promise<void> {
  for (const port of ports) await deploying.bareMetal.detach(server.id, port, signal).catch(() => undefined);
}
