import { op } from '../names.js';
import type { DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { courseWords, displayName, nameOf } from '../status/provision-status.js';

/** The answer to a call that has ended a deployment, or found it ended. */
export function undone(server: Server, message: string): DeprovisionResponse {
  return response(server, 'completed', message);
}

/** The answer to a call that has started it. */
export function started(server: Server): DeprovisionResponse {
  const message = [
    `Undeployment of server ${displayName(server)} has started.`,
    diskWords(server),
    `Called again, ${op('deprovision')} says how far it is; ${op('servers')} shows when it is free again.`,
  ].join(' ');
  return response(server, 'accepted', message);
}

/** What becomes of the data, as far as the server shows it. What cleaning erases, its operator decides. */
export function diskWords({ automatedClean }: Server): string {
  if (automatedClean === null) return 'Ironic then cleans the disk, if its operator has set it up to.';
  return automatedClean
    ? 'Ironic then cleans the disk.'
    : 'Ironic does not clean the disk: cleaning is switched off for this server.';
}

/** The answer while Ironic is at it. */
export function underWay(server: Server): DeprovisionResponse {
  return response(server, 'in_progress', `Server ${displayName(server)} is ${courseWords(server)}.`);
}

function response(server: Server, status: DeprovisionResponse['status'], message: string): DeprovisionResponse {
  return {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status,
    message,
    deployment_id: server.deploymentId,
  };
}
