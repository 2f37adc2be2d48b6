import { signalOfChange } from '../async/changes.js';
import type { Server } from '../server.js';
import { stateMeaning } from '../states.js';
import { describedOtherwise } from './attempt-failures.js';
import type { Deploying, Plan } from './outcome.js';

/** What is known of an attempt to deploy on one server, from one request of it to the next. */
export interface Attempt {
  readonly deploying: Deploying;
  /** As it was before. */
  readonly server: Server;
  readonly plan: Plan;
  /** Not aborted by anybody: each request has a deadline of its own. */
  readonly signal: AbortSignal;
  /** The Neutron ports that this attempt may have attached. */
  readonly attached: Set<string>;
  /** Why nothing may be undone any more. */
  pending: string | undefined;
  /** An answer to the reservation was lost: that request may still arrive when all has been undone. */
  reservationMayArrive: boolean;
  /** How often the reservation was sent. */
  sent: number;
  /** What refused the start may be an earlier delivery of it, which something on the way has sent twice. */
  startMayHaveArrived: boolean;
  /** As far as is known, the reservation takes nothing: it does where what is to be retried has been undeployed. */
  inPlace: boolean;
}

export function createAttempt(deploying: Deploying, server: Server, plan: Plan): Attempt {
  return {
    deploying,
    server,
    plan,
    signal: signalOfChange(),
    attached: new Set(),
    pending: undefined,
    reservationMayArrive: false,
    sent: 0,
    startMayHaveArrived: false,
    inPlace: plan.retrying,
  };
}

/** The server as it is now; null where Ironic does not show it. */
export function serverNow({ deploying, server, signal }: Attempt): Promise<Server | null> {
  return deploying.bareMetal.find(server.id, signal).catch(() => null);
}

export function isOurs(server: Server, { reservation }: Plan): boolean {
  return server.deploymentId === reservation.deploymentId;
}

/** The server, if what it deploys is what this call asked for. */
export function ours(server: Server, plan: Plan): Server {
  if (isOurs(server, plan) && server.entry?.digest === plan.reservation.entry.digest) return server;
  throw describedOtherwise(server);
}

/** Whether a deployment has begun since: a state may be the same again, but then Ironic dates it anew. */
export function hasMoved(before: Server, now: Server): boolean {
  if (stateMeaning(now.provisionState)?.outcome === 'none') return false;
  return now.provisionState !== before.provisionState || now.provisionedAt !== before.provisionedAt;
}
