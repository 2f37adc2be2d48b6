import { persisting } from '../async/retry.js';
import { Failure } from '../failures.js';
import { ironicUnavailable } from '../port-failures.js';
import { NoAnswer, Refused } from '../ports.js';
import type { Attempt } from './attempt.js';
import { declined } from './attempt-failures.js';

/** Attaches the request's ports, but for those that are attached already. Answers why that was not possible. */
export async function attachAll(attempt: Attempt): Promise<Failure | undefined> {
  const { deploying, server, plan, signal, attached } = attempt;
  const { bareMetal } = deploying;
  try {
    const before = plan.vifs.length > 0 ? await bareMetal.vifs(server.id, signal) : [];
    for (const vif of plan.vifs) {
      if (before.includes(vif)) continue;
      const change = () => {
        attached.add(vif);
        return bareMetal.attach(server.id, vif, signal);
      };
      await persisting(deploying, plan.until, change, async ({ error, lost }) => {
        // It may still arrive, and would then connect whoever has the server by then.
        if (lost) attempt.pending = `port ${vif} may still be attached to it, for an answer was lost`;
        if (error instanceof Refused && !error.isBusy) throw error;
        return undefined;
      });
    }
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return ironicUnavailable(error);
    if (!(error instanceof Refused)) throw error;
    if (error.isBusy) return declined(server, plan, error);
    return new Failure('deploy_refused', {
      id: plan.serverRef ?? server.id,
      reason: error.reason,
      hint: 'Correct vifs, or have the operator correct what the reason names, or choose another server.',
      cause: error,
    });
  }
}
