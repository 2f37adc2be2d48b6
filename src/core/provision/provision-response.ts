import type { Started } from '../attempt/outcome.js';
import { op } from '../names.js';
import { requestedAddresses } from '../networks/server-address.js';
import type { ProvisionResponse } from '../requests.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { displayName, imageName, nameOf, statusOf } from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';

/** How one round of a request ended. */
export type Round =
  | {
      readonly kind: 'answered';
      readonly response: ProvisionResponse;
      /** Where its addresses are to be looked up still. */
      readonly server?: Server;
    }
  /** Another call with the same key has a server: look again which one. */
  | { readonly kind: 'elsewhere' };

/** The answer if this call started the deployment. */
export function accepted(
  { server, plan: { reservation, retrying }, addresses }: Started,
  warnings: readonly string[],
): ProvisionResponse {
  const { entry, deploymentId } = reservation;
  const carrying = { ...server, entry };
  return {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status: 'accepted',
    message: [
      `Deployment of image ${namedImage(entry.image)} on server ${displayName(carrying)} has started${retrying ? ' again' : ''}.`,
      `Follow it with ${op('status')}.`,
      ...warnings,
    ].join(' '),
    started_at: entry.started_at,
    deployment_id: deploymentId,
    hostname: entry.hostname ?? null,
    image_name: imageName(carrying),
    addresses: [...requestedAddresses(entry), ...addresses],
  };
}

/**
 * The answer to a repeated request: how its first deployment stands.
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @param joined The other call came at the same moment. Ironic does not show which config drive it brought.
 */
export function standing(server: Server, now: number, joined = false): ProvisionResponse {
  const { operation_id, server_id, server_name, status, message, started_at, ...rest } = statusOf(server, now);
  const { failed } = meaningOf(server);
  const retry = failed === 'deployment' ? ` ${op('status')} says what to try next.` : '';
  return {
    operation_id,
    server_id,
    server_name,
    status,
    message: `${joined ? simultaneous : 'This request was made before.'} ${message}${retry}`,
    started_at: started_at ?? isoTime(now),
    deployment_id: rest.deployment_id,
    hostname: rest.hostname,
    image_name: rest.image_name,
    addresses: rest.addresses,
  };
}

const simultaneous =
  'Another call with this idempotency_key started the deployment at the same moment, with its own config drive.';
