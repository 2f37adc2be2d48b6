import { randomUUID } from 'node:crypto';
import type { Changes } from '../async/changes.js';
import { deadlines } from '../async/retry.js';
import { mayBeReserved } from '../attempt/attempt-failures.js';
import { deployOn } from '../attempt/deploy-on.js';
import type { Declined, Deploying, Plan } from '../attempt/outcome.js';
import type { Progress } from '../call.js';
import { Failure, reasonOf } from '../failures.js';
import type { ConfigDrive, Image } from '../image.js';
import type { ServerService } from '../inventory/server-service.js';
import type { Policy } from '../policy.js';
import { portFailure, withPortFailures } from '../port-failures.js';
import type { Images } from '../ports.js';
import type { ProvisionRequest, ProvisionResponse, ProvisionStatus, StatusRequest } from '../requests.js';
import type { Server } from '../server.js';
import { isoTime } from '../status/provision-status.js';
import { createStatusService } from '../status/wait-for-change.js';
import { withoutCredentials } from '../text/image-ref.js';
import { type Candidates, candidatesFor, criteriaOf } from './candidates.js';
import { configDriveOf, warningsAbout } from './config-drive.js';
import { createDeployingLimit } from './deploying-limit.js';
import { imageMisfit, instanceInfoOf } from './image-fit.js';
import { networkObstacle, networkWarnings } from './network.js';
import { accepted, standing } from './provision-response.js';
import { identify, type RequestIdentity } from './request-identity.js';

/** So often a request starts anew because its deployment id is on another server already. */
const rounds = 4;

/** So long it counts, in milliseconds, that no server carries a key's deployment: then another call may have come and gone. */
const keyLook = 5_000;

/** Takes servers to a running system, and tells how far they are. */
export interface ProvisionService {
  /**
   * Reserves a server and starts its deployment; answers as soon as Ironic has accepted it.
   * @throws Failure any of the table but `operation_not_found`
   */
  provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse>;
  /**
   * How a deployment stands now, or, with `wait_seconds`, at its next change.
   * @throws Failure `server_not_found`, `operation_not_found`, `ironic_unavailable`
   */
  status(
    request: StatusRequest,
    signal: AbortSignal,
    report?: ((progress: Progress) => void) | undefined,
  ): Promise<ProvisionStatus>;
  /** What was read of a server before is out of date: somebody else here has just changed it. */
  forget(serverId: string): void;
}

export interface ProvisionServiceOptions extends Deploying {
  /** The cloud and the project, in any words: where an idempotency key counts. Asked for by calls with a key only. */
  readonly idempotencyScope: (signal: AbortSignal) => Promise<string>;
  readonly images: Images;
  readonly servers: ServerService;
  readonly changes: Changes;
  /** What may be deployed. */
  readonly policy: Policy;
}

export function createProvisionService(options: ProvisionServiceOptions): ProvisionService {
  const { bareMetal, images, servers, changes, clock, policy, idempotencyScope } = options;
  const limit = createDeployingLimit(bareMetal, policy.maxDeploying);
  const waiting = createStatusService(options);

  async function provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse> {
    const begun = clock.now();
    if (request.resource_class !== undefined) policy.admitClass(request.resource_class);
    const configDrive = configDriveOf(request);
    const keyed = request.idempotency_key !== undefined;
    const identity = identify(request, keyed ? await idempotencyScope(signal) : '');
    for (let round = 1; round <= rounds; round += 1) {
      const looked = clock.now();
      const from = await candidatesFor(options, request, identity, round > 1, signal);
      if ('operation_id' in from) return from;
      const response = await limit
        .run(identity.deploymentId, signal, () =>
          deployOnOneOf(from, request, configDrive, identity, { begun, looked }, signal),
        )
        .catch((error) => {
          const failure = portFailure(error);
          const { reservationMayArrive } = from.rejections;
          const untold = reservationMayArrive && failure instanceof Failure && !failure.deployment;
          throw untold ? mayBeReserved(failure, reservationMayArrive, identity) : failure;
        });
      if (response) return response;
      // Another call with the same key has a server for it meanwhile, or a reservation of our own arrived late.
    }
    throw new Failure('outcome_unknown', {
      reason: `deployment ${identity.deploymentId} is on a server already, but Ironic does not show which`,
      hint: 'Nothing was started by this call. The operator can find the server by that instance_uuid.',
    });
  }

  /** Undefined if another call with the same key was there first. */
  async function deployOnOneOf(
    { candidates, rejections, serverRef, retrying }: Candidates,
    request: ProvisionRequest,
    configDrive: ConfigDrive | undefined,
    { deploymentId, keyed, requestDigest }: RequestIdentity,
    { begun, looked }: { readonly begun: number; readonly looked: number },
    signal: AbortSignal,
  ): Promise<ProvisionResponse | undefined> {
    const until = begun + deadlines.call;
    const [image, first] = await both(findImage(request.image_id, signal), candidates.next());
    policy.admitImage(image);

    async function obstacleOn(server: Server): Promise<Failure | Declined | undefined> {
      const unfit = imageMisfit(image, server);
      if (unfit !== undefined) {
        return new Failure('image_not_deployable', { id: withoutCredentials(request.image_id), reason: unfit });
      }
      return networkObstacle(bareMetal, server, request, signal);
    }

    /** Undefined as above. */
    async function attempt(server: Server): Promise<ProvisionResponse | Declined | undefined> {
      // Nothing is begun that could not be brought to its end.
      if (clock.now() >= until) throw tooSlow();
      const reservation = {
        // A retry in place carries on the deployment that is there.
        deploymentId: (retrying ? server.deploymentId : null) ?? deploymentId,
        attemptId: randomUUID(),
        entry: { started_at: isoTime(bareMetal.now()), image: withoutCredentials(request.image_id), ...requestDigest },
        instanceInfo: instanceInfoOf(image, server, request.traits),
      };
      const plan: Plan = { serverRef, configDrive, vifs: request.vifs ?? [], keyed, retrying, reservation, until };
      // What has come and gone in between could not be told from what somebody deployed by hand.
      const untold = keyed && server.deploymentId !== deploymentId && clock.now() - looked > keyLook;
      if (untold && (await bareMetal.findByDeployment(deploymentId, signal))) return undefined;
      signal.throwIfAborted();
      const outcome = await changes
        .run(() => deployOn(options, server, plan, signal))
        .finally(() => waiting.forget(server.id));
      if ('failure' in outcome) return outcome.elsewhere ? undefined : outcome;
      if (outcome.joined) return standing(outcome.server, bareMetal.now(), true);
      const network = await networkWarnings(options, outcome.server, request, configDrive, signal);
      return accepted(outcome.server, plan, image, [...warningsAbout(configDrive), ...network]);
    }

    for (let next = first; !next.done; next = await candidates.next()) {
      const server = next.value;
      policy.admitClass(server.resourceClass);
      const outcome = (await obstacleOn(server)) ?? (await attempt(server));
      if (outcome === undefined || 'operation_id' in outcome) return outcome;
      if (outcome instanceof Failure) rejections.unsuitable(server, outcome);
      else rejections.declined(server, outcome);
      if (clock.now() >= begun + deadlines.choosing) throw outOfTime(rejections.refused());
    }
    throw rejections.unable() ?? (await servers.noneAvailable(criteriaOf(request), signal));
  }

  async function findImage(ref: string, signal: AbortSignal): Promise<Image> {
    const image = await images.find(ref, signal);
    if (image === null) throw new Failure('image_not_found', { id: withoutCredentials(ref) });
    return image;
  }

  return { provision: withPortFailures(provision), status: withPortFailures(waiting.status), forget: waiting.forget };
}

function tooSlow(): Failure {
  return new Failure('ironic_unavailable', {
    reason: `Finding the image and a server took longer than ${deadlines.call / 1000} s`,
  });
}

/** There may be servers that were not tried. @param refused Why one of those that were could not take the data. */
function outOfTime(refused: Failure | undefined): Failure {
  if (!refused) {
    return new Failure('no_available_servers', { reason: 'those that are free were taken or busy for too long' });
  }
  return new Failure(refused.code, {
    id: refused.id,
    reason: `${reasonOf(refused)}; in ${deadlines.choosing / 1000} s no other server was found that would do`,
    hint: 'Name a server that will do in server_id; list_servers shows those there are.',
    cause: refused,
  });
}

/** Both at the same time. If both fail, the first one's error counts, so that the answer does not depend on chance. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
