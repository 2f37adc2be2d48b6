import { isBusy, refusedToUndeploy, undeploymentUnknown } from './change-failures.js';
import { signalOfChange } from './changes.js';
import { courseFor, isGoing } from './deprovision-course.js';
import { started, underWay, undone } from './deprovision-responses.js';
import { Failure } from './failures.js';
import type { DeprovisionResponse, Server } from './model.js';
import type { Deploying } from './plan.js';
import type { Policy } from './policy.js';
import { NoAnswer } from './ports.js';
import { deadlines, persisting } from './retry.js';
import { displayName } from './status.js';
import { unavailable } from './translating.js';

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
  let sent = false;
  let doubtful = false;

  /** The answer if the deployment is ended already, or being ended. */
  async function look(): Promise<DeprovisionResponse | undefined> {
    const now = await bareMetal.find(server.id, signal).catch((error: unknown) => {
      // What a read did not hear says nothing about the change.
      throw error instanceof NoAnswer ? new NoAnswer(error.words, false, { cause: error }) : error;
    });
    if (now && isGoing(now)) return underWay(now);
    if (now === null || identityOf(now) !== identityOf(server)) {
      return undone(server, `Server ${displayName(server)} does not carry that deployment any more.`);
    }
    try {
      courseFor(now, policy, bareMetal.now());
      return undefined;
    } catch (error) {
      if (!doubtful || !(error instanceof Failure)) throw error;
      throw undeploymentUnknown(server, error.reason ?? error.message, error);
    }
  }

  async function send(): Promise<DeprovisionResponse> {
    const ended = sent ? await look() : undefined;
    if (ended) return ended;
    sent = true;
    await bareMetal.undeploy(server.id, signal);
    return started(server);
  }

  return persisting(undeploying, clock.now() + deadlines.call, send, async ({ error, lost, last }) => {
    doubtful = lost;
    const again = lost || error instanceof NoAnswer || isBusy(error);
    if (again && !last) return undefined;
    const ended = await look().catch((reason: unknown) => {
      if (reason instanceof Failure) throw reason;
      return undefined;
    });
    if (ended) return ended;
    if (lost) throw undeploymentUnknown(server, error.reason, error);
    throw error instanceof NoAnswer ? unavailable(error) : refusedToUndeploy(server, error);
  });
}

/** What tells the deployment on a server from the next one. */
function identityOf({ deploymentId, provisionState, provisionedAt }: Server): string | number | null {
  // Ironic forgets the id when it fails, and dates each failure anew.
  return deploymentId ?? (provisionState === 'error' ? provisionState : provisionedAt);
}
