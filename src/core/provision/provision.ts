import { randomUUID } from 'node:crypto';
import { type Changes, signalOfChange } from '../async/changes.js';
import { deadlines } from '../async/retry.js';
import { keptReserved, mayBeReserved } from '../attempt/attempt-failures.js';
import { deployOn } from '../attempt/deploy-on.js';
import type { Deploying } from '../attempt/deploying.js';
import type { Outcome, Plan, Started } from '../attempt/outcome.js';
import { phoneHomeWarnings, withPhoneHome } from '../boot/phone-home.js';
import { Failure, invalidArgument } from '../failures.js';
import type { ConfigDrive, Image } from '../image.js';
import type { ServerService } from '../inventory/server-service.js';
import { findNetworks } from '../networks/find-networks.js';
import type { PlannedNetwork } from '../networks/make-ports.js';
import { type Remains, remainsNow, remainsWords } from '../networks/remains.js';
import { addressesNow } from '../networks/server-address.js';
import type { Policy } from '../policy.js';
import { portFailure, withPortFailures } from '../port-failures.js';
import type { Images } from '../ports.js';
import type { ProvisionRequest, ProvisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { withoutCredentials } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { didYouMeanOneOf } from '../text/nearest.js';
import { type Candidates, candidatesFor, criteriaOf } from './candidates.js';
import { configDriveOf, hostnameOf, loginUserOf, warningsAbout } from './config-drive.js';
import { createDeployingLimit } from './deploying-limit.js';
import { imageMisfit, instanceInfoOf } from './image-fit.js';
import { type NetworkPlan, networkWarnings, planNetwork } from './network.js';
import { outOfTime, tooSlow, withRest } from './provision-failures.js';
import { accepted, type Round, standing } from './provision-response.js';
import { identify, type RequestIdentity } from './request-identity.js';

/** How often a request starts again because its deployment id is on another server already. */
const rounds = 4;

/** How long (ms) a "no server carries this key" answer stays valid. After that another call may have come and gone. */
const keyLook = 5_000;

/** Deploys images on servers. */
export interface ProvisionService {
  /**
   * Reserves a server and starts its deployment; answers as soon as Ironic has accepted it.
   * @throws Failure any of the table but `operation_not_found`
   */
  provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse>;
}

export interface ProvisionServiceOptions extends Deploying {
  /** A text that identifies the cloud and the project in which an idempotency key counts. Only a call with a key asks. */
  readonly idempotencyScope: (signal: AbortSignal) => Promise<string>;
  readonly images: Images;
  readonly servers: ServerService;
  readonly changes: Changes;
  /** What may be deployed. */
  readonly policy: Policy;
  /** How machines reach this program to report that they have booted; undefined if they shall not report. */
  readonly bootReportUrl?: string | undefined;
  /** Called with the id of a server that has just been changed. */
  readonly onChange?: (serverId: string) => void;
}

type Answered = Extract<Round, { readonly kind: 'answered' }>;

/** One call. */
interface Order {
  readonly request: ProvisionRequest;
  readonly configDrive: ConfigDrive | undefined;
  readonly identity: RequestIdentity;
  /** When it began, by the clock. */
  readonly begun: number;
  readonly signal: AbortSignal;
}

/** What one round of an order deploys and on which servers, and when those were read. */
interface Choice {
  readonly from: Candidates;
  readonly image: Image;
  readonly networks: readonly PlannedNetwork[];
  readonly looked: number;
  /** No attempt of this round came before. */
  readonly isFirst: boolean;
}

export function createProvisionService(options: ProvisionServiceOptions): ProvisionService {
  const {
    bareMetal,
    images,
    networks,
    servers,
    changes,
    clock,
    policy,
    idempotencyScope,
    onChange = () => undefined,
  } = options;
  const { bootReportUrl: base } = options;
  const limit = createDeployingLimit(bareMetal, policy.maxDeploying);

  async function provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse> {
    const begun = clock.now();
    if (request.resource_class !== undefined) policy.admitClass(request.resource_class);
    if (request.vifs?.length) policy.admitVifs();
    if (request.vifs?.length && request.networks?.length)
      throw invalidArgument('networks', 'cannot be combined with vifs; pass only one of them');
    const configDrive = configDriveOf(request);
    const keyed = request.idempotency_key !== undefined;
    const identity = identify(request, keyed ? await idempotencyScope(signal) : '');
    const order: Order = { request, configDrive, identity, begun, signal };
    for (let round = 1; round <= rounds; round += 1) {
      const ended = await playRound(order, round > 1);
      if (ended.kind === 'answered') return withAddresses(ended, signal);
      // Another call with the same key has a server by now, or a reservation of our own arrived late.
    }
    throw new Failure('outcome_unknown', {
      reason: `deployment ${identity.deploymentId} is already on a server, but Ironic does not show which`,
      hint: 'This call started nothing. The operator can find the server by that instance_uuid.',
    });
  }

  /** @param anew Whether an earlier round found the deployment id in use. */
  async function playRound(order: Order, anew: boolean): Promise<Round> {
    const { identity, signal } = order;
    const looked = clock.now();
    const from = await candidatesFor(options, { ...order, anew });
    if (from.kind === 'answered') return from;
    try {
      return await limit.run(identity.deploymentId, signal, () => deployOnOneOf(order, from, looked));
    } catch (error) {
      const lister = { networks, clock, deploymentId: identity.deploymentId, signal: signalOfChange() };
      const told = await withRest(portFailure(error), from.rejections, lister);
      const failure = await sayingWhatIsKept(told, from, order);
      if (!from.retrying && (await hasAnother(order, failure))) return { kind: 'elsewhere' };
      const { reservationMayArrive: server } = from.rejections;
      const untold = server !== null && failure instanceof Failure && !failure.deployment;
      throw untold ? mayBeReserved(failure, server, identity) : failure;
    }
  }

  /** Whether a server was not available because another call with the same key is deploying on it. */
  async function hasAnother({ identity, signal }: Order, failure: unknown): Promise<boolean> {
    if (!identity.keyed || !(failure instanceof Failure) || failure.code !== 'server_not_available') return false;
    // If this read fails, the failure stands.
    const find = () => bareMetal.findByDeployment(identity.deploymentId, signal).catch(() => null);
    const server = failure.deployment ? null : await find();
    return server !== null;
  }

  /** The same failure. If no attempt has changed what an earlier call with the same key has reserved, it says so. */
  async function sayingWhatIsKept(failure: unknown, { reserved }: Candidates, { signal }: Order): Promise<unknown> {
    if (!reserved || !(failure instanceof Failure) || !failure.retryable || failure.deployment) return failure;
    const now = await bareMetal.find(reserved.id, signal).catch(() => reserved);
    const { deploymentId, attemptId } = reserved;
    const isKept = now?.deploymentId === deploymentId && now.attemptId === attemptId && deploymentId !== null;
    return isKept ? keptReserved(failure, now, { deploymentId, seen: true }) : failure;
  }

  async function deployOnOneOf(order: Order, from: Candidates, looked: number): Promise<Round> {
    const { request, begun, signal } = order;
    const wanted = findNetworks({ networks, policy }, request.networks ?? [], signal);
    const finding = both(findImage(request.image_id, signal), wanted);
    const [[image, found], first] = await both(finding, from.candidates.next());
    policy.admitImage(image);
    let isFirst = true;
    for (let next = first; !next.done; next = await from.candidates.next()) {
      const server = next.value;
      policy.admitClass(server.resourceClass);
      const choice: Choice = { from, image, networks: found, looked, isFirst };
      const outcome = imageObstacle(image, server, request) ?? (await deployWithNetwork(order, choice, server));
      if (outcome.kind !== 'unfit') isFirst = false;
      switch (outcome.kind) {
        case 'started':
          return { kind: 'answered', response: await answerTo(order, outcome, from.rejections.remains) };
        case 'joined':
          return {
            kind: 'answered',
            response: standing(outcome.server, bareMetal.now(), true),
            server: outcome.server,
          };
        case 'elsewhere':
          return outcome;
        default:
          from.rejections.note(server, outcome);
      }
      if (clock.now() >= begun + deadlines.choosing) throw outOfTime(from.rejections.refused());
    }
    throw from.rejections.unable() ?? (await servers.noneAvailable(criteriaOf(request), signal));
  }

  async function deployWithNetwork(order: Order, choice: Choice, server: Server): Promise<Outcome> {
    const network = await planNetwork(options, server, { ...order, found: choice.networks });
    return network.kind === 'planned' ? attempt(order, { ...choice, network }, server) : network;
  }

  async function attempt(
    order: Order,
    { from, image, looked, isFirst, network }: Omit<Choice, 'networks'> & { readonly network: NetworkPlan },
    server: Server,
  ): Promise<Outcome> {
    const { request, identity, begun, signal } = order;
    const { deploymentId, keyed, requestDigest } = identity;
    const hostname = hostnameOf(network.configDrive);
    const loginUser = loginUserOf(network.configDrive, image.loginUser);
    const { vifs = [] } = request;
    const resuming = server.deploymentId !== null;
    const until = begun + deadlines.call;
    // Do not begin what cannot be finished in time.
    if (clock.now() >= until) throw tooSlow();
    const attemptId = randomUUID();
    const isResumed = !from.retrying && server.deploymentId === deploymentId;
    const seed = (isResumed ? server.entry?.expected?.seed : undefined) ?? attemptId;
    const reporting =
      base === undefined
        ? null
        : withPhoneHome(network.configDrive, { base, serverId: server.id, key: request.idempotency_key, seed });
    const plan: Plan = {
      serverRef: from.serverRef,
      configDrive: reporting?.configDrive ?? network.configDrive,
      vifs,
      networks: network.networks,
      cards: network.cards,
      resuming,
      mayHaveEarlier: keyed || resuming || !isFirst,
      keyed,
      retrying: from.retrying,
      until,
      reservation: {
        // A retry in place carries on the deployment that is there.
        deploymentId: (from.retrying ? server.deploymentId : null) ?? deploymentId,
        attemptId,
        entry: {
          started_at: isoTime(bareMetal.latest()),
          image: withoutCredentials(image.name ?? image.id),
          digest: requestDigest,
          ...(hostname === undefined ? {} : { hostname }),
          ...(loginUser === null ? {} : { login_user: loginUser }),
          ...(network.addresses.length > 0 ? { addresses: network.addresses } : {}),
          ...(network.networks.length > 0 ? { networks: network.networks.map(({ id, name }) => ({ id, name })) } : {}),
          ...(vifs.length > 0 ? { vifs } : {}),
          ...(reporting && { expected: reporting.expected }),
        },
        instanceInfo: instanceInfoOf(image, server, request.traits),
        ...(from.retrying && server.attemptId !== null ? { replaces: server.attemptId } : {}),
      },
    };
    // A deployment with this key that came and went since would look like one made by hand.
    const old = keyed && server.deploymentId !== deploymentId && clock.now() - looked > keyLook;
    if (old && (await bareMetal.findByDeployment(deploymentId, signal))) return { kind: 'elsewhere' };
    signal.throwIfAborted();
    return changes
      .run(() => deployOn({ deploying: options, plan, server, signal: signalOfChange(), caller: signal }))
      .finally(() => onChange(server.id));
  }

  async function answerTo(order: Order, started: Started, remains: readonly Remains[]): Promise<ProvisionResponse> {
    const network = await networkWarnings(options, started.server, order);
    const { deploymentId } = order.identity;
    const left = await remainsNow(remains, { networks, clock, deploymentId, signal: signalOfChange() });
    const boot = base === undefined ? [] : phoneHomeWarnings(order.configDrive);
    const all = started.remains ? [...left, started.remains] : left;
    return accepted(started, [...warningsAbout(order.configDrive), ...boot, ...network, ...all.flatMap(remainsWords)]);
  }

  /** An answer about a deployment that is there already, with the addresses that it has by now. */
  async function withAddresses({ response, server }: Answered, signal: AbortSignal): Promise<ProvisionResponse> {
    if (server === undefined) return response;
    const { addresses, warnings } = await addressesNow(
      { bareMetal, networks, clock, known: response.addresses },
      server,
      signal,
    );
    return { ...response, addresses: [...addresses], message: [response.message, ...warnings].join(' ') };
  }

  async function findImage(ref: string, signal: AbortSignal): Promise<Image> {
    const image = await images.find(ref, signal);
    if (image !== null) return image;
    const meant = await didYouMeanOneOf(ref, async () => {
      const offered = (await images.list(signal)).images;
      return offered.flatMap((each) => (each.obstacle === null && policy.allowsImage(each) ? (each.name ?? []) : []));
    });
    throw new Failure('image_not_found', { id: withoutCredentials(ref), ...meant });
  }

  return { provision: withPortFailures(provision) };
}

/** Why an image cannot be deployed on a server; null if it can. */
function imageObstacle(image: Image, server: Server, { image_id }: ProvisionRequest): Outcome | null {
  const reason = imageMisfit(image, server);
  if (reason === undefined) return null;
  return { kind: 'unfit', failure: new Failure('image_not_deployable', { id: withoutCredentials(image_id), reason }) };
}

/** Both at the same time. If both fail, the first one's error counts, so that the answer does not depend on chance. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
