import { Failure, type FailureDetails } from '../failures.js';
import { op } from '../names.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { obstacleTo } from './eligibility.js';

const whereItFailed =
  'Choose another server. To deploy this one again in place, repeat the request that failed: with its very arguments, the server_id and retry_failed.';

const soonFree = `As a rule it is free again when that is over: ${op('servers')} shows its state. Call again then, or choose another server.`;

const orWantLess =
  'Choose another server, or leave out server_id to have a free one chosen. If it must be this one, leave out the resource_class, traits or conductor_group that speaks against it.';

/** The failure of a call that names a free server which lacks what the call asks for. Either may be the slip. */
export function unsuitable(ref: string, mismatch: string): Failure {
  return new Failure('server_not_available', { id: ref, reason: mismatch, hint: orWantLess });
}

/**
 * The failure of a call that names a server which cannot be deployed now, with what to do about it in its state.
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
