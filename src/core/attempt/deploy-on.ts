import { Failure } from '../failures.js';
import { obstacleTo } from '../inventory/eligibility.js';
import type { Server } from '../server.js';
import { stateMeaning, stateName } from '../states.js';
import { attachAll } from './attach.js';
import { createAttempt, isOurs, ours, serverNow } from './attempt.js';
import { outcomeUnknown } from './attempt-failures.js';
import { giveBack } from './give-back.js';
import type { Declined, Deploying, Plan, Started } from './outcome.js';
import { cameLate, reserve } from './reserve.js';
import { start } from './start.js';

/**
 * Tries to deploy on one server: reserves and describes it in one change, looks at it again, and starts the deployment.
 *
 * The order of Ironic's own effects decides everything here. The outcome of a change is known from a definite answer
 * only. A reservation may be repeated, for it carries its own id. After a start whose outcome is unknown nothing is
 * undone: it may still arrive, and would then deploy whoever has the server by then.
 *
 * @param caller Ends the attempt only before its start was sent, and then the reservation is undone.
 * @throws Failure `outcome_unknown`, `ironic_unavailable`, or `deploy_refused` with something left behind
 */
export async function deployOn(
  deploying: Deploying,
  server: Server,
  plan: Plan,
  caller: AbortSignal,
): Promise<Started | Declined> {
  const attempt = createAttempt(deploying, server, plan);
  const reserved = await reserve(attempt, caller);
  if ('failure' in reserved || 'joined' in reserved) return reserved;
  attempt.inPlace &&= stateMeaning(reserved.provisionState)?.outcome !== 'none';
  const obstacle = isOurs(reserved, plan) ? obstacleAfter(reserved, plan) : 'somebody else has reserved it meanwhile';
  if (obstacle) {
    const failure = new Failure('server_not_available', { id: plan.serverRef ?? server.id, reason: obstacle });
    return giveBack(attempt, failure, cameLate(attempt, reserved));
  }
  if (caller.aborted) {
    const left = { id: server.id, reason: 'the caller left', retryable: true };
    await giveBack(attempt, new Failure('server_not_available', left));
    throw caller.reason;
  }
  const unattached = await attachAll(attempt);
  if (unattached) return giveBack(attempt, unattached);
  const started = await start(attempt, reserved);
  if ('failure' in started || !plan.keyed || started.joined) return started;
  // Another call with the same key may have described something else between our two changes.
  const latest = await serverNow(attempt);
  if (latest === null)
    throw outcomeUnknown(server, plan.reservation, 'Ironic accepted it, but what it deploys could not be read');
  return { server: ours(latest, plan), joined: false };
}

/** What speaks against deploying a server that we have just reserved. */
function obstacleAfter(reserved: Server, { retrying }: Plan): string | undefined {
  const expected = retrying ? 'deploy failed' : 'available';
  const state = `its state is ${stateName(reserved.provisionState)}`;
  if (reserved.provisionState !== expected) return retrying ? `what failed there is gone, for ${state}` : state;
  return obstacleTo({ ...reserved, deploymentId: null, provisionState: 'available' });
}
