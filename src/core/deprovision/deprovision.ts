import { type Changes, signalOfChange } from '../async/changes.js';
import type { Deploying } from '../attempt/deploying.js';
import { releaseReservation } from '../attempt/release-reservation.js';
import { agreedToAnother, deploymentWords, findConfirmed, isNamed } from '../consent/consent.js';
import { Failure } from '../failures.js';
import { remainsWords } from '../networks/remains.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { DeprovisionRequest, DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { isFree, meaningOf } from '../states.js';
import { displayName, namingHost } from '../status/provision-status.js';
import { named } from '../text/untrusted.js';
import { decide } from './decision.js';
import { diskWords, underWay, undone } from './deprovision-response.js';
import { createPortRemoval } from './port-removal.js';
import { undeploy } from './undeploy.js';
import { undeploymentFailed } from './undeploy-failures.js';

/** Takes deployments off their servers. */
export interface DeprovisionService {
  /**
   * The question to the user, which names exactly one deployment. Null if there is nothing to ask. Changes nothing.
   * @throws Failure why the server may not be undeployed
   */
  consent(request: DeprovisionRequest, signal: AbortSignal): Promise<string | null>;
  /**
   * Undeploys a server, or releases a reservation that never led to a deployment. A repeated call says how far it is, and that it has ended.
   * With `retry_failed` it starts a failed undeployment again.
   * @param agreed The question that the user agreed to, which holds for nothing else. Null if nothing was asked; undefined if nobody can be asked.
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
  const ports = createPortRemoval(options);

  async function consent(request: DeprovisionRequest, signal: AbortSignal): Promise<string | null> {
    const server = await findConfirmed(bareMetal, request, signal).catch((error: unknown) => {
      // Nothing is asked about ports that no deployment has any more.
      if (isGone(error) && request.deployment_id !== undefined && options.networks) return null;
      throw error;
    });
    if (server === null) return null;
    const decision = decide(server, policy, bareMetal.now());
    return decision === 'wait' || decision === 'gone' ? null : sentenceAbout(server);
  }

  async function deprovision(
    request: DeprovisionRequest,
    signal: AbortSignal,
    agreed?: string | null,
  ): Promise<DeprovisionResponse> {
    const seenAt = clock.now();
    const server = await findConfirmed(bareMetal, request, signal).catch(async (error: unknown) => {
      throw isGone(error) ? await ports.removedWith(error, request) : error;
    });
    const decision = decide(server, policy, bareMetal.now());
    const doubt = isNamed(server, request.confirm_server_name) ? '' : unseenHost(request);
    if (decision === 'wait') return ports.removedFor(server, request, underWay(server, doubt));
    if (decision === 'gone') {
      const message = `Server ${displayName(server)} is free and carries no deployment.${doubt}`;
      return ports.removedFor(server, request, undone(server, message));
    }
    if (agreed !== undefined && agreed !== sentenceAbout(server)) throw agreedToAnother(server);
    if (decision === 'retry' && !request.retry_failed) {
      // The record only adds details, so its failure does not matter.
      throw undeploymentFailed(server, await bareMetal.errors(server.id, signal).catch(() => []));
    }
    signal.throwIfAborted();
    return changes
      .run(() =>
        decision === 'release'
          ? release(server)
          : undeploy({ deploying: options, policy, server, seenAt, retrying: decision === 'retry' }),
      )
      .then((response) =>
        ports.removedFor(server, request, response, decision === 'undeploy' && response.status === 'accepted'),
      )
      .finally(() => onChange(server.id));
  }

  async function release(server: Server): Promise<DeprovisionResponse> {
    const { deploymentId, attemptId } = server;
    if (deploymentId === null || attemptId === null) throw new TypeError('this is no reservation of ours');
    const signal = signalOfChange();
    const reservation = { deploymentId, attemptId };
    const attached = () => ports.attachedTo(server, signal);
    const releasing = { deploying: options, server, reservation, ports: attached, signal, tellsOfOthers: true };
    const release = await releaseReservation(releasing);
    if (release.kind === 'kept') throw stillThere(server, release.why);
    if (release.kind === 'deployed') throw stillThere(server, 'another call continues its deployment');
    const left = remainsWords({ serverId: server.id, recorded: release.recorded, ports: [], mayCome: false });
    // The reservation is released, even if this read fails.
    const now = await bareMetal.find(server.id, signal).catch(() => null);
    if (now?.deploymentId === deploymentId) throw stillThere(server, 'another call continues its deployment');
    return undone(
      server,
      [`The reservation of server ${displayName(server)} is released; nothing had been deployed on it.`, ...left].join(
        ' ',
      ),
    );
  }

  return { consent: withPortFailures(consent), deprovision: withPortFailures(deprovision) };
}

/** Whether the server carries another deployment than the caller means. */
function isGone(error: unknown): error is Failure {
  return error instanceof Failure && error.code === 'operation_not_found';
}

function stillThere(server: Server, reason: string): Failure {
  return new Failure('deprovision_refused', { id: server.id, reason: namingHost(server, reason), retryable: true });
}

function unseenHost({ confirm_server_name: name }: DeprovisionRequest): string {
  return ` Ironic no longer shows its host name. No other server is named ${named(name)}.`;
}

function sentenceAbout(server: Server): string {
  const which = `${displayName(server)} (${deploymentWords(server)})`;
  if (isFree(server)) return `Release the reservation of server ${which}?`;
  return `${meaningOf(server).undeployVerb} server ${which}? All data on its disk is lost. ${diskWords(server)} This cannot be undone.`;
}
