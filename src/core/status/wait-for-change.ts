import { mayPass, type Retrying } from '../async/retry.js';
import { withTimeLimit } from '../async/time-limit.js';
import type { Call, Progress } from '../call.js';
import { Failure } from '../failures.js';
import type { NetworkService } from '../network-service.js';
import { addressesNow } from '../networks/server-address.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import type { BareMetal } from '../ports.js';
import type { ProvisionStatus, StatusRequest } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { createBatchedFind } from './batched-find.js';
import { anotherDeployment, carriesAnother, type Standing, standingOf } from './provision-status.js';
import { recordedErrors } from './recorded-errors.js';
import { createSharedReads } from './shared-reads.js';

/** How often (ms) a waiting call looks at the server: at first, and after a long time. */
const waitInterval = 2_000;
const longestWaitInterval = 6_000;

/** A look that has begun may outlast the wait by this much (ms). */
const lastLook = 2_000;

/** Reports the status of deployments, and waits for their next change. */
export interface StatusService {
  /**
   * The status of a deployment now, or with `wait_seconds` at its next change. A silent Ironic does not end the wait.
   * @param report Gets the progress after each look except the last. The percentage does not go back.
   * @param draw Gets what a page needs to draw the answer.
   */
  status(
    request: StatusRequest,
    signal: AbortSignal,
    report?: ((progress: Progress) => void) | undefined,
    draw?: Call['draw'],
  ): Promise<ProvisionStatus>;
  /** The server has just been changed, so every earlier reading of it is out of date. */
  forget(serverId: string): void;
}

export interface StatusServiceOptions extends Retrying {
  readonly bareMetal: BareMetal;
  /** Undefined where there is no Neutron. */
  readonly networks?: NetworkService | undefined;
  /** What the caller may do next. */
  readonly policy: Policy;
}

interface Reading {
  readonly server: Server;
  readonly errors: readonly RecordedError[];
}

export function createStatusService({
  bareMetal,
  networks,
  clock,
  random,
  policy,
}: StatusServiceOptions): StatusService {
  const find = createBatchedFind(bareMetal);
  const looks = createSharedReads(clock, async (id, signal): Promise<Reading | null> => {
    const server = await find(id, signal);
    return server && { server, errors: await errorsOf(server, signal) };
  });

  async function status(
    request: StatusRequest,
    signal: AbortSignal,
    report: (progress: Progress) => void = () => undefined,
    draw: Call['draw'] = undefined,
  ): Promise<ProvisionStatus> {
    const begun = clock.now();
    const until = begun + request.wait_seconds * 1_000;
    const first = await firstLook(request, signal);
    let latest = first;
    let lookedAt = clock.now();
    let percent: number | null = null;
    for (;;) {
      const { progress } = latest;
      percent = highest(percent, progress.percent);
      const moved = latest.changeKey !== first.changeKey || isOver(latest.status, request);
      const left = until - clock.now();
      if (moved || left <= 0) break;
      report({ ...progress, percent });
      // The longer it takes, the less a second matters. The jitter keeps many callers from asking at the same moment.
      const interval = Math.min(waitInterval + (clock.now() - begun) / 10, longestWaitInterval);
      await clock.sleep(Math.min(left, interval * (0.9 + random() / 5)), signal);
      const time = Math.max(0, until - clock.now()) + lastLook;
      // A look of another caller counts for as long as this caller would have waited.
      const next = await withTimeLimit({ clock, time, signal }, (either) =>
        readStanding(request, interval * 0.9, either).catch(unlessSilent),
      );
      if (next) {
        latest = next;
        lookedAt = clock.now();
      }
    }
    const { status: answer } = latest;
    draw?.(latest.drawing);
    const look = { bareMetal, networks, clock, known: answer.addresses };
    const { addresses: seen, warnings } = await addressesNow(look, latest.server, signal);
    const addresses = [...seen];
    const message = [answer.message, ...warnings].join(' ');
    if (isOver(answer, request)) return { ...answer, addresses, message };
    const silence = Math.round((clock.now() - lookedAt) / 1_000);
    return {
      ...answer,
      addresses,
      progress_percent: percent,
      message:
        silence > 0 ? `${answer.message} That was ${silence} s ago: since then Ironic has given no answer.` : message,
    };
  }

  /** All callers that wait for a deployment in progress share one look. Any other answer needs a new look. */
  async function firstLook(request: StatusRequest, signal: AbortSignal): Promise<Standing> {
    if (request.wait_seconds > 0) {
      const recent = await readStanding(request, waitInterval * 0.9, signal).catch(unlessAbsent);
      if (recent && !isOver(recent.status, request)) return recent;
    }
    return readStanding(request, 0, signal);
  }

  async function readStanding(request: StatusRequest, maxAge: number, signal: AbortSignal): Promise<Standing> {
    const reading = await looks.read(request.operation_id, maxAge, signal);
    if (reading === null) {
      throw new Failure('server_not_found', { id: request.operation_id });
    }
    const { server, errors } = reading;
    const standing = standingOf(server, bareMetal.now(), { errors, mayUndeploy: policy.allows('destroy') });
    if (request.deployment_id !== undefined && carriesAnother(server, request.deployment_id)) {
      throw anotherDeployment(request.operation_id, server);
    }
    return standing;
  }

  /** Ironic's record of errors about a failed server; empty if Ironic does not answer or refuses. */
  async function errorsOf(server: Server, signal: AbortSignal): Promise<readonly RecordedError[]> {
    if (meaningOf(server).outcome !== 'failed') return [];
    return (await recordedErrors({ bareMetal, clock }, server.id, signal)) ?? [];
  }

  return { status: withPortFailures(status), forget: looks.forget };
}

/** Whether nothing more comes that the caller waits for. */
function isOver({ status, boot }: ProvisionStatus, { until }: StatusRequest): boolean {
  if (until === 'booted' && status === 'completed') return boot !== 'waiting';
  return status !== 'in_progress';
}

function unlessAbsent(error: unknown): undefined {
  const absent: readonly unknown[] = ['server_not_found', 'operation_not_found'];
  if (!(error instanceof Failure) || !absent.includes(error.code)) throw error;
}

/** A look without an answer does not end a wait. An error that does not pass by itself does. */
function unlessSilent(error: unknown): undefined {
  const overloaded = error instanceof Failure && error.code === 'overloaded';
  if (!overloaded && !mayPass(error)) throw error;
}

function highest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (other ?? one) : Math.max(one, other);
}
