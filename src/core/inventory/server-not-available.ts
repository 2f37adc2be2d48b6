import { Failure, type FailureDetails } from '../failures.js';
import { op } from '../names.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { obstacleTo } from './eligibility.js';

const whereItFailed =
  'Choose another server. To deploy this one again in place, repeat the failed request with the same arguments, the server_id and retry_failed.';

const soonFree = `Choose another server, or call ${op('servers')} until this one is available, then call again.`;

const orWantLess =
  'Name another server, or leave out server_id to deploy on any free one. To deploy on this one, leave out the resource_class, traits, conductor_group or networks that it does not have.';

/** The failure of a call that names a free server and wants something that this server lacks. Either may be the mistake. */
export function unsuitable(ref: string, mismatch: string): Failure {
  return new Failure('server_not_available', { id: ref, reason: mismatch, hint: orWantLess });
}

/**
 * The failure of a call that names a server that cannot be deployed now, with the next step for its state.
 * @param ref The server as the caller wrote it.
 * @param reason What stands in the way, if it is not the server's state.
 */
export function serverNotAvailable(
  ref: string,
  server: Server,
  reason = obstacleTo(server) ?? 'its state has changed',
): Failure {
  return new Failure('server_not_available', { id: ref, reason, ...adviceFor(server) });
}

function adviceFor(server: Server): FailureDetails {
  const { failed, freeing } = meaningOf(server);
  if (failed === 'deployment' && server.entry !== null) return { hint: whereItFailed };
  if (freeing && !server.maintenance) return { hint: soonFree, retryable: true };
  return {};
}
