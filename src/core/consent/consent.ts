import { Failure } from '../failures.js';
import { searchedServers } from '../inventory/searched-servers.js';
import { op } from '../names.js';
import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import {
  anotherDeployment,
  carriesAnother,
  hasHostname,
  hasNoDeployment,
  isForgotten,
  namingHost,
} from '../status/provision-status.js';
import { namedImage } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { named } from '../text/untrusted.js';

/** A call that must name the server that it changes. */
export interface Confirmed {
  readonly operation_id: string;
  /** The name as the user gave it. */
  readonly confirm_server_name: string;
  readonly deployment_id?: string | undefined;
}

/**
 * The server, if the caller gives its name and means the deployment that it carries.
 * @throws Failure `server_not_found`, `not_confirmed`, `operation_not_found`
 */
export async function findConfirmed(bareMetal: BareMetal, asked: Confirmed, signal: AbortSignal): Promise<Server> {
  const { operation_id: id, confirm_server_name: name, deployment_id: deploymentId } = asked;
  const server = await bareMetal.find(id, signal);
  if (server === null) throw new Failure('server_not_found', { id });
  const isAnother = deploymentId !== undefined && carriesAnother(server, deploymentId);
  if (!isNamed(server, name) && !isEmpty(server)) {
    // A repeated call names the host that Ironic has forgotten. Somebody may have deployed on the server since.
    throw isAnother
      ? new Failure('operation_not_found', { id, reason: 'it now carries another deployment' })
      : wrongName();
  }
  if (!hasName(server, name)) await requireUnique(bareMetal, server, name, signal);
  if (isAnother) throw anotherDeployment(id, server);
  return server;
}

/** Whether a text is the server's name, or the host name of its deployment. */
export function isNamed(server: Server, text: string): boolean {
  return hasName(server, text) || hasHostname(server, text);
}

/** Whether a text is the server's own name, which no other server has. */
function hasName({ id, name }: Server, text: string): boolean {
  return text === (name ?? id);
}

/**
 * Several deployments can have one host name, for example a failed one and the next try on another server.
 * @throws Failure `not_confirmed` if another server has that name or host name, or might
 */
async function requireUnique(bareMetal: BareMetal, { id }: Server, name: string, signal: AbortSignal): Promise<void> {
  const { servers, complete } = await searchedServers(bareMetal, signal);
  const isAnother = (other: Server) =>
    other.id !== id && (other.name?.toLowerCase() === name.toLowerCase() || hasHostname(other, name));
  if (servers.some(isAnother)) throw ambiguous('another server has confirm_server_name as its name or host name');
  if (!complete) throw ambiguous(`only ${servers.length} servers were searched for others with that host name`);
}

function ambiguous(reason: string): Failure {
  return new Failure('not_confirmed', {
    reason,
    hint: 'Ask the user which server is meant, and pass its name in Ironic (its UUID if it has none), as the user gives it.',
  });
}

/** Whether nothing is left to confirm. Ironic forgets the host name with the deployment, and callers repeat the call. */
function isEmpty(server: Server): boolean {
  return server.deploymentId === null && hasNoDeployment(server);
}

/** The failure never shows the right name, because the user must know which server it is. */
function wrongName(): Failure {
  return new Failure('not_confirmed', {
    reason: 'confirm_server_name must be the host name or the name of that server, or its UUID if it has neither',
    hint: 'Ask the user which server is meant, and pass the name that the user gives.',
  });
}

/** The server has changed since the user was asked. */
export function agreedToAnother(server: Server): Failure {
  return new Failure('not_confirmed', {
    id: server.id,
    reason: namingHost(server, 'the server has changed since the user was asked'),
    hint: `Nothing was changed. Call ${op('status')} to see what the server carries now, then ask the user again.`,
  });
}

/** The deployment on a server, as the question to the user identifies it. */
export function deploymentWords(server: Server): string {
  const { entry, deploymentId } = server;
  const what = entry
    ? `image ${namedImage(entry.image)}, requested at ${entry.started_at}`
    : `${isForgotten(server) ? 'Ironic no longer shows who made it' : 'NOT deployed through ironic-mcp'}${trace(server)}`;
  return `deployment ${deploymentId === null ? 'without an id' : named(deploymentId, 40)}: ${what}`;
}

/** Tells a deployment without an entry of ours from another one on the same server. */
function trace({ imageSource, provisionedAt }: Server): string {
  const image = imageSource === null ? '' : `, image ${namedImage(imageSource)}`;
  return `${image}${provisionedAt === null ? '' : `, in this state since ${isoTime(provisionedAt)}`}`;
}

/** Whether a server still carries the same deployment. */
export function isSameDeployment(server: Server, before: Server): boolean {
  // Its undeployment failed, so it is the same one.
  if (isForgotten(server)) return true;
  if (before.deploymentId !== null || server.deploymentId !== null) {
    // The same key gives the same deployment id again. The attempt and its start time tell two deployments apart.
    const { deploymentId, attemptId, entry } = before;
    const isSameStart = server.attemptId === attemptId && server.entry?.started_at === entry?.started_at;
    return server.deploymentId === deploymentId && isSameStart;
  }
  const { provisionState, imageSource, provisionedAt } = before;
  return (
    server.provisionState === provisionState &&
    server.imageSource === imageSource &&
    // While Ironic waits for the agent, each report of the agent changes the date of the state.
    (meaningOf(before).advancedBy === 'agent' || server.provisionedAt === provisionedAt)
  );
}
