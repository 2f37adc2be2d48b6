import { Failure, reasonOf } from '../failures.js';
import { op } from '../names.js';
import { type Remains, remainsWords } from '../networks/remains.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused, type Reservation } from '../ports.js';
import type { Server } from '../server.js';
import { displayName } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { named } from '../text/untrusted.js';
import type { Kept, Plan } from './outcome.js';

// The failures of changes; `port-failures.ts` has those of reads.

/** Ironic refused the change. */
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
        hint: 'Choose another server. This one may be protected, or this account may lack the right to deploy it; "ironic-mcp check" tells the operator more.',
      });
    case 'too_old':
      return new Failure('ironic_too_old', details);
    default:
      return new Failure('server_not_available', { ...details, retryable: refused.isBusy });
  }
}

/** The start may have taken effect, or may still take effect. */
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

/** The reservation may have taken effect, or may still take effect. */
export function reservationUnknown(server: Server, { deploymentId }: Reservation, lost: NoAnswer): Failure {
  return new Failure('outcome_unknown', {
    id: server.id,
    deployment: { operationId: server.id, deploymentId },
    reason: `${lost.reason}. The reservation of server ${displayName(server)} may still take effect: operation ${server.id}, deployment ${deploymentId}. Its deployment was not started`,
    hint: `Nothing was deployed. Call ${op('status')} with the operation id before you provision again.`,
    cause: lost,
  });
}

/** The same failure; it also says that our reservation could not be released. */
export function stillReserved(failure: Failure, server: Server, { reservation, kept }: KeptReservation): Failure {
  const { deploymentId } = reservation;
  return withReservation(failure, server, {
    deploymentId,
    words: `Server ${displayName(server)} ${kept.seen ? 'is still' : 'may still be'} reserved as deployment ${deploymentId}, because it could not be released: ${kept.why}`,
    hint: 'Choose another server. The operator can release this one by removing its instance_uuid.',
    retryable: false,
  });
}

/** The same failure; it also says what is left in Neutron, or recorded at the server. */
export function withRemains(failure: Failure, remains: readonly Remains[]): Failure {
  const words = remains.flatMap(remainsWords);
  return words.length === 0 ? failure : withWords(failure, words);
}

/** The same failure with more sentences about what is left. */
export function withWords(failure: Failure, words: readonly string[]): Failure {
  const { code, id, fields, retryable, deployment } = failure;
  const hint = failure.hint.replace(/^Nothing was changed\. /, '');
  const reason = `${reasonOf(failure)}. ${words.join(' ').replace(/\.$/, '')}`;
  const details = { id, fields, hint, retryable, reason, cause: failure };
  return new Failure(code, deployment === null ? details : { ...details, deployment });
}

/** The same failure; it also says that our reservation may arrive late. */
export function mayBeReserved(
  failure: Failure,
  server: Server,
  { deploymentId }: Pick<Reservation, 'deploymentId'>,
): Failure {
  return withReservation(failure, server, {
    deploymentId,
    words: `An answer to its reservation was lost. If that request still arrives, server ${displayName(server)} will be reserved as deployment ${deploymentId}`,
    hint: 'Choose another server. If this one stays reserved, "ironic-mcp check" finds it and says how to release it.',
    retryable: false,
  });
}

/** The same failure; it also says that the reservation waits for a repeated call. */
export function keptReserved(
  failure: Failure,
  server: Server,
  { deploymentId, seen }: Pick<Reservation, 'deploymentId'> & Pick<Kept, 'seen'>,
): Failure {
  return withReservation(failure, server, {
    deploymentId,
    words: `Server ${displayName(server)} ${seen ? 'stays' : 'may stay'} reserved for this idempotency key`,
    hint: 'Call again with the same idempotency_key to go on with that server.',
    retryable: true,
  });
}

/** A reservation that was not released. */
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
 * The server deploys something else than this call asked for. Ironic takes the image with the reservation and the config
 * drive with the start, so each may come from another of two simultaneous requests with one key.
 */
export function describedOtherwise(server: Server): Failure {
  const { id, deploymentId } = server;
  return new Failure('idempotency_conflict', {
    ...(deploymentId === null ? {} : { deployment: { operationId: id, deploymentId } }),
    reason: `Another request with this key came at the same moment. Server ${displayName(server)} was given image ${namedImage(server.entry?.image ?? 'unknown')}, and the config drive of one of the two requests`,
    hint: 'Do not use that server before it is undeployed. Use a new idempotency_key for a new request.',
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
    hint: 'Change networks or vifs, choose another server, or ask the operator to fix what the reason names.',
    cause: error,
  });
}

/** A port that is not of this request is attached to the server, and would connect the deployment as well. */
export function strangePort(server: Server, { serverRef }: Pick<Plan, 'serverRef'>, port: string): Failure {
  return new Failure('server_not_available', {
    id: serverRef ?? server.id,
    reason: `Neutron port ${port} is attached to it, and is not of this request`,
    hint: `Choose another server. If the port is of no use there, the operator can detach it: ${detaching(server, port)}`,
  });
}

/** The same with a port that an earlier attempt at the deployment has made. */
export function undetached(server: Server, { serverRef }: Pick<Plan, 'serverRef'>, port: string): Failure {
  return new Failure('server_not_available', {
    id: serverRef ?? server.id,
    reason: `Neutron port ${port} of an earlier attempt at this deployment could not be detached from it`,
    hint: `Call ${op('provision')} again with the same arguments. If it persists, the operator can detach the port: ${detaching(server, port)}`,
    retryable: true,
  });
}

function detaching({ id }: Server, port: string): string {
  return `openstack baremetal node vif detach ${id} ${port}`;
}

/** Ironic no longer records a port of the plan at the server. */
export function detached(server: Server, { serverRef }: Plan, port: string): Failure {
  const reason = `port ${port} has been detached from it`;
  return new Failure('server_not_available', { id: serverRef ?? server.id, reason, retryable: true });
}

/** What a server carries instead of the deployment that Ironic has just accepted, as a clause. */
export function otherwise(now: Server | null): string {
  if (now === null) return 'the server could not be read again';
  return now.deploymentId === null
    ? 'its deployment id has been removed'
    : `the server now carries another deployment: ${named(now.deploymentId)}`;
}
