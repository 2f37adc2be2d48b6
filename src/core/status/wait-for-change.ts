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
import { meaningOf, movingStates } from '../states.js';
import { createBatchedFind } from './batched-find.js';
import { paceOf } from './progress.js';
import { anotherDeployment, carriesAnother, type Standing, standingOf } from './provision-status.js';
import { recordedErrors } from './recorded-errors.js';
import { createSharedReads } from './shared-reads.js';

/** The most seconds between two looks of a call that waits. */
const longestPace = 10;

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

/** What one reading has found. */
interface Found {
  /** Null if Ironic does not know the server. */
  readonly server: Server | null;
  readonly errors: readonly RecordedError[];
  /** When, by our clock. */
  readonly at: number;
}

/** What one look at a server has shown: its deployment as it was at that time. */
interface Look {
  readonly server: Server;
  readonly standing: Standing;
  readonly at: number;
}

export function createStatusService({
  bareMetal,
  networks,
  clock,
  random,
  policy,
}: StatusServiceOptions): StatusService {
  /** How many calls wait for each server. */
  const waits = new Map<string, number>();
  /** Those of them whose last look showed a deployment that a list can show. */
  const listable = new Set<string>();
  const batched = createBatchedFind(bareMetal, clock, () => listable.size);
  const looks = createSharedReads(clock, async (id, maxAge, signal): Promise<Found> => {
    const { server, at } = await batched.find(id, maxAge, signal);
    return { server, errors: server ? await errorsOf(server, signal) : [], at };
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
    let { latest } = first;
    let triedAt = latest.at;
    // A slow Ironic gets a pause as long as its answer took, up to the usual one.
    let answeredAt = clock.now();
    let took = answeredAt - begun;
    let percent: number | null = null;
    for (;;) {
      const { progress, changeKey, status: seen } = latest.standing;
      percent = highest(percent, progress.percent);
      const moved = changeKey !== first.known || isOver(seen, request);
      const left = until - clock.now();
      if (moved || left <= 0) break;
      report({ ...progress, percent });
      // The jitter keeps several copies of this program from asking at the same moment.
      const pace = paceNow(latest.server) * (0.98 + random() / 25);
      const due = Math.max(0, Math.max(triedAt + pace, answeredAt + Math.min(took, pace)) - clock.now());
      await clock.sleep(Math.min(left, due), signal);
      if (due > left && latest.at >= begun) continue;
      triedAt = clock.now();
      const time = Math.max(0, until - clock.now()) + lastLook;
      // A look of another caller counts for nearly as long as this caller would have waited.
      const next = await withTimeLimit({ clock, time, signal }, (either) =>
        lookAt(request, pace * 0.9, either).catch(unlessSilent),
      );
      answeredAt = clock.now();
      took = answeredAt - triedAt;
      if (next) {
        latest = next;
        triedAt = next.at;
      }
    }
    const { status: answer, drawing } = latest.standing;
    draw?.(drawing);
    const look = { bareMetal, networks, clock, known: answer.addresses };
    const { addresses: seen, warnings } = await addressesNow(look, latest.server, signal);
    const addresses = [...seen];
    const message = [answer.message, ...warnings].join(' ');
    if (isOver(answer, request)) return { ...answer, addresses, message };
    const silence = triedAt > latest.at ? Math.round((clock.now() - latest.at) / 1_000) : 0;
    return {
      ...answer,
      addresses,
      progress_percent: percent,
      message:
        silence > 0 ? `${answer.message} That was ${silence} s ago: since then Ironic has given no answer.` : message,
    };
  }

  /** Milliseconds between two looks at a server. */
  function paceNow(server: Server): number {
    return Math.max(paceOf(server, bareMetal.now(), longestPace) * 1_000, batched.pause());
  }

  /**
   * A call that waits begins with what the program saw last, even if it looked for another caller: what has changed since
   * may be new to this one. All other answers need a new look.
   */
  async function firstLook(
    request: StatusRequest,
    signal: AbortSignal,
  ): Promise<{ readonly latest: Look; readonly known: string }> {
    const found = request.wait_seconds > 0 ? looks.last(request.operation_id) : undefined;
    const last = found && (await lookIn(found, request).catch(unlessAbsent));
    if (last) {
      const { changeKey: known, status: seen } = last.standing;
      if (!isOver(seen, request)) return { latest: await lookAt(request, paceNow(last.server), signal), known };
    }
    const latest = await lookAt(request, 0, signal);
    return { latest, known: latest.standing.changeKey };
  }

  async function lookAt(request: StatusRequest, maxAge: number, signal: AbortSignal): Promise<Look> {
    return lookIn(await looks.read(request.operation_id, maxAge, signal), request);
  }

  /** @throws Failure if the server has no deployment, or another one than the caller means */
  async function lookIn({ server, errors, at }: Found, request: StatusRequest): Promise<Look> {
    if (server === null) throw new Failure('server_not_found', { id: request.operation_id });
    // Judged by a later time, a lock that was free for a moment would look free for long.
    const then = bareMetal.now() - (clock.now() - at);
    const standing = standingOf(server, then, { errors, mayUndeploy: policy.allows('destroy') });
    if (request.deployment_id !== undefined && carriesAnother(server, request.deployment_id)) {
      throw anotherDeployment(request.operation_id, server);
    }
    const id = request.operation_id;
    if (waits.has(id) && movingStates.includes(server.provisionState)) listable.add(id);
    else listable.delete(id);
    return { server, standing, at };
  }

  /** Ironic's record of errors about a failed server; empty if Ironic does not answer or refuses. */
  async function errorsOf(server: Server, signal: AbortSignal): Promise<readonly RecordedError[]> {
    if (meaningOf(server).outcome !== 'failed') return [];
    return (await recordedErrors({ bareMetal, clock }, server.id, signal)) ?? [];
  }

  const counted: StatusService['status'] = async (request, ...circumstances) => {
    const { operation_id: id, wait_seconds: seconds } = request;
    if (seconds === 0) return status(request, ...circumstances);
    waits.set(id, (waits.get(id) ?? 0) + 1);
    try {
      return await status(request, ...circumstances);
    } finally {
      const others = (waits.get(id) ?? 1) - 1;
      if (others > 0) waits.set(id, others);
      else {
        waits.delete(id);
        listable.delete(id);
      }
    }
  };

  return {
    status: withPortFailures(counted),
    forget(id) {
      looks.forget(id);
      batched.forget(id);
    },
  };
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
