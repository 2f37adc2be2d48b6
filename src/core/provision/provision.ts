import { randomUUID } from 'node:crypto';
import { type Changes, signalOfChange } from '../async/changes.js';
import { deadlines } from '../async/retry.js';
import { mayBeReserved } from '../attempt/attempt-failures.js';
import { deployOn } from '../attempt/deploy-on.js';
import type { Deploying, Outcome, Plan, Started } from '../attempt/outcome.js';
import { Failure, reasonOf } from '../failures.js';
import type { ConfigDrive, Image } from '../image.js';
import type { ServerService } from '../inventory/server-service.js';
import { op } from '../names.js';
import type { Policy } from '../policy.js';
import { portFailure, withPortFailures } from '../port-failures.js';
import type { Images } from '../ports.js';
import type { ProvisionRequest, ProvisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { withoutCredentials } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { type Candidates, candidatesFor, criteriaOf } from './candidates.js';
import { configDriveOf, warningsAbout } from './config-drive.js';
import { createDeployingLimit } from './deploying-limit.js';
import { imageMisfit, instanceInfoOf } from './image-fit.js';
import { networkObstacle, networkWarnings } from './network.js';
import { accepted, type Round, standing } from './provision-response.js';
import { identify, type RequestIdentity } from './request-identity.js';

/** So often a request starts anew because its deployment id is on another server already. */
const rounds = 4;

/** So long it counts, in milliseconds, that no server carries a key's deployment: then another call may have come and gone. */
const keyLook = 5_000;

/** Takes servers to a running system. */
export interface ProvisionService {
  /**
   * Reserves a server and starts its deployment; answers as soon as Ironic has accepted it.
   * @throws Failure any of the table but `operation_not_found`
   */
  provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse>;
}

export interface ProvisionServiceOptions extends Deploying {
  /** The cloud and the project, in any words: where an idempotency key counts. Asked for by calls with a key only. */
  readonly idempotencyScope: (signal: AbortSignal) => Promise<string>;
  readonly images: Images;
  readonly servers: ServerService;
  readonly changes: Changes;
  /** What may be deployed. */
  readonly policy: Policy;
  /** Called with the id of a server that has just been changed. */
  readonly onChange?: (serverId: string) => void;
}

/** One call: what is asked for, and until when. */
interface Order {
  readonly request: ProvisionRequest;
  readonly configDrive: ConfigDrive | undefined;
  readonly identity: RequestIdentity;
  /** When it began, by the clock. */
  readonly begun: number;
  readonly signal: AbortSignal;
}

/** Where one round of an order has brought it: which servers there are, what image, and when they were looked up. */
interface Choice {
  readonly from: Candidates;
  readonly image: Image;
  readonly looked: number;
}

export function createProvisionService(options: ProvisionServiceOptions): ProvisionService {
  const { bareMetal, images, servers, changes, clock, policy, idempotencyScope, onChange = () => undefined } = options;
  const limit = createDeployingLimit(bareMetal, policy.maxDeploying);

  async function provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse> {
    const begun = clock.now();
    if (request.resource_class !== undefined) policy.admitClass(request.resource_class);
    if (request.vifs?.length) policy.admitVifs();
    const configDrive = configDriveOf(request);
    const keyed = request.idempotency_key !== undefined;
    const identity = identify(request, keyed ? await idempotencyScope(signal) : '');
    const order: Order = { request, configDrive, identity, begun, signal };
    for (let round = 1; round <= rounds; round += 1) {
      const ended = await playRound(order, round > 1);
      if (ended.kind === 'answered') return ended.response;
      // Another call with the same key has a server for it meanwhile, or a reservation of our own arrived late.
    }
    throw new Failure('outcome_unknown', {
      reason: `deployment ${identity.deploymentId} is on a server already, but Ironic does not show which`,
      hint: 'Nothing was started by this call. The operator can find the server by that instance_uuid.',
    });
  }

  /** @param anew The order began before, and found its deployment id in use. */
  async function playRound(order: Order, anew: boolean): Promise<Round> {
    const { identity, signal } = order;
    const looked = clock.now();
    const from = await candidatesFor(options, { ...order, anew });
    if (from.kind === 'answered') return from;
    try {
      return await limit.run(identity.deploymentId, signal, () => deployOnOneOf(order, from, looked));
    } catch (error) {
      const failure = portFailure(error);
      if (!from.retrying && (await hasAnother(order, failure))) return { kind: 'elsewhere' };
      const { reservationMayArrive: server } = from.rejections;
      const untold = server !== null && failure instanceof Failure && !failure.deployment;
      throw untold ? mayBeReserved(failure, server, identity) : failure;
    }
  }

  /** Whether a server was not available because another call with the same key is deploying on it. */
  async function hasAnother({ identity, signal }: Order, failure: unknown): Promise<boolean> {
    if (!identity.keyed || !(failure instanceof Failure) || failure.code !== 'server_not_available') return false;
    // If that cannot be read, the failure stands.
    const find = () => bareMetal.findByDeployment(identity.deploymentId, signal).catch(() => null);
    const server = failure.deployment ? null : await find();
    return server !== null;
  }

  async function deployOnOneOf(order: Order, from: Candidates, looked: number): Promise<Round> {
    const { request, begun, signal } = order;
    const [image, first] = await both(findImage(request.image_id, signal), from.candidates.next());
    policy.admitImage(image);
    const choice: Choice = { from, image, looked };
    for (let next = first; !next.done; next = await from.candidates.next()) {
      const server = next.value;
      policy.admitClass(server.resourceClass);
      const outcome =
        imageObstacle(image, server, request) ??
        (await networkObstacle(bareMetal, server, order)) ??
        (await attempt(order, choice, server));
      switch (outcome.kind) {
        case 'started':
          return { kind: 'answered', response: await answerTo(order, image, outcome) };
        case 'joined':
          return { kind: 'answered', response: standing(outcome.server, bareMetal.now(), true) };
        case 'elsewhere':
          return outcome;
        default:
          from.rejections.note(server, outcome);
      }
      if (clock.now() >= begun + deadlines.choosing) throw outOfTime(from.rejections.refused());
    }
    throw from.rejections.unable() ?? (await servers.noneAvailable(criteriaOf(request), signal));
  }

  async function attempt(order: Order, { from, image, looked }: Choice, server: Server): Promise<Outcome> {
    const { request, configDrive, identity, begun, signal } = order;
    const { deploymentId, keyed, requestDigest } = identity;
    const until = begun + deadlines.call;
    // Nothing is begun that could not be brought to its end.
    if (clock.now() >= until) throw tooSlow();
    const plan: Plan = {
      serverRef: from.serverRef,
      configDrive,
      vifs: request.vifs ?? [],
      keyed,
      retrying: from.retrying,
      until,
      reservation: {
        // A retry in place carries on the deployment that is there.
        deploymentId: (from.retrying ? server.deploymentId : null) ?? deploymentId,
        attemptId: randomUUID(),
        entry: {
          started_at: isoTime(bareMetal.latest()),
          image: withoutCredentials(request.image_id),
          digest: requestDigest,
        },
        instanceInfo: instanceInfoOf(image, server, request.traits),
        ...(from.retrying && server.attemptId !== null ? { replaces: server.attemptId } : {}),
      },
    };
    // What has come and gone in between could not be told from what somebody deployed by hand.
    const old = keyed && server.deploymentId !== deploymentId && clock.now() - looked > keyLook;
    if (old && (await bareMetal.findByDeployment(deploymentId, signal))) return { kind: 'elsewhere' };
    signal.throwIfAborted();
    return changes
      .run(() => deployOn({ deploying: options, plan, server, signal: signalOfChange(), caller: signal }))
      .finally(() => onChange(server.id));
  }

  async function answerTo(order: Order, image: Image, started: Started): Promise<ProvisionResponse> {
    const network = await networkWarnings(options, started.server, order);
    return accepted(started, image, [...warningsAbout(order.configDrive), ...network]);
  }

  async function findImage(ref: string, signal: AbortSignal): Promise<Image> {
    const image = await images.find(ref, signal);
    if (image === null) throw new Failure('image_not_found', { id: withoutCredentials(ref) });
    return image;
  }

  return { provision: withPortFailures(provision) };
}

/** Why an image cannot be deployed on a server; null when nothing speaks against it. */
function imageObstacle(image: Image, server: Server, { image_id }: ProvisionRequest): Outcome | null {
  const reason = imageMisfit(image, server);
  if (reason === undefined) return null;
  return { kind: 'unfit', failure: new Failure('image_not_deployable', { id: withoutCredentials(image_id), reason }) };
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
    hint: `Name a server that will do in server_id; ${op('servers')} shows those there are.`,
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
