import { type Changes, signalOfChange } from '../async/changes.js';
import { again, deadlines, persisting } from '../async/retry.js';
import type { Deploying } from '../attempt/deploying.js';
import { agreedToAnother, deploymentWords, findConfirmed, isSameDeployment } from '../consent/consent.js';
import { Failure } from '../failures.js';
import { isOfMetal3, ownedByMetal3 } from '../inventory/eligibility.js';
import { op } from '../names.js';
import { ironicUnavailable, withPortFailures } from '../port-failures.js';
import { NoAnswer, type Refused } from '../ports.js';
import type { RebootRequest, RebootResponse } from '../requests.js';
import type { Server } from '../server.js';
import { meaningOf, stateName } from '../states.js';
import { displayName, nameOf, statusOf } from '../status/provision-status.js';

/** Restarts servers that run a deployment of ours. */
export interface RebootService {
  /**
   * The question to the user, which names exactly one deployment. Changes nothing.
   * @throws Failure why the server may not be rebooted
   */
  consent(request: RebootRequest, signal: AbortSignal): Promise<string>;
  /**
   * Restarts a server. A repeated call restarts it again.
   * @param agreed The question that the user agreed to, which holds for nothing else; undefined if nobody can be asked.
   * @throws Failure `not_confirmed`, `not_permitted`, `reboot_refused`, `server_not_found`, `operation_not_found`,
   * `outcome_unknown`
   */
  reboot(request: RebootRequest, signal: AbortSignal, agreed?: string | null | undefined): Promise<RebootResponse>;
}

export interface RebootServiceOptions extends Deploying {
  readonly changes: Changes;
  /** Called with the id of a server that has just been changed. */
  readonly onChange?: (serverId: string) => void;
}

export function createRebootService(options: RebootServiceOptions): RebootService {
  const { bareMetal, changes, clock, onChange = () => undefined } = options;

  async function find(request: RebootRequest, signal: AbortSignal): Promise<Server> {
    const server = await findConfirmed(bareMetal, request, signal);
    requireRunning(server, bareMetal.now());
    return server;
  }

  async function consent(request: RebootRequest, signal: AbortSignal): Promise<string> {
    return questionAbout(await find(request, signal), request);
  }

  async function reboot(request: RebootRequest, signal: AbortSignal, agreed?: string | null): Promise<RebootResponse> {
    const seenAt = clock.now();
    const server = await find(request, signal);
    if (agreed !== undefined && agreed !== questionAbout(server, request)) throw agreedToAnother(server);
    signal.throwIfAborted();
    return changes.run(() => restart(server, request, seenAt)).finally(() => onChange(server.id));
  }

  /**
   * Ironic checks neither whose deployment it restarts nor whether the disk is being written, and takes no condition with
   * the request. So the request is sent only right after a read that showed the very same deployment running. It is not
   * sent again if it may have taken effect, because that would restart the server twice.
   */
  function restart(server: Server, { force }: RebootRequest, seenAt: number): Promise<RebootResponse> {
    const signal = signalOfChange();
    const permits = (now: Server | null) => {
      if (now === null) throw new Failure('server_not_found', { id: server.id });
      requireRunning(now, bareMetal.now());
      if (!isSameDeployment(now, server)) throw refused(now, 'it now carries another deployment');
      return true;
    };
    return persisting<RebootResponse>({
      ...options,
      until: clock.now() + deadlines.call,
      async change(before) {
        const at = before === null ? seenAt : null;
        await bareMetal.reboot(server.id, force ? 'hard' : 'soft', { at, permits }, signal);
        return started(server, force);
      },
      async settle({ error, lost, last }) {
        if (lost) throw outcomeUnknown(server, error);
        if (!last && (error instanceof NoAnswer || error.isBusy)) return again;
        throw error instanceof NoAnswer ? ironicUnavailable(error) : refusedByIronic(server, error);
      },
    });
  }

  return { consent: withPortFailures(consent), reboot: withPortFailures(reboot) };
}

/**
 * @param now Ironic's clock, in milliseconds since the epoch.
 * @throws Failure why the server may not be rebooted
 */
function requireRunning(server: Server, now: number): void {
  // Also throws if the server is in no deployment.
  const { status } = statusOf(server, now);
  if (isOfMetal3(server)) throw never(server, ownedByMetal3);
  if (server.entry === null) throw never(server, 'this deployment was not made through ironic-mcp');
  const { final, words } = meaningOf(server);
  if (status !== 'completed' || !final) {
    const writing = status === 'in_progress' ? '; a reboot now could leave a broken system on its disk' : '';
    const state = stateName(server.provisionState);
    throw refused(server, `its state is ${state}: ${words ?? 'unknown to ironic-mcp'}${writing}`);
  }
  if (server.maintenance) throw refused(server, 'it is in maintenance: an operator may be working on it');
  if (server.targetPower !== null) throw refused(server, 'Ironic is changing its power already', true);
  // Ironic would switch it on by force, or report a soft reboot that no system carries out.
  if (server.powerState === 'power off') throw refused(server, 'it is switched off; the operator can switch it on');
}

function refused({ id }: Server, reason: string, retryable = false): Failure {
  return new Failure('reboot_refused', { id, reason, retryable });
}

function refusedByIronic({ id }: Server, error: Refused): Failure {
  const details = { id, reason: error.reason, cause: error };
  if (error.refusal === 'not_found') return new Failure('server_not_found', details);
  if (error.refusal === 'too_old') return new Failure('ironic_too_old', details);
  return new Failure('reboot_refused', { ...details, retryable: error.isBusy });
}

/** A refusal that no setting lifts. */
function never({ id }: Server, reason: string): Failure {
  const hint = 'No setting allows this. Leave the server to its owner.';
  return new Failure('not_permitted', { id, reason, hint });
}

function outcomeUnknown(server: Server, error: NoAnswer | Refused): Failure {
  const { id, deploymentId } = server;
  return new Failure('outcome_unknown', {
    id,
    ...(deploymentId === null ? {} : { deployment: { operationId: id, deploymentId } }),
    reason: `${error.reason}. Server ${displayName(server)} may be rebooting: operation ${id}, deployment ${deploymentId ?? 'without an id'}`,
    hint: `Call ${op('diagnose')} after a few minutes, to see whether its power changed, before you call again.`,
    cause: error,
  });
}

function questionAbout(server: Server, { force }: RebootRequest): string {
  const how = force
    ? 'It is switched off and on without a warning to its system: data that is not on the disk yet is lost.'
    : 'Everything that runs on it stops for some minutes.';
  return `Reboot server ${displayName(server)} (${deploymentWords(server)})? ${how}`;
}

function started(server: Server, force: boolean): RebootResponse {
  const how = force
    ? `Server ${displayName(server)} is being switched off and on. Its system may take some minutes to boot.`
    : `The system on server ${displayName(server)} was asked to reboot. Ironic cannot see whether it does: a system that hangs or ignores the request does nothing, and only a call with force restarts it.`;
  return {
    operation_id: server.id,
    server_name: nameOf(server),
    status: 'accepted',
    message: how,
    deployment_id: server.deploymentId,
  };
}
