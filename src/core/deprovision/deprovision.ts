import { type Changes, signalOfChange } from '../async/changes.js';
import type { Deploying } from '../attempt/outcome.js';
import { releaseReservation } from '../attempt/release-reservation.js';
import { Failure } from '../failures.js';
import { op } from '../names.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { DeprovisionRequest, DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { isFree, meaningOf } from '../states.js';
import { anotherDeployment, carriesAnother, displayName, isForgotten } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { named } from '../text/untrusted.js';
import { decide } from './decision.js';
import { diskWords, underWay, undone } from './deprovision-response.js';
import { undeploy } from './undeploy.js';
import { undeploymentFailed } from './undeploy-failures.js';

/** Takes deployments off their servers. */
export interface DeprovisionService {
  /**
   * What the user is to be asked: it names that one deployment and no other. Null if there is nothing to ask. Changes
   * nothing.
   * @throws Failure whatever speaks against it
   */
  consent(request: DeprovisionRequest, signal: AbortSignal): Promise<string | null>;
  /**
   * Undeploys a server, or gives a reservation back from which no deployment came. Repeated, it tells how far it is, and
   * with `retry_failed` undeploys again what could not be undeployed.
   * @param agreed What the user has agreed to: it holds for nothing else. Null for nothing; undefined where nobody can ask.
   * @throws Failure `not_confirmed`, `not_permitted`, `deprovision_refused`, `server_not_found`, `operation_not_found`,
   * `outcome_unknown`
   */
  deprovision(
    request: DeprovisionRequest,
    signal: AbortSignal,
    agreed?: string | null | undefined,
  ): Promise<DeprovisionResponse>;
}

export interface DeprovisionServiceOptions extends Deploying {
  readonly changes: Changes;
  /** Whose deployments may be undeployed. */
  readonly policy: Policy;
  /** Called with the id of a server that has just been changed. */
  readonly onChange?: (serverId: string) => void;
}

export function createDeprovisionService(options: DeprovisionServiceOptions): DeprovisionService {
  const { bareMetal, changes, clock, policy, onChange = () => undefined } = options;

  /** The server, if the caller knows which one it is and speaks of the deployment that it carries. */
  async function find(request: DeprovisionRequest, signal: AbortSignal): Promise<Server> {
    const { operation_id: id, confirm_server_name: name, deployment_id: deploymentId } = request;
    const server = await bareMetal.find(id, signal);
    if (server === null) throw new Failure('server_not_found', { id });
    if (name !== (server.name ?? server.id)) throw wrongName();
    if (deploymentId !== undefined && carriesAnother(server, deploymentId)) throw anotherDeployment(id, server);
    return server;
  }

  async function consent(request: DeprovisionRequest, signal: AbortSignal): Promise<string | null> {
    const server = await find(request, signal);
    return decide(server, policy, bareMetal.now()) === 'wait' ? null : sentenceAbout(server);
  }

  async function deprovision(
    request: DeprovisionRequest,
    signal: AbortSignal,
    agreed?: string | null,
  ): Promise<DeprovisionResponse> {
    const seenAt = clock.now();
    const server = await find(request, signal);
    const decision = decide(server, policy, bareMetal.now());
    if (decision === 'wait') return underWay(server);
    if (agreed !== undefined && agreed !== sentenceAbout(server)) throw agreedToAnother(server);
    if (decision === 'retry' && !request.retry_failed) {
      // The record only refines what is known.
      throw undeploymentFailed(server, await bareMetal.errors(server.id, signal).catch(() => []));
    }
    signal.throwIfAborted();
    return changes
      .run(() =>
        decision === 'release'
          ? release(server)
          : undeploy({ deploying: options, policy, server, seenAt, retrying: decision === 'retry' }),
      )
      .finally(() => onChange(server.id));
  }

  async function release(server: Server): Promise<DeprovisionResponse> {
    const { deploymentId, attemptId } = server;
    if (deploymentId === null || attemptId === null) throw new TypeError('this is no reservation of ours');
    const signal = signalOfChange();
    const reservation = { deploymentId, attemptId };
    const release = await releaseReservation({ deploying: options, server, reservation, ports: 'all', signal });
    if (release.kind === 'kept') throw stillThere(server, release.why);
    if (release.kind === 'deployed') throw stillThere(server, 'another call goes on with its deployment');
    // It is undone, whether that can be seen or not.
    const now = await bareMetal.find(server.id, signal).catch(() => null);
    if (now?.deploymentId === deploymentId) throw stillThere(server, 'another call goes on with its deployment');
    return undone(
      server,
      `The reservation of server ${displayName(server)} is undone; nothing had been deployed on it.`,
    );
  }

  return { consent: withPortFailures(consent), deprovision: withPortFailures(deprovision) };
}

function stillThere({ id }: Server, reason: string): Failure {
  return new Failure('deprovision_refused', { id, reason, retryable: true });
}

/** Says no more than that: who names a server is to know which one it is. */
function wrongName(): Failure {
  return new Failure('not_confirmed', {
    reason:
      'confirm_server_name is not the name of that server (its UUID, where it has no name; its host name is another)',
    hint: 'Ask the user which server is to be undeployed, and give its name as the user says it.',
  });
}

/** The server has changed since the user was asked. */
function agreedToAnother({ id }: Server): Failure {
  return new Failure('not_confirmed', {
    id,
    reason: 'the server has changed since the user was asked',
    hint: `Nothing was changed. See with ${op('status')} what it carries now, and ask the user again.`,
  });
}

function sentenceAbout(server: Server): string {
  const { entry } = server;
  const name = displayName(server);
  const what = entry
    ? `image ${namedImage(entry.image)}, asked for at ${entry.started_at}`
    : `${isForgotten(server) ? 'Ironic no longer tells whose it was' : 'NOT deployed through this server'}${trace(server)}`;
  const which = `deployment ${server.deploymentId === null ? 'without an id' : named(server.deploymentId, 40)}: ${what}`;
  if (isFree(server)) return `Give up the reservation of server ${name} (${which})?`;
  return `${meaningOf(server).undeployVerb} server ${name} (${which})? What is on its disk is lost. ${diskWords(server)} This cannot be undone.`;
}

/** What tells a deployment without an entry of ours from another one on the same server. */
function trace({ imageSource, provisionedAt }: Server): string {
  const image = imageSource === null ? '' : `, image ${namedImage(imageSource)}`;
  return `${image}${provisionedAt === null ? '' : `, in this state since ${isoTime(provisionedAt)}`}`;
}
