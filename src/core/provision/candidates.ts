import { Failure, invalidArgument } from '../failures.js';
import { obstacleTo } from '../inventory/eligibility.js';
import { serverNotAvailable } from '../inventory/server-not-available.js';
import type { ServerService } from '../inventory/server-service.js';
import type { BareMetal, Criteria } from '../ports.js';
import type { ProvisionRequest } from '../requests.js';
import type { Server } from '../server.js';
import { isFree, meaningOf } from '../states.js';
import { displayName } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { interfacesFor } from './network.js';
import { type Round, standing } from './provision-response.js';
import { createRejections, type Rejections } from './rejections.js';
import { isSameRequest, type RequestIdentity } from './request-identity.js';

/** The servers that a request may be deployed on. */
export interface Candidates {
  readonly kind: 'candidates';
  readonly candidates: AsyncGenerator<Server, void>;
  readonly rejections: Rejections;
  /** The only server, if there is one: as the caller named it, or the one of an earlier call. */
  readonly serverRef: string | undefined;
  readonly retrying: boolean;
  /** As an earlier call with the same key has reserved it, if one has. */
  readonly reserved: Server | null;
}

interface Sought {
  readonly request: ProvisionRequest;
  readonly identity: RequestIdentity;
  /** This is a further round, because the deployment id was in use. */
  readonly anew: boolean;
  readonly signal: AbortSignal;
}

/**
 * Where a request begins: at servers to choose from, at the server of an earlier call, or at its answer.
 * @throws Failure `idempotency_conflict`, `server_not_available`, `invalid_request`
 */
export async function candidatesFor(
  { bareMetal, servers }: { readonly bareMetal: BareMetal; readonly servers: ServerService },
  { request, identity, anew, signal }: Sought,
): Promise<Candidates | Extract<Round, { readonly kind: 'answered' }>> {
  const { server_id: serverRef, retry_failed: retry = false } = request;
  const earlier = identity.keyed || anew ? await bareMetal.findByDeployment(identity.deploymentId, signal) : null;
  if (earlier) {
    if (!isSameRequest(request, earlier.entry)) throw usedBefore(earlier);
    const again = retry && meaningOf(earlier).failed === 'deployment';
    const reserved = isFree(earlier);
    if (meaningOf(earlier).outcome === 'none' && !reserved) {
      throw serverNotAvailable(earlier.id, earlier);
    }
    if (again || reserved)
      return { ...only(async () => earlier, earlier.id, again), reserved: reserved ? earlier : null };
    return { kind: 'answered', response: standing(earlier, bareMetal.now()), server: earlier };
  }
  if (retry && serverRef !== undefined) {
    const failed = await bareMetal.find(serverRef, signal);
    if (failed && meaningOf(failed).failed === 'deployment' && failed.entry !== null) {
      if (isFor(failed, request)) return only(async () => failed, serverRef, true);
      throw serverNotAvailable(serverRef, failed, `this is not the request that failed there: ${obstacleTo(failed)}`);
    }
  } else if (retry && !identity.keyed) {
    throw invalidArgument('retry_failed', 'needs the server_id or the idempotency_key of the failed deployment');
  }
  const criteria = criteriaOf(request);
  if (serverRef !== undefined) return only(() => servers.findNamed(serverRef, criteria, signal), serverRef, false);
  const rejections = createRejections(false);
  const candidates = servers.candidates(criteria, rejections.out, signal);
  return { kind: 'candidates', candidates, rejections, serverRef, retrying: false, reserved: null };
}

/** Whether this request made the server's deployment. It may have named the server in another way, or not at all. */
function isFor({ id, name, entry }: Server, request: ProvisionRequest): boolean {
  const named = [request.server_id, id, name ?? undefined, undefined];
  return named.some((server_id) => isSameRequest({ ...request, server_id }, entry));
}

export function criteriaOf({ resource_class, traits, conductor_group, networks }: ProvisionRequest): Criteria {
  const networkInterfaces = interfacesFor(networks);
  return { resourceClass: resource_class, traits, conductorGroup: conductor_group, networkInterfaces };
}

/** The only candidate. It is read when the caller takes it, because nobody would handle an earlier failure. */
function only(find: () => Promise<Server>, serverRef: string, retrying: boolean): Candidates {
  async function* candidates() {
    yield await find();
  }
  return {
    kind: 'candidates',
    candidates: candidates(),
    rejections: createRejections(true),
    serverRef,
    retrying,
    reserved: null,
  };
}

function usedBefore(server: Server): Failure {
  const what = server.entry
    ? `image ${namedImage(server.entry.image)} at ${server.entry.started_at}`
    : 'an unknown image';
  return new Failure('idempotency_conflict', { reason: `it was used for ${what}, on server ${displayName(server)}` });
}
