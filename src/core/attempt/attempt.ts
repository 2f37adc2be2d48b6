import type { Tries } from '../async/retry.js';
import { Failure } from '../failures.js';
import { obstacleTo } from '../inventory/eligibility.js';
import type { Card } from '../network-service.js';
import { neutronInterfaces } from '../networks/find-networks.js';
import { needsData } from '../networks/neutron-data.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Server } from '../server.js';
import { freeState, isFree, meaningOf, stateName } from '../states.js';
import { describedOtherwise } from './attempt-failures.js';
import type { Deploying } from './deploying.js';
import type { Reserved } from './holding.js';
import type { Plan } from './outcome.js';

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
  return readBeforeChange(deploying.bareMetal.find(server.id, signal));
}

/** What Ironic's records of the cards show of the plan's ports. */
export interface PortLook {
  readonly cards: readonly Card[];
  /** A port that is not attached any more: another call may have released the server. */
  readonly missing?: string | undefined;
  /** An attached port that is not of the plan. */
  readonly strange?: string | undefined;
}

/** Looks at the cards where Ironic's word does not suffice, or where they are needed. */
export async function lookAtPorts(attempt: Attempt, { tenantPorts, inDoubt }: Reserved): Promise<PortLook> {
  const { deploying, server, plan, signal } = attempt;
  if (!inDoubt && !needsData(plan.networks)) return { cards: [] };
  const wanted = [...tenantPorts.map(({ id }) => id), ...plan.vifs];
  const cards = await readBeforeChange(deploying.bareMetal.cards(server.id, signal));
  const recorded = cards.flatMap(({ vif }) => vif ?? []);
  return {
    cards,
    missing: wanted.find((port) => !recorded.includes(port)),
    strange: recorded.find((port) => !wanted.includes(port)),
  };
}

/** A lost answer to a read says nothing about the change, which has not been sent. */
export function readBeforeChange<T>(read: Promise<T>): Promise<T> {
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
  // With a key, another call may go on from here. Only the latest one makes and attaches ports.
  if (plan.networks.length > 0 && carriesPlan(now, plan) && now.attemptId !== plan.reservation.attemptId) {
    const reason = 'another call with this key goes on with it';
    return { failure: new Failure('server_not_available', { id, reason, retryable: true }), isOtherwise: false };
  }
  const obstacle =
    obstacleAfter(now, plan) ??
    interfaceObstacle(now, plan) ??
    (hasMoved(reserved, now) ? 'another call has deployed it' : undefined);
  if (obstacle !== undefined) return { failure: unavailable(obstacle), isOtherwise: false };
  if (isAsPlanned(now, plan)) return null;
  const failure = plan.keyed ? describedOtherwise(now) : unavailable('somebody has changed what it should deploy');
  return { failure, isOtherwise: true };
}

/** Elsewhere Ironic says that it has attached a port, and does nothing. */
function interfaceObstacle({ networkInterface }: Server, { networks }: Plan): string | undefined {
  if (networks.length === 0 || neutronInterfaces.some((each) => each === networkInterface)) return undefined;
  return 'its network interface has changed, and does not use Neutron';
}
