import type { Answer } from '../core/operation.js';

/** More deployments than callers still ask about. The limit bounds the memory that this takes. */
const mostRemembered = 10_000;

export interface DeploymentObserver {
  begun(): void;
  /** @param outcome `completed`, or the class of the failure. */
  ended(outcome: string): void;
}

/**
 * Follows deployments by the answers that this process gives. It reports an end only if an earlier answer said that the
 * deployment was in progress. It reports each end once, even if an answer that was read before the end is given after it.
 */
export function createDeploymentFollower({ begun, ended }: DeploymentObserver) {
  const known = new Map<string, 'in progress' | 'ended'>();

  function remember(id: string): void {
    const [oldest] = known.keys();
    if (known.size >= mostRemembered && oldest !== undefined) known.delete(oldest);
    known.set(id, 'in progress');
  }

  return (operation: string, { status, deployment_id: id, failure }: Answer): void => {
    const starts = operation === 'provision_server';
    if (typeof id !== 'string' || !(starts || operation === 'check_provision_status')) return;
    if (starts && status === 'accepted') begun();
    if (status === 'accepted') remember(id);
    else if (status === 'in_progress') {
      if (!known.has(id)) remember(id);
    }
    // The answer to a repeated request does not say why its first deployment failed.
    else if (!starts && known.get(id) === 'in progress') {
      known.set(id, 'ended');
      ended(status === 'completed' ? 'completed' : codeOf(failure));
    }
  };
}

function codeOf(failure: Answer['failure']): string {
  return failure && 'code' in failure && typeof failure.code === 'string' ? failure.code : 'other';
}
