import { deadlines } from '../async/retry.js';
import { bootStandingOf } from '../boot/boot-standing.js';
import type { Drawing, Progress } from '../call.js';
import { Failure } from '../failures.js';
import { op } from '../names.js';
import { knownAddresses } from '../networks/server-address.js';
import type { DeploymentFailure, ProvisionStatus } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { isFree, meaningOf, stateName } from '../states.js';
import { isServerRef } from '../text/identifiers.js';
import { namedImage, withoutCredentials } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { named, plain } from '../text/untrusted.js';
import { diagnose, neverDeployed } from './diagnosis.js';
import { drawingOf } from './drawing.js';
import { paceOf, progressPercent, silenceWords, stepName, stepWords, timeWords, waitingWords } from './progress.js';
import { stallOf } from './stall.js';

/**
 * After this time (ms) a reserved server that Ironic does not deploy was left behind by a call that died. It covers a
 * whole call, its last request, and as much again for clocks that differ and for delays.
 */
const abandonedAfter = deadlines.call + 2 * deadlines.request;

/**
 * The answer about the deployment on a server. It comes only from what Ironic shows of the server.
 *
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @param errors Ironic's record of errors, if the server has failed.
 * @throws Failure `operation_not_found` if the server has no deployment, or somebody else has reserved it.
 */
export function statusOf(server: Server, now: number, errors: readonly RecordedError[] = []): ProvisionStatus {
  return standingOf(server, now, { errors }).status;
}

/** How far a deployment is. */
export interface Standing {
  readonly server: Server;
  readonly status: ProvisionStatus;
  /** Changes only with an event that ends a wait. Time alone does not change it. */
  readonly changeKey: string;
  readonly progress: Progress;
  readonly drawing: Drawing;
}

/** The facts that explain a failure. */
interface Explaining {
  readonly errors?: readonly RecordedError[];
  /** Whether the caller may use `deprovision_server`. */
  readonly mayUndeploy?: boolean;
}

/** `statusOf`, and what a waiting call needs. */
export function standingOf(
  server: Server,
  now: number,
  { errors = [], mayUndeploy = false }: Explaining = {},
): Standing {
  const { outcome: usual, freeing, final, advancedBy } = meaningOf(server);
  if (hasNoDeployment(server)) {
    const hint = `That deployment is gone; ${op('servers')} shows when the server is free again.`;
    const details = { id: server.id, reason: absence(server), ...(freeing ? { hint } : {}) };
    throw new Failure('operation_not_found', details);
  }
  const abandoned = isAbandoned(server, now);
  // A reserved server is about to start, and a deployment in an unknown state has not ended yet.
  const outcome = abandoned ? 'failed' : usual === null || usual === 'none' ? 'in_progress' : usual;
  const explain = () => (abandoned ? neverDeployed(mayUndeploy) : diagnose(server, errors, mayUndeploy));
  const failure = outcome === 'failed' ? explain() : null;
  const completedAt = final ? server.provisionedAt : null;
  const started = startedAt(server, completedAt);
  const isMoving = outcome === 'in_progress';
  const known = server.entry ? started : null;
  const stall = stallOf(server, known, now)?.words;
  const warning = stall ?? silenceWords(server, known, now);
  const waiting = stall === undefined ? waitingWords(server, known) : undefined;
  const { from, ...boot } = bootStandingOf(server);
  const status: ProvisionStatus = {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status: outcome,
    provision_state: plain(server.provisionState, 80),
    progress_percent: outcome === 'completed' ? 100 : isMoving ? progressPercent(server, known, now) : null,
    message: sentences(messageOf(server, now, outcome, failure), waiting, warning),
    started_at: started === null ? null : isoTime(started),
    completed_at: completedAt === null ? null : isoTime(completedAt),
    deployment_id: server.deploymentId,
    hostname: server.entry?.hostname ?? null,
    image_name: imageName(server),
    deployed_here: server.entry !== null,
    addresses: knownAddresses(server.entry, from),
    login_user: server.entry?.login_user ?? null,
    poll_after_seconds: isMoving ? pollAfter(server, now, stall !== undefined) : null,
    failure,
    ...boot,
    host_keys: [...boot.host_keys],
  };
  const { provisionState, deploymentId, step } = server;
  const key = [outcome, provisionState, deploymentId, step?.name, step?.number, step?.names.length, boot.boot];
  const words = isMoving ? stepWords(server) : undefined;
  const doing = words === undefined ? status.message : sentences(warning === undefined ? words : `${words}.`, warning);
  return {
    server,
    status,
    changeKey: JSON.stringify(key),
    progress: {
      percent: status.progress_percent,
      words: known !== null && isMoving ? `${doing.replace(/\.$/, '')}; ${timeWords(step, now - known)}` : doing,
    },
    drawing: drawingOf(server, {
      elapsed: started === null ? null : (completedAt ?? now) - started,
      moves: isMoving && advancedBy === 'agent',
      failedStep: failure?.step ?? null,
    }),
  };
}

/** Whether a server has no deployment, and no reservation of ours. */
export function hasNoDeployment(server: Server): boolean {
  const { outcome } = meaningOf(server);
  if (outcome === null) return server.deploymentId === null;
  return outcome === 'none' && !(isFree(server) && server.entry !== null);
}

/** Whether a call of ours reserved the server and died before it started the deployment. */
export function isAbandoned(server: Server, now: number): boolean {
  return isFree(server) && server.entry !== null && now - Date.parse(server.entry.started_at) > abandonedAfter;
}

/** Whether Ironic forgot whose deployment it was: it does so when an undeployment fails. */
export function isForgotten(server: Server): boolean {
  return meaningOf(server).failed === 'undeployment' && server.deploymentId === null;
}

/** Whether a server has another deployment than the one that the caller means. Ironic forgets the id while it undeploys. */
export function carriesAnother(server: Server, meant: string): boolean {
  if (server.deploymentId !== null) return server.deploymentId !== meant;
  const { outcome } = meaningOf(server);
  return !isForgotten(server) && outcome !== null && outcome !== 'none';
}

/**
 * The failure of a call about a deployment that is no longer on the server.
 * @param id The server as the caller wrote it.
 */
export function anotherDeployment(id: string, server: Server): Failure {
  const which = server.deploymentId === null ? 'one without an id' : named(server.deploymentId);
  const reason = namingHost(server, `it now carries another deployment: ${which}`);
  return new Failure('operation_not_found', { id, reason });
}

/** A server for people: its name in Ironic if that is a valid name, otherwise its UUID, with its host name. */
export function displayName({ id, name, entry }: Server): string {
  const shown = name !== null && isServerRef(name) ? plain(name, 80) : id;
  return entry?.hostname === undefined ? shown : `${shown} (host name ${entry.hostname})`;
}

/** Whether a server carries a deployment with this host name. */
export function hasHostname({ entry }: Pick<Server, 'entry'>, hostname: string): boolean {
  return entry?.hostname?.toLowerCase() === hostname.toLowerCase();
}

/** A reason that also names the host, because users know their servers by host names. */
export function namingHost({ entry }: Pick<Server, 'entry'>, reason: string): string {
  return entry?.hostname === undefined ? reason : `${reason}; its host name is ${entry.hostname}`;
}

/** The image of the deployment that a server carries, safe to show; null if Ironic shows none. */
export function imageName({ entry, imageSource }: Server): string | null {
  const image = entry?.image ?? imageSource;
  return image === null ? null : plain(withoutCredentials(image), 120);
}

/** A server's name, safe to show; null if it has none. */
export function nameOf(server: Server): string | null {
  return server.name === null ? null : plain(server.name, 80);
}

function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join(' ');
}

/** Null if it is unknown. */
function startedAt({ entry, provisionedAt }: Server, completedAt: number | null): number | null {
  const started = entry ? Date.parse(entry.started_at) : provisionedAt;
  return started !== null && completedAt !== null ? Math.min(started, completedAt) : started;
}

/** What is known about the system of a deployed server, as the end of "is deployed". */
function bootWords(server: Server, now: number): string {
  const { powerState, poweredAt, provisionedAt } = server;
  if (powerState === 'power off') return ', but it is switched off';
  const { boot, booted_at } = bootStandingOf(server);
  if (boot === 'unknown') return ' and switched on; its system may take some minutes to boot';
  if (booted_at === null) {
    const minutes = provisionedAt === null ? 0 : Math.floor((now - provisionedAt) / 60_000);
    const since = minutes < 1 ? '' : `, ${minutes} min after its deployment`;
    return ` and switched on; its system has not reported yet that it has booted${since}`;
  }
  const since = poweredAt !== null && poweredAt > Date.parse(booted_at) ? '; its power has changed since' : '';
  return `, and its system reported at ${booted_at} that it had booted${since}`;
}

function absence(server: Server): string {
  if (isFree(server) && server.deploymentId !== null) {
    return `it is reserved by somebody else, as deployment ${named(server.deploymentId)}`;
  }
  const state = `its state is ${stateName(server.provisionState)}`;
  return meaningOf(server).outcome === null ? state : `${state}: ${courseWords(server)}`;
}

/** What happens to a server without a deployment, with the step of its cleaning. */
export function courseWords(server: Server): string {
  const words = meaningOf(server).words ?? stateName(server.provisionState);
  return server.step ? `${words} (${stepName(server.step)})` : words;
}

function messageOf(
  server: Server,
  now: number,
  outcome: ProvisionStatus['status'],
  failure: DeploymentFailure | null,
): string {
  const name = displayName(server);
  const { words, final, failed } = meaningOf(server);
  const origin = isForgotten(server)
    ? 'Ironic no longer shows who made this deployment'
    : 'It was not deployed through ironic-mcp';
  const estimate = server.entry
    ? ''
    : ` ${origin}, so started_at is an estimate: the time of its last change of state.`;
  if (failure) {
    const at = failure.step ? ` at step ${failure.step}` : '';
    const what = failed === 'undeployment' ? 'Undeployment of' : 'Deployment on';
    return `${what} server ${name} failed${at}: ${failure.summary}.${estimate}`;
  }
  if (outcome === 'completed') {
    const image = server.entry?.image ?? server.imageSource;
    const what = image ? ` with image ${namedImage(image)}` : '';
    const booting = final ? bootWords(server, now) : '';
    const runs = final && server.powerState !== 'power off';
    return `Server ${name} is ${words}${what}${booting}.${estimate}${runs ? ` ${loginWords(server)}` : ''}`;
  }
  if (isFree(server)) return `Server ${name} is reserved; its deployment is about to start.`;
  if (!words) {
    return `Server ${name} is in the state ${stateName(server.provisionState)}, which ironic-mcp does not know.${estimate}`;
  }
  const step = stepWords(server);
  return `Server ${name} is ${step ? `being deployed. ${step}` : words}.${estimate}`;
}

/** How to log in on a deployed server, or who knows what is missing. */
function loginWords(server: Server): string {
  const { entry } = server;
  if (entry === null) return 'Ask the person who deployed it how to log in.';
  const { login_user: user } = entry;
  const [first] = knownAddresses(entry, bootStandingOf(server).from);
  const where = 'The operator of its network (DHCP) knows its address.';
  const who = "The image's owner knows its user name, unless config_drive sets another.";
  if (!first) return user === undefined ? `${who} ${where}` : `Log in by ssh as ${user}. ${where}`;
  const { address, source } = first;
  const command = user === undefined ? `ssh ${address}` : `ssh ${user}@${address}`;
  const how =
    source === 'reported'
      ? `It reported from ${address}: try "${command}", which is wrong behind a NAT or a container network.`
      : `Log in with "${command}".`;
  return user === undefined ? `${how} ${who}` : how;
}

/** Seconds until the next call: many if nothing moves. */
function pollAfter(server: Server, now: number, stalled: boolean): number {
  if (stalled || meaningOf(server).advancedBy === 'operator') return 60;
  return Math.max(5, Math.round(paceOf(server, now, 30)));
}
