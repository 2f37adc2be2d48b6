import { signalOfChange } from '../async/changes.js';
import { again, deadlines, persisting } from '../async/retry.js';
import type { Deploying } from '../attempt/deploying.js';
import { isSameDeployment } from '../consent/consent.js';
import { Failure } from '../failures.js';
import { op } from '../names.js';
import type { Policy } from '../policy.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer } from '../ports.js';
import type { DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { carriesAnother, displayName, namingHost } from '../status/provision-status.js';
import { decide, isGoing } from './decision.js';
import { started, underWay, undone } from './deprovision-response.js';
import { refusedToUndeploy, undeploymentFailed, undeploymentUnknown } from './undeploy-failures.js';

/** A server to undeploy, as it was read and judged a moment ago. */
export interface Undeploying {
  readonly deploying: Deploying;
  readonly policy: Policy;
  readonly server: Server;
  /** When the request was sent that showed this server, by the clock. */
  readonly seenAt: number;
  /** An earlier undeployment failed. */
  readonly retrying: boolean;
}

/**
 * Has Ironic undeploy a server.
 *
 * Ironic does not check whose deployment it removes, and takes no condition with the request. So the request is sent
 * only right after a read that showed the very same deployment.
 *
 * @throws Failure `deprovision_refused`, `outcome_unknown`, `ironic_unavailable`, and those of `decide`
 */
export function undeploy({ deploying, policy, server, seenAt, retrying }: Undeploying): Promise<DeprovisionResponse> {
  const { bareMetal, clock } = deploying;
  const signal = signalOfChange();

  /**
   * The answer if the deployment has ended or is being undeployed; null if it may still be undeployed.
   * @param lost An earlier request may have taken effect.
   * @throws Failure why the server as it is now may not be undeployed
   */
  function endedAlready(now: Server | null, lost: boolean): DeprovisionResponse | null {
    if (now && isGoing(now)) return underWay(now);
    if (now === null || hasLeft(now, server)) {
      return undone(server, `Server ${displayName(server)} no longer carries that deployment.`);
    }
    try {
      const decision = decide(now, policy, bareMetal.now());
      if (!isSameDeployment(now, server)) throw cannotTell(server);
      if (decision !== 'retry' || retrying) return null;
    } catch (error) {
      if (!lost || !(error instanceof Failure)) throw error;
      throw undeploymentUnknown(server, error.reason ?? error.message, error);
    }
    throw undeploymentFailed(now);
  }

  return persisting<DeprovisionResponse>({
    ...deploying,
    until: clock.now() + deadlines.call,
    async change(before) {
      const lost = before?.lost ?? false;
      let ended: DeprovisionResponse | null = null;
      const permits = (now: Server | null) => {
        ended = endedAlready(now, lost);
        return ended === null;
      };
      await bareMetal.undeploy(server.id, { at: before === null ? seenAt : null, permits }, signal);
      return ended ?? started(server);
    },
    async settle({ error, lost, last }) {
      if (!last && (lost || error instanceof NoAnswer || error.isBusy)) return again;
      const now = await bareMetal.find(server.id, signal).catch(() => undefined);
      const ended = now === undefined ? null : endedAlready(now, lost);
      if (ended) return ended;
      if (lost) throw undeploymentUnknown(server, error.reason, error);
      throw error instanceof NoAnswer ? ironicUnavailable(error) : refusedToUndeploy(server, error);
    },
  });
}

/** Whether the deployment is certainly gone. Without an id, only the state shows it. */
function hasLeft(server: Server, { deploymentId }: Server): boolean {
  if (deploymentId !== null && server.deploymentId === deploymentId) return false;
  const none = meaningOf(server).outcome === 'none';
  return none || (deploymentId !== null && carriesAnother(server, deploymentId));
}

function cannotTell(server: Server): Failure {
  const reason =
    server.deploymentId === null
      ? 'the server has changed and may carry another deployment now: the first had no id'
      : 'that deployment has been started again';
  return new Failure('deprovision_refused', {
    id: server.id,
    reason: namingHost(server, reason),
    hint: `Call ${op('status')} to see what the server carries now. Call again if the user wants that undeployed.`,
    retryable: true,
  });
}
