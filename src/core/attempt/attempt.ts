import type { Tries } from '../async/retry.js';
import { Failure } from '../failures.js';
import { obstacleTo } from '../inventory/eligibility.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { freeState, isFree, meaningOf, stateName } from '../states.js';
import { describedOtherwise } from './attempt-failures.js';
import type { Deploying, Plan } from './outcome.js';

/** An attempt to deploy on one server: what does not change from its beginning to its end. */
export interface Attempt {
  readonly deploying: Deploying;
  readonly plan: Plan;
  /** As it was before. */
  readonly server: Server;
  /** Of every request of the attempt. Nobody aborts it: each request has a deadline of its own. */
  readonly signal: AbortSignal;
  /** Aborted when the caller leaves. Ends the attempt only before its start was sent. */
  readonly caller: AbortSignal;
}

/** What an attempt has sent that may still take effect, although its answer is lost or not to be trusted. */
export interface MayArrive {
  /** The reservation, even after all has been undone. */
  readonly reservation: boolean;
  /** The attachment of this port. Nothing may be undone: the port would then connect the server of somebody else. */
  readonly port: string | null;
  /**
   * The start, by its earlier delivery: something on the way may have sent it twice, and Ironic has refused the second. The
   * reservation may be undone all the same, because that looks at the server first.
   */
  readonly startSentTwice: boolean;
}

export const nothing: MayArrive = { reservation: false, port: null, startSentTwice: false };

/** Whether a reservation that was sent before may still arrive. Where somebody else has the server, it is refused. */
export function mayReserveLate(tries: Tries | null): boolean {
  if (tries === null) return false;
  const { error, lost } = tries;
  return lost && !(error instanceof Refused && (error.refusal === 'taken' || error.refusal === 'not_found'));
}

/** The server as it is now; null where Ironic does not show it. */
export function serverNow({ deploying, server, signal }: Attempt): Promise<Server | null> {
  return deploying.bareMetal.find(server.id, signal).catch(() => null);
}

/** Whether a server carries the deployment id of the plan. */
export function carriesPlan(server: Server, { reservation }: Plan): boolean {
  return server.deploymentId === reservation.deploymentId;
}

/** Whether a server carries the plan's deployment id, and is described as this call asked, be it by another call. */
function isAsPlanned(server: Server, plan: Plan): boolean {
  return carriesPlan(server, plan) && server.entry?.digest === plan.reservation.entry.digest;
}

/**
 * The server, if what it deploys is what this call asked for.
 * @throws Failure `idempotency_conflict`
 */
export function asPlanned(server: Server, plan: Plan): Server {
  if (isAsPlanned(server, plan)) return server;
  throw describedOtherwise(server);
}

/** Whether a deployment has begun since. The state may be the same again, but Ironic then gives it a new date. */
export function hasMoved(before: Server, now: Server): boolean {
  if (meaningOf(now).outcome === 'none') return false;
  return now.provisionState !== before.provisionState || now.provisionedAt !== before.provisionedAt;
}

/**
 * Whether the reservation landed on a deployment of somebody else, as Ironic allows where that has no deployment id.
 * It is certain only where no delivery of the reservation may have come before. With a key it is not: the deployment may
 * be the work of another call with the same key, and is never taken apart.
 */
export function wasDeployedBefore({ server, plan }: Attempt, now: Server): boolean {
  if (carriesPlan(server, plan) || plan.keyed) return false;
  return meaningOf(now).outcome !== 'none';
}

/**
 * Looks at the server before a change is sent.
 * @throws NoAnswer, Refused
 */
export function lookAgain({ deploying, server, signal }: Attempt): Promise<Server | null> {
  return beforeChange(deploying.bareMetal.find(server.id, signal));
}

/** A port of the plan that is not recorded at the server any more: another call may have given the reservation back. */
export async function missingPort({ deploying, server, plan, signal }: Attempt): Promise<string | undefined> {
  if (plan.vifs.length === 0) return undefined;
  const recorded = await beforeChange(deploying.bareMetal.vifs(server.id, signal));
  return plan.vifs.find((port) => !recorded.includes(port));
}

/** What a read before a change did not hear says nothing about the change, which has not been sent. */
function beforeChange<T>(read: Promise<T>): Promise<T> {
  return read.catch((error: unknown) => {
    throw error instanceof NoAnswer ? error.withoutEffect() : error;
  });
}

/** What speaks against starting the deployment on a server that we have reserved, as a clause. */
export function obstacleAfter(reserved: Server, plan: Plan): string | undefined {
  if (reserved.deploymentId === null) return 'somebody has taken its reservation off';
  if (!carriesPlan(reserved, plan)) return 'somebody else has reserved it meanwhile';
  const state = `its state is ${stateName(reserved.provisionState)}`;
  if (plan.retrying && meaningOf(reserved).failed !== 'deployment') return `what failed there is gone, for ${state}`;
  if (!plan.retrying && !isFree(reserved)) return state;
  return obstacleTo({ ...reserved, deploymentId: null, provisionState: freeState });
}

/** What has come in between since a server was reserved. */
export interface Overtaken {
  readonly failure: Failure;
  /** It still carries our deployment id, but describes something else. */
  readonly isOtherwise: boolean;
}

/** What has come in between since the server was reserved; null if it may still be started. */
export function overtakenBy({ server, plan }: Attempt, reserved: Server, now: Server | null): Overtaken | null {
  const id = plan.serverRef ?? server.id;
  if (now === null) return { failure: new Failure('server_not_found', { id }), isOtherwise: false };
  const unavailable = (reason: string) => new Failure('server_not_available', { id, reason });
  const obstacle = obstacleAfter(now, plan) ?? (hasMoved(reserved, now) ? 'another call has deployed it' : undefined);
  if (obstacle !== undefined) return { failure: unavailable(obstacle), isOtherwise: false };
  if (isAsPlanned(now, plan)) return null;
  const failure = plan.keyed ? describedOtherwise(now) : unavailable('somebody has changed what it is to deploy');
  return { failure, isOtherwise: true };
}

/**
 * Takes the ports that the attempt may have attached off a server that somebody else has by now. Nothing can be done if
 * that fails: the failure of the attempt names the server.
 */
export async function detachAll(
  { deploying, server, signal }: Omit<Attempt, 'plan' | 'caller'>,
  ports: ReadonlySet<string>,
): Promise<void> {
  for (const port of ports) await deploying.bareMetal.detach(server.id, port, signal).catch(() => undefined);
}
