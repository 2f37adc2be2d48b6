import { op } from '../names.js';
import type { DeprovisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { courseWords, displayName, nameOf } from '../status/provision-status.js';

/** The answer if the deployment has ended. */
export function undone(server: Server, message: string): DeprovisionResponse {
  return response(server, 'completed', message);
}

/** The answer if this call started the undeployment. */
export function started(server: Server): DeprovisionResponse {
  const message = [
    `Undeployment of server ${displayName(server)} has started.`,
    diskWords(server),
    `Call ${op('deprovision')} again to see the progress; ${op('servers')} shows when the server is available.`,
  ].join(' ');
  return response(server, 'accepted', message);
}

/** What happens to the data, as far as the server shows. The operator decides what cleaning erases. */
export function diskWords({ automatedClean }: Server): string {
  if (automatedClean === null) return 'Ironic then cleans the disk if the operator has set up cleaning.';
  return automatedClean
    ? 'Ironic then cleans the disk.'
    : 'Ironic does not clean the disk: cleaning is switched off for this server.';
}

/** The answer while Ironic undeploys. @param doubt A sentence about what the server no longer shows. */
export function underWay(server: Server, doubt = ''): DeprovisionResponse {
  return response(server, 'in_progress', `Server ${displayName(server)} is ${courseWords(server)}.${doubt}`);
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
