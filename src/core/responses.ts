import type { Image, ProvisionResponse, Server } from './model.js';
import type { Plan } from './plan.js';
import { displayName, isoTime, nameOf, statusOf } from './status.js';
import { named } from './untrusted.js';

/** The answer to a request whose deployment this call has started. */
export function accepted(
  server: Server,
  { reservation, retrying }: Plan,
  image: Image,
  warnings: readonly string[],
): ProvisionResponse {
  const { entry, deploymentId } = reservation;
  const what = named(image.name ?? entry.image, 120);
  return {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status: 'accepted',
    message: [
      `Deployment of image ${what} on server ${displayName(server)} has started${retrying ? ' again' : ''}.`,
      'Follow it with check_provision_status.',
      ...warnings,
    ].join(' '),
    started_at: entry.started_at,
    deployment_id: deploymentId,
  };
}

/**
 * The answer to a repeated request: how its first deployment stands.
 * @param now Ironic's clock, in milliseconds since the epoch.
 */
export function standing(server: Server, now: number): ProvisionResponse {
  const { operation_id, server_id, server_name, status, message, started_at, deployment_id } = statusOf(server, now);
  const retry = status === 'failed' ? ' Call again with retry_failed to deploy it again in place.' : '';
  return {
    operation_id,
    server_id,
    server_name,
    status,
    message: `This request was made before. ${message}${retry}`,
    started_at: started_at ?? isoTime(now),
    deployment_id,
  };
}
