import { randomUUID } from 'node:crypto';
import type { Changes } from './changes.js';
import { configDriveOf, warningsAbout } from './config-drive.js';
import { type Deploying, deployOn, type Plan } from './deployment.js';
import { Failure, invalidArgument } from './failures.js';
import { instanceInfoOf, misfit } from './fitting.js';
import { identify, isSameRequest, type RequestIdentity } from './idempotency.js';
import type {
  ConfigDrive,
  Image,
  ProvisionRequest,
  ProvisionResponse,
  ProvisionStatus,
  Server,
  StatusRequest,
} from './model.js';
import { macAddresses } from './network-data.js';
import type { Images } from './ports.js';
import { obstacleTo, type ServerService } from './servers.js';
import { stateMeaning } from './states.js';
import { callDeadline, displayName, isoTime, nameOf, statusOf } from './status.js';
import { translating } from './translating.js';
import { plain } from './untrusted.js';
import { createWaiting } from './waiting.js';

/** After so much of a call's time no further server is tried: what is left is for the one under way. */
const choosingTime = callDeadline / 2;

/** So many servers may refuse the data itself before it is taken for wrong. */
const dataRefusals = 3;

/** So often a request starts anew because its deployment id is on another server already. */
const rounds = 4;

/** Takes servers to a running system, and tells how far they are. */
export interface ProvisionService {
  /**
   * Reserves a server and starts its deployment; answers as soon as Ironic has accepted it.
   * @throws Failure any of the table but `operation_not_found`
   */
  provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse>;
  /**
   * How a deployment stands now, or, with `wait_seconds`, at its next change.
   * @throws Failure `operation_not_found`, `ironic_unavailable`
   */
  status(request: StatusRequest, signal: AbortSignal): Promise<ProvisionStatus>;
}

export interface ProvisionServiceOptions extends Deploying {
  /** The cloud and the project, in any words: where an idempotency key counts. */
  readonly realm: string;
  readonly images: Images;
  readonly servers: ServerService;
  readonly changes: Changes;
}

export function createProvisionService(options: ProvisionServiceOptions): ProvisionService {
  const { bareMetal, images, servers, changes, clock, realm } = options;
  const waiting = createWaiting(options);

  async function provision(request: ProvisionRequest, signal: AbortSignal): Promise<ProvisionResponse> {
    const configDrive = configDriveOf(request);
    const identity = identify(request, realm);
    for (let round = 1; round <= rounds; round += 1) {
      const origin = await originOf(request, identity, round > 1, signal);
      if ('operation_id' in origin) return origin;
      const response = await deployOnOneOf(origin, request, configDrive, identity, signal);
      if (response) return response;
      // Another call with the same key has a server for it meanwhile, or a reservation of our own arrived late.
    }
    throw new Failure('outcome_unknown', {
      reason: `deployment ${identity.deploymentId} is on a server already, but Ironic does not show which`,
      hint: 'Nothing was started by this call. The operator can find the server by that instance_uuid.',
    });
  }

  /** Where a request begins: at servers to choose from, at the one that an earlier call left, or at its answer. */
  async function originOf(
    request: ProvisionRequest,
    identity: RequestIdentity,
    anew: boolean,
    signal: AbortSignal,
  ): Promise<Origin | ProvisionResponse> {
    const { server_id: serverRef, resource_class: resourceClass, retry_failed: retry = false } = request;
    const earlier = identity.keyed || anew ? await bareMetal.carrying(identity.deploymentId, signal) : null;
    if (earlier) {
      if (!isSameRequest(request, earlier.entry)) throw usedBefore(earlier);
      const again = retry && earlier.provisionState === 'deploy failed';
      const reserved = earlier.provisionState === 'available';
      if (stateMeaning(earlier.provisionState)?.outcome === 'none' && !reserved) {
        throw new Failure('server_not_available', {
          id: earlier.id,
          reason: obstacleTo(earlier) ?? 'its state has changed',
        });
      }
      if (!again && !reserved) return standing(earlier, bareMetal.now());
      return { out: new Set(), candidates: only(earlier), serverRef: earlier.id, retrying: again };
    }
    if (retry && serverRef !== undefined) {
      const failed = await bareMetal.find(serverRef, signal);
      if (failed?.provisionState === 'deploy failed' && isSameRequest(request, failed.entry)) {
        return { out: new Set(), candidates: only(failed), serverRef, retrying: true };
      }
    } else if (retry && !identity.keyed) {
      throw invalidArgument('retry_failed', 'needs the server_id or the idempotency_key of the request that failed');
    }
    const out = new Set<string>();
    const criteria = { resourceClass };
    const candidates =
      serverRef === undefined
        ? servers.candidates(criteria, out, signal)
        : only(servers.named(serverRef, criteria, signal));
    return { out, candidates, serverRef, retrying: false };
  }

  /** Undefined if another call with the same key was there first. */
  async function deployOnOneOf(
    { out, candidates, serverRef, retrying }: Origin,
    request: ProvisionRequest,
    configDrive: ConfigDrive | undefined,
    { deploymentId, keyed, mark }: RequestIdentity,
    signal: AbortSignal,
  ): Promise<ProvisionResponse | undefined> {
    const [image, first] = await both(findImage(request.image_id, signal), candidates.next());
    const begun = clock.now();
    let refused: Failure | undefined;
    let refusals = 0;
    let unfit: Failure | undefined;
    let misfits = 0;
    for (let next = first; !next.done; next = await candidates.next()) {
      const server = next.value;
      const obstacle = misfit(image, server);
      if (obstacle !== undefined) {
        unfit = new Failure('image_not_deployable', { id: request.image_id, reason: obstacle });
        if (serverRef !== undefined) throw unfit;
        misfits += 1;
        out.add(server.id);
        continue;
      }
      const unconnected = await networkObstacle(server, request, signal);
      if (unconnected) {
        if (serverRef !== undefined) throw unconnected;
        refused = unconnected;
        refusals += 1;
        out.add(server.id);
        continue;
      }
      const reservation = {
        // A retry in place carries on the deployment that is there.
        deploymentId: (retrying ? server.deploymentId : null) ?? deploymentId,
        attemptId: randomUUID(),
        entry: { started_at: isoTime(bareMetal.now()), image: request.image_id, ...mark },
        instanceInfo: instanceInfoOf(image, server),
      };
      const until = begun + callDeadline;
      const plan = { serverRef, configDrive, vifs: request.vifs ?? [], keyed, retrying, reservation, until };
      const outcome = await changes
        .run(() => deployOn(options, server, plan, signal))
        .finally(() => waiting.forget(server.id));
      if ('server' in outcome) {
        return outcome.joined
          ? standing(outcome.server, bareMetal.now())
          : accepted(outcome.server, plan, image, await warnings(outcome.server, plan, signal));
      }
      if (outcome.elsewhere) return undefined;
      const { failure, again } = outcome;
      if (failure.code === 'deploy_refused') {
        refused = failure;
        refusals += 1;
      }
      const concernsAll = failure.code === 'ironic_too_old' || failure.code === 'ironic_unavailable';
      if (serverRef !== undefined || refusals === dataRefusals || concernsAll) throw failure;
      if (!again) out.add(server.id);
      if (clock.now() >= begun + choosingTime)
        throw noneAvailable('those that are free were taken or busy for too long');
    }
    // No free server can take the data: that is the matter, not how many there are.
    const wrong = refused ?? unfit;
    if (wrong && refusals + misfits === out.size) throw wrong;
    const { resource_class: resourceClass } = request;
    throw noneAvailable(
      resourceClass === undefined ? 'no server is free' : `no server of class ${plain(resourceClass, 80)} is free`,
    );
  }

  /** Ironic would notice only after it has written the image. */
  async function networkObstacle(
    server: Server,
    request: ProvisionRequest,
    signal: AbortSignal,
  ): Promise<Failure | undefined> {
    if (server.networkInterface !== 'neutron' || (request.vifs ?? []).length > 0) return undefined;
    if ((await bareMetal.vifs(server.id, signal)).length > 0) return undefined;
    return new Failure('deploy_refused', {
      id: request.server_id ?? server.id,
      reason: 'its network interface is neutron, and no Neutron port is attached; give the ids of its ports in vifs',
    });
  }

  /** What the caller should know although the deployment has started, as sentences. */
  async function warnings(server: Server, { configDrive, vifs }: Plan, signal: AbortSignal): Promise<string[]> {
    const named = configDrive?.network_data ? macAddresses(configDrive.network_data) : [];
    // The deployment has started, whatever becomes of this look.
    const own = named.length > 0 ? await bareMetal.macAddresses(server.id, signal).catch(() => named) : named;
    const strange = named.filter((address) => !own.includes(address));
    return [
      ...warningsAbout(configDrive),
      ...(strange.length > 0
        ? [
            `network_data names MAC addresses that the server does not have: ${strange.map((each) => plain(each, 20)).join(', ')}.`,
          ]
        : []),
      ...(server.networkInterface === 'flat' && vifs.length === 0
        ? ['No Neutron port was attached: with the network interface flat the system may have no network.']
        : []),
    ];
  }

  async function findImage(ref: string, signal: AbortSignal): Promise<Image> {
    const image = await images.find(ref, signal);
    if (image === null) throw new Failure('image_not_found', { id: ref });
    return image;
  }

  return { provision: translating(provision), status: translating(waiting.status) };
}

function noneAvailable(reason: string): Failure {
  return new Failure('no_available_servers', { reason });
}

/** The servers that a request may be deployed on. */
interface Origin {
  readonly candidates: AsyncGenerator<Server, void>;
  /** The ids of those that are out of the question by now. */
  readonly out: Set<string>;
  readonly serverRef: string | undefined;
  readonly retrying: boolean;
}

async function* only(server: Server | Promise<Server>): AsyncGenerator<Server, void> {
  yield await server;
}

function usedBefore(server: Server): Failure {
  const what = server.entry
    ? `image ${plain(server.entry.image, 120)} at ${server.entry.started_at}`
    : 'something unknown';
  return new Failure('idempotency_conflict', { reason: `it was used for ${what}, on server ${displayName(server)}` });
}

function accepted(
  server: Server,
  { reservation, retrying }: Plan,
  image: Image,
  warnings: readonly string[],
): ProvisionResponse {
  const { entry, deploymentId } = reservation;
  return {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status: 'accepted',
    message: `Deployment of image ${plain(image.name ?? entry.image, 120)} on server ${displayName(server)} has started${retrying ? ' again' : ''}. Follow it with check_provision_status.${warnings.map((each) => ` ${each}`).join('')}`,
    started_at: entry.started_at,
    deployment_id: deploymentId,
  };
}

/** The answer to a repeated request: how its first deployment stands. */
function standing(server: Server, now: number): ProvisionResponse {
  const { operation_id, server_id, server_name, status, message, started_at, deployment_id } = statusOf(server, now);
  const retry = status === 'failed' ? ' Call again with retry_failed to deploy it again in place.' : '';
  return {
    operation_id,
    server_id,
    server_name,
    status,
    message: `This request was made before. ${message}${retry}`,
    started_at: started_at ?? isoTime(now),
    deployment_id,
  };
}

/** Both at the same time. If both fail, the first one's error counts, so that the answer does not depend on chance. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
