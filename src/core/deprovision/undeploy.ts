import { signalOfChange } from '../async/changes.js';
import { again, deadlines, persisting } from '../async/retry.js';
import type { Deploying } from '../attempt/outcome.js';
import { Failure } from '../failures.js';
import type { Policy } from '../policy.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer } from '../ports.js';
import type { DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { stateMeaning } from '../states.js';
import { carriesAnother, displayName, isForgotten } from '../status/provision-status.js';
import { decide, isGoing } from './decision.js';
import { started, underWay, undone } from './deprovision-response.js';
import { refusedToUndeploy, undeploymentUnknown } from './undeploy-failures.js';

/**
 * Has Ironic undeploy a server.
 *
 * Ironic asks nobody whose deployment it takes away, and takes no condition with the request. So the server is looked
 * at right before each time that this is sent, and it is sent again only while the very same deployment is on it.
 *
 * @param server As it was read and judged a moment ago.
 * @throws Failure `deprovision_refused`, `outcome_unknown`, `ironic_unavailable` and what speaks against it by now
 */
export function undeploy(undeploying: Deploying, server: Server, policy: Policy): Promise<DeprovisionResponse> {
  const { bareMetal, clock } = undeploying;
  const signal = signalOfChange();

  /**
   * The answer if the deployment is ended already, or being ended; null if it may be undeployed still.
   * @param lost An earlier request may have taken effect.
   */
  async function endedAlready(lost: boolean): Promise<DeprovisionResponse | null> {
    const now = await bareMetal.find(server.id, signal).catch((error: unknown) => {
      // What a read did not hear says nothing about the change.
      throw error instanceof NoAnswer ? error.withoutEffect() : error;
    });
    if (now && isGoing(now)) return underWay(now);
    if (now === null || hasLeft(now, server)) {
      return undone(server, `Server ${displayName(server)} does not carry that deployment any more.`);
    }
    try {
      decide(now, policy, bareMetal.now());
      if (!isSame(now, server)) throw cannotTell(server);
      return null;
    } catch (error) {
      if (!lost || !(error instanceof Failure)) throw error;
      throw undeploymentUnknown(server, error.reason ?? error.message, error);
    }
  }

  return persisting<DeprovisionResponse>({
    ...undeploying,
    until: clock.now() + deadlines.call,
    async change(before) {
      const ended = before && (await endedAlready(before.lost));
      if (ended) return ended;
      await bareMetal.undeploy(server.id, signal);
      return started(server);
    },
    async settle({ error, lost, last }) {
      if (!last && (lost || error instanceof NoAnswer || error.isBusy)) return again;
      const ended = await endedAlready(lost).catch((reason: unknown) => {
        if (reason instanceof Failure) throw reason;
        return null;
      });
      if (ended) return ended;
      if (lost) throw undeploymentUnknown(server, error.reason, error);
      throw error instanceof NoAnswer ? ironicUnavailable(error) : refusedToUndeploy(server, error);
    },
  });
}

/** Whether what was on a server is gone for sure. One without an id leaves no trace but the state. */
function hasLeft(server: Server, { deploymentId }: Server): boolean {
  if (deploymentId !== null && server.deploymentId === deploymentId) return false;
  const none = stateMeaning(server.provisionState)?.outcome === 'none';
  return none || (deploymentId !== null && carriesAnother(server, deploymentId));
}

/** Whether a server, which may be undeployed, carries what it carried before. */
function isSame(server: Server, before: Server): boolean {
  // It is in error because it was to be undeployed.
  if (isForgotten(server)) return true;
  if (before.deploymentId !== null || server.deploymentId !== null) return server.deploymentId === before.deploymentId;
  const { provisionState, imageSource, provisionedAt } = before;
  return (
    server.provisionState === provisionState &&
    server.imageSource === imageSource &&
    // While Ironic waits for the agent, each of its reports dates the state anew.
    (provisionState === 'wait call-back' || server.provisionedAt === provisionedAt)
  );
}

function cannotTell({ id }: Server): Failure {
  return new Failure('deprovision_refused', {
    id,
    reason: 'it has changed meanwhile, and whether it is still that deployment cannot be told: that one had no id',
    hint: 'See with check_provision_status what it carries now; call again if that is what the user wants undeployed.',
    retryable: true,
  });
}
