import { deadlines } from '../async/retry.js';
import type { Progress } from '../call.js';
import { Failure } from '../failures.js';
import { op } from '../names.js';
import { requestedAddresses } from '../networks/server-address.js';
import type { DeploymentFailure, ProvisionStatus } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { isFree, meaningOf, stateName } from '../states.js';
import { isServerRef } from '../text/identifiers.js';
import { namedImage } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { named, plain } from '../text/untrusted.js';
import { diagnose, neverDeployed } from './diagnosis.js';
import { progressPercent, stepName, stepWords, timeWords } from './progress.js';
import { stallOf } from './stall.js';

/**
 * A server that has been reserved for longer, in milliseconds, and is not being deployed was left behind by a call that
 * died: what a call sends last still gets its own time. As much again is for clocks that differ and for what is held up.
 */
const abandonedAfter = deadlines.call + 2 * deadlines.request;

/**
 * What to answer about the deployment on a server, from nothing but the server as Ironic shows it.
 *
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @param errors What Ironic has on record about the server, if it has failed.
 * @throws Failure `operation_not_found` when the server is in no deployment, or reserved by somebody else.
 */
export function statusOf(server: Server, now: number, errors: readonly RecordedError[] = []): ProvisionStatus {
  return standingOf(server, now, { errors }).status;
}

/** How a deployment stands. */
export interface Standing {
  readonly status: ProvisionStatus;
  /** The same text as long as nothing happens that its caller waits for. */
  readonly changeKey: string;
  readonly progress: Progress;
}

/** What a failure is explained with. */
interface Explaining {
  readonly errors?: readonly RecordedError[];
  /** Whether the caller could have the server undeployed. */
  readonly mayUndeploy?: boolean;
}

/** `statusOf`, with what somebody needs who waits. */
export function standingOf(
  server: Server,
  now: number,
  { errors = [], mayUndeploy = false }: Explaining = {},
): Standing {
  const { outcome: usual, freeing, final } = meaningOf(server);
  if (hasNoDeployment(server)) {
    const hint = `That deployment is gone; ${op('servers')} shows when the server is free again.`;
    const details = { id: server.id, reason: absence(server), ...(freeing ? { hint } : {}) };
    throw new Failure('operation_not_found', details);
  }
  const abandoned = isAbandoned(server, now);
  // One of ours is about to start, and what is not known has not ended yet.
  const outcome = abandoned ? 'failed' : usual === null || usual === 'none' ? 'in_progress' : usual;
  const explain = () => (abandoned ? neverDeployed(mayUndeploy) : diagnose(server, errors, mayUndeploy));
  const failure = outcome === 'failed' ? explain() : null;
  const completedAt = final ? server.provisionedAt : null;
  const started = startedAt(server, completedAt);
  const stall = outcome === 'in_progress' ? stallOf(server, server.entry ? started : null, now) : undefined;
  const status: ProvisionStatus = {
    operation_id: server.id,
    server_id: server.id,
    server_name: nameOf(server),
    status: outcome,
    provision_state: plain(server.provisionState, 80),
    progress_percent: outcome === 'completed' ? 100 : outcome === 'failed' ? null : progressPercent(server),
    message: [messageOf(server, outcome, failure), ...(stall === undefined ? [] : [stall])].join(' '),
    started_at: started === null ? null : isoTime(started),
    completed_at: completedAt === null ? null : isoTime(completedAt),
    deployment_id: server.deploymentId,
    addresses: requestedAddresses(server.entry),
    poll_after_seconds:
      outcome === 'in_progress'
        ? pollAfter(server, started === null ? null : now - started, stall !== undefined)
        : null,
    failure,
  };
  const { provisionState, deploymentId, step } = server;
  const key = [outcome, provisionState, deploymentId, step?.name, step?.number, step?.names.length];
  const words = outcome === 'in_progress' ? stepWords(server) : undefined;
  const doing = words === undefined ? status.message : stall === undefined ? words : `${words}. ${stall}`;
  return {
    status,
    changeKey: JSON.stringify(key),
    progress: {
      percent: status.progress_percent,
      words:
        server.entry && started !== null && outcome === 'in_progress'
          ? `${doing.replace(/\.$/, '')}; ${timeWords(step, now - started)}`
          : doing,
    },
  };
}

/** Whether a server carries no deployment, and no reservation of ours for one. */
export function hasNoDeployment(server: Server): boolean {
  const { outcome } = meaningOf(server);
  if (outcome === null) return server.deploymentId === null;
  return outcome === 'none' && !(isFree(server) && server.entry !== null);
}

/** Whether a server was reserved by a call of ours that died before it started the deployment. */
export function isAbandoned(server: Server, now: number): boolean {
  return isFree(server) && server.entry !== null && now - Date.parse(server.entry.started_at) > abandonedAfter;
}

/** Whether Ironic no longer tells whose deployment a server carried: it forgets that when it fails to undeploy it. */
export function isForgotten(server: Server): boolean {
  return meaningOf(server).failed === 'undeployment' && server.deploymentId === null;
}

/** Whether a server carries another deployment than the one that is meant. While Ironic undeploys it forgets the id. */
export function carriesAnother(server: Server, meant: string): boolean {
  if (server.deploymentId !== null) return server.deploymentId !== meant;
  const { outcome } = meaningOf(server);
  return !isForgotten(server) && outcome !== null && outcome !== 'none';
}

/**
 * The failure of a call that is about another deployment than the one on the server.
 * @param id The server as the caller wrote it.
 */
export function anotherDeployment(id: string, { deploymentId }: Server): Failure {
  const which = deploymentId === null ? 'one without an id' : named(deploymentId);
  return new Failure('operation_not_found', { id, reason: `it carries another deployment by now: ${which}` });
}

/** A server's name for people: its name in Ironic if it has one that can be a name, else its UUID. */
export function displayName(server: Server): string {
  const { name } = server;
  return name !== null && isServerRef(name) ? plain(name, 80) : server.id;
}

/** A server's name as it is shown, or null. */
export function nameOf(server: Server): string | null {
  return server.name === null ? null : plain(server.name, 80);
}

/** Null when it cannot be known. */
function startedAt({ entry, provisionedAt }: Server, completedAt: number | null): number | null {
  const started = entry ? Date.parse(entry.started_at) : provisionedAt;
  return started !== null && completedAt !== null ? Math.min(started, completedAt) : started;
}

function absence(server: Server): string {
  if (isFree(server) && server.deploymentId !== null) {
    return `it is reserved by somebody else, as deployment ${named(server.deploymentId)}`;
  }
  const state = `its state is ${stateName(server.provisionState)}`;
  return meaningOf(server).outcome === null ? state : `${state}: ${courseWords(server)}`;
}

/** What goes on with a server that is in no deployment, and by which step of its cleaning. */
export function courseWords(server: Server): string {
  const words = meaningOf(server).words ?? stateName(server.provisionState);
  return server.step ? `${words} (${stepName(server.step)})` : words;
}

function messageOf(server: Server, outcome: ProvisionStatus['status'], failure: DeploymentFailure | null): string {
  const name = displayName(server);
  const { words, final, failed } = meaningOf(server);
  const origin = isForgotten(server)
    ? 'Ironic no longer tells whose deployment it was'
    : 'It was not deployed through this server';
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
    const booting = final ? ' and switched on; its system may take some minutes to boot' : '';
    return `Server ${name} is ${words}${what}${booting}.${estimate}`;
  }
  if (isFree(server)) return `Server ${name} is reserved; its deployment is about to start.`;
  if (!words) {
    return `Server ${name} is in the state ${stateName(server.provisionState)}, which is not known here.${estimate}`;
  }
  const step = stepWords(server);
  return `Server ${name} is ${step ? `being deployed. ${step}` : words}.${estimate}`;
}

/** Seconds until another look is worth it: soon at first, more patient with time, and where nothing moves. */
function pollAfter(server: Server, elapsed: number | null, stalled: boolean): number {
  if (stalled || meaningOf(server).advancedBy === 'operator') return 60;
  const patience = elapsed === null ? 10 : Math.round(elapsed / 10_000);
  return Math.min(30, Math.max(5, patience));
}
