import type { Answer } from '../core/operation.js';

/** More deployments than a cloud has in progress. So callers that never ask for the end take up no memory. */
const mostRemembered = 10_000;

export interface DeploymentObserver {
  begun(): void;
  /** @param outcome `completed`, or the class of the failure. */
  ended(outcome: string): void;
}

/**
 * Follows deployments by the answers that this process gives. It reports an end only if an earlier answer said that the
 * deployment was in progress, so it reports each end once.
 */
export function createDeploymentFollower({ begun, ended }: DeploymentObserver) {
  const inProgress = new Set<string>();

  function remember(id: string): void {
    const [oldest] = inProgress;
    if (inProgress.size >= mostRemembered && oldest !== undefined) inProgress.delete(oldest);
    inProgress.add(id);
  }

  return (operation: string, { status, deployment_id: id, failure }: Answer): void => {
    const starts = operation === 'provision_server';
    if (typeof id !== 'string' || !(starts || operation === 'check_provision_status')) return;
    if (starts && status === 'accepted') begun();
    if (status === 'accepted' || status === 'in_progress') remember(id);
    // The answer to a repeated request does not say why its first deployment failed.
    else if (!starts && inProgress.delete(id)) ended(status === 'completed' ? 'completed' : codeOf(failure));
  };
}

function codeOf(failure: Answer['failure']): string {
  return failure && 'code' in failure && typeof failure.code === 'string' ? failure.code : 'other';
}
