import { Failure } from '../failures.js';
import { setting } from '../names.js';
import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { hasNoDeployment, statusOf } from '../status/provision-status.js';
import type { Round } from './provision-response.js';

/** Limits how many deployments of this program are in progress at once. */
export interface DeployingLimit {
  /**
   * Runs an action that makes a deployment, if there is room for one more.
   * @throws Failure `not_permitted`
   */
  run(deploymentId: string, signal: AbortSignal, action: Provisioning): Promise<Round>;
}

type Provisioning = () => Promise<Round>;

/** Kept by object, because two may have the same id. */
interface Begun {
  readonly deploymentId: string;
}

/**
 * Counts in Ironic, so that all copies of this program count alike. Across processes the limit is soft: a deployment that
 * is about to begin elsewhere is not visible yet, and one that changes its state between two lists is in neither. Within
 * this process it is hard, because deployments that began here are known by id and read one by one.
 *
 * @param most Undefined for any number; then Ironic is not asked.
 */
export function createDeployingLimit(bareMetal: BareMetal, most: number | undefined): DeployingLimit {
  const beginning = new Set<Begun>();
  /** Deployments that have begun here, or may have, and have not been seen to end. */
  const begun = new Set<Begun>();

  function note(deploymentId: string | null | undefined): void {
    if (deploymentId) begun.add({ deploymentId });
  }

  /** Which of the deployments that began here are in progress although Ironic's lists do not show them. */
  async function missed(earlier: readonly Begun[], signal: AbortSignal): Promise<readonly Begun[]> {
    const servers = await Promise.all(
      earlier.map(({ deploymentId }) => bareMetal.findByDeployment(deploymentId, signal)),
    );
    return earlier.filter((each, index) => {
      const server = servers[index];
      const inProgress = server && isOursInProgress(server, bareMetal.now());
      if (!inProgress) begun.delete(each);
      return inProgress;
    });
  }

  return {
    async run(deploymentId, signal, action) {
      if (most === undefined) return action();
      // Only earlier calls count. Otherwise two simultaneous calls would keep each other out.
      const others = new Set([...beginning].map((each) => each.deploymentId));
      const earlier = [...begun];
      const own = { deploymentId };
      beginning.add(own);
      try {
        const servers = await bareMetal.listReservedOrDeploying(signal);
        for (const server of servers)
          if (isOursInProgress(server, bareMetal.now())) others.add(String(server.deploymentId));
        const unseen = earlier.filter((each) => !others.has(each.deploymentId));
        for (const each of await missed(unseen, signal)) others.add(each.deploymentId);
        others.delete(deploymentId);
        if (others.size >= most) throw full(others.size, most);
        const ended = await action();
        if (ended.kind === 'answered') note(ended.response.deployment_id);
        return ended;
      } catch (error) {
        if (error instanceof Failure) note(error.deployment?.deploymentId);
        throw error;
      } finally {
        beginning.delete(own);
      }
    },
  };
}

function isOursInProgress(server: Server, now: number): boolean {
  return server.entry !== null && !hasNoDeployment(server) && statusOf(server, now).status === 'in_progress';
}

function full(count: number, most: number): Failure {
  return new Failure('not_permitted', {
    reason: `${count} ${count === 1 ? 'deployment is' : 'deployments are'} in progress; the limit is ${most} (${setting('max_deploying')})`,
    hint: 'Call again when a deployment has ended.',
    retryable: true,
  });
}
