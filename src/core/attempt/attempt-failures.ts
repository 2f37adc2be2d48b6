import { Failure, reasonOf } from '../failures.js';
import { op } from '../names.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused, type Reservation } from '../ports.js';
import type { Server } from '../server.js';
import { displayName } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { named } from '../text/untrusted.js';
import type { Kept, Plan } from './outcome.js';

/*
 * What it means to the caller when a change went wrong; `port-failures.ts` does the same for reads.
 */

/** Ironic said no. */
export function declined(server: Server, { serverRef }: Pick<Plan, 'serverRef'>, refused: Refused): Failure {
  const details = { id: serverRef ?? server.id, reason: refused.reason, cause: refused };
  switch (refused.refusal) {
    case 'not_found':
      return new Failure('server_not_found', details);
    case 'invalid':
      return new Failure('deploy_refused', details);
    case 'forbidden':
      return new Failure('deploy_refused', {
        ...details,
        hint: 'The server may be protected, or this user may have no rights to deploy it. Choose another server; the operator finds out more with "ironic-mcp check".',
      });
    case 'too_old':
      return new Failure('ironic_too_old', details);
    default:
      return new Failure('server_not_available', { ...details, retryable: refused.isBusy });
  }
}

/** The start may have taken effect, or may still do so. */
export function outcomeUnknown(
  server: Server,
  { deploymentId }: Reservation,
  { words, cause }: { readonly words: string; readonly cause?: unknown },
): Failure {
  return new Failure('outcome_unknown', {
    id: server.id,
    deployment: { operationId: server.id, deploymentId },
    reason: `${words}. Server ${displayName(server)} may be deploying: operation ${server.id}, deployment ${deploymentId}`,
    cause,
  });
}

/** The reservation may have taken effect, or may still do so. */
export function reservationUnknown(server: Server, { deploymentId }: Reservation, lost: NoAnswer): Failure {
  return new Failure('outcome_unknown', {
    id: server.id,
    deployment: { operationId: server.id, deploymentId },
    reason: `${lost.reason}. The reservation of server ${displayName(server)} may still take effect: operation ${server.id}, deployment ${deploymentId}. Its deployment was not started`,
    hint: `Nothing was deployed. Check the operation id with ${op('status')} before you provision again.`,
    cause: lost,
  });
}

/** The same failure, with the word that our reservation could not be taken back. */
export function stillReserved(failure: Failure, server: Server, { reservation, kept }: KeptReservation): Failure {
  const { deploymentId } = reservation;
  return withReservation(failure, server, {
    deploymentId,
    words: `Server ${displayName(server)} ${kept.seen ? 'is still' : 'may still be'} reserved as deployment ${deploymentId}, for it could not be released: ${kept.why}`,
    hint: 'Choose another server; the operator can release this one by removing its instance_uuid.',
    retryable: false,
  });
}

/** The same failure, with the word that our reservation may come back. */
export function mayBeReserved(
  failure: Failure,
  server: Server,
  { deploymentId }: Pick<Reservation, 'deploymentId'>,
): Failure {
  return withReservation(failure, server, {
    deploymentId,
    words: `An answer to its reservation was lost: should that request still arrive, server ${displayName(server)} will be reserved as deployment ${deploymentId}`,
    hint: 'Choose another server; "ironic-mcp check" finds this one if it is reserved then, and says how to release it.',
    retryable: false,
  });
}

/** The same failure, with the word that the reservation waits for a repeated call. */
export function keptReserved(failure: Failure, server: Server, { reservation, kept }: KeptReservation): Failure {
  return withReservation(failure, server, {
    deploymentId: reservation.deploymentId,
    words: `Server ${displayName(server)} ${kept.seen ? 'stays' : 'may stay'} reserved for this idempotency key`,
    hint: 'Call again with the same idempotency_key: it goes on with that server.',
    retryable: true,
  });
}

/** A reservation that was not taken back. */
interface KeptReservation {
  readonly reservation: Reservation;
  readonly kept: Kept;
}

/** What a failure leaves behind on a server. */
interface Remainder {
  readonly deploymentId: string;
  readonly words: string;
  readonly hint: string;
  readonly retryable: boolean;
}

function withReservation(failure: Failure, server: Server, { deploymentId, words, ...next }: Remainder): Failure {
  return new Failure(failure.code, {
    id: failure.id,
    deployment: { operationId: server.id, deploymentId },
    reason: `${reasonOf(failure)}. ${words}`,
    ...next,
    cause: failure,
  });
}

/**
 * What a server deploys is not what this call asked for. Ironic takes the image with the reservation and the config
 * drive with the start: two requests with one key at the same moment may have given one each.
 */
export function describedOtherwise(server: Server): Failure {
  const { id, deploymentId } = server;
  return new Failure('idempotency_conflict', {
    ...(deploymentId === null ? {} : { deployment: { operationId: id, deploymentId } }),
    reason: `Another request with this key came at the same moment; server ${displayName(server)} was given image ${namedImage(server.entry?.image ?? 'unknown')}, and may have been given the config drive of either request`,
    hint: 'Have that server undeployed before it is used. Use a new idempotency_key for a new request.',
  });
}

/** The plan's ports could not be attached. */
export function unattached(server: Server, plan: Plan, error: unknown): Failure {
  if (error instanceof NoAnswer) return ironicUnavailable(error);
  if (!(error instanceof Refused)) throw error;
  if (error.isBusy) return declined(server, plan, error);
  return new Failure('deploy_refused', {
    id: plan.serverRef ?? server.id,
    reason: error.reason,
    hint: 'Correct vifs, or have the operator correct what the reason names, or choose another server.',
    cause: error,
  });
}

/** A port of the plan is not recorded at the server any more. */
export function detached(server: Server, { serverRef }: Plan, port: string): Failure {
  const reason = `port ${port} was detached from it meanwhile`;
  return new Failure('server_not_available', { id: serverRef ?? server.id, reason, retryable: true });
}

/** What a server whose deployment Ironic has just accepted carries instead, as a clause. */
export function otherwise(now: Server | null): string {
  if (now === null) return 'what it deploys could not be read';
  return now.deploymentId === null
    ? 'its deployment id has been taken off'
    : `it carries another deployment by now: ${named(now.deploymentId)}`;
}
