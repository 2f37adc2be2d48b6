import { Failure } from './failures.js';
import type { Server } from './model.js';
import type { BareMetal } from './ports.js';
import { statusOf } from './status.js';

/** Bounds how many deployments of this program are in progress at once. */
export interface DeployingLimit {
  /**
   * Runs what makes a deployment, if there is room for one more.
   * @throws Failure `not_permitted`
   */
  within<Result>(deploymentId: string, signal: AbortSignal, action: () => Promise<Result>): Promise<Result>;
}

/**
 * Counts in Ironic, so that all copies of this program count alike. Those that are about to begin in other processes
 * cannot be seen yet: there it is a soft limit. Here it is a hard one.
 *
 * @param most Undefined for any number; then nobody is asked.
 */
export function createDeployingLimit(bareMetal: BareMetal, most: number | undefined): DeployingLimit {
  const beginning = new Set<{ readonly deploymentId: string }>();

  return {
    async within(deploymentId, signal, action) {
      if (most === undefined) return action();
      // Those that came first count, or two that come at the same moment would keep each other out.
      const others = new Set([...beginning].map((each) => each.deploymentId));
      const own = { deploymentId };
      beginning.add(own);
      try {
        const servers = await bareMetal.deploying(signal);
        for (const server of servers) if (isOurs(server, bareMetal.now())) others.add(String(server.deploymentId));
        others.delete(deploymentId);
        if (others.size >= most) throw full(others.size, most);
        return await action();
      } finally {
        beginning.delete(own);
      }
    },
  };
}

function isOurs(server: Server, now: number): boolean {
  return server.entry !== null && statusOf(server, now).status === 'in_progress';
}

function full(count: number, most: number): Failure {
  return new Failure('not_permitted', {
    reason: `${count} deployments are in progress, and ${most} may be at once (IRONIC_MCP_MAX_DEPLOYING)`,
    hint: 'Call again when one of them is over.',
    retryable: true,
  });
}
