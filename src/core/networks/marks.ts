import type { NetworkPort } from '../network-service.js';

/**
 * What a port of ours says about itself in its description. The deployment id alone does not tell whose a port is: the
 * same idempotency key gives the same id again after an undeployment.
 */
export interface Mark {
  readonly deploymentId: string;
  readonly attemptId: string;
  readonly serverId: string;
}

const pattern = /^ironic-mcp deployment (\S+) attempt (\S+) server (\S+)$/;

/** The description of a port that an attempt makes. */
export function descriptionOf({ deploymentId, attemptId, serverId }: Mark): string {
  return `ironic-mcp deployment ${deploymentId} attempt ${attemptId} server ${serverId}`;
}

/** Reads it; null where somebody else has written the description. */
export function markOf({ deviceId, description }: NetworkPort): Mark | null {
  const [, deploymentId, attemptId, serverId] = pattern.exec(description) ?? [];
  if (deploymentId === undefined || attemptId === undefined || serverId === undefined) return null;
  return deploymentId === deviceId ? { deploymentId, attemptId, serverId } : null;
}
