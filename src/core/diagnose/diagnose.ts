import { withTimeLimit } from '../async/time-limit.js';
import { bootStandingOf } from '../boot/boot-standing.js';
import { Failure } from '../failures.js';
import type { ServerService } from '../inventory/server-service.js';
import type { Policy } from '../policy.js';
import { withPortFailures } from '../port-failures.js';
import { type BareMetal, type Clock, NoAnswer, Refused } from '../ports.js';
import type { DiagnoseRequest, DiagnoseResponse } from '../requests.js';
import type { RecordedError, Server } from '../server.js';
import { doingOf, meaningOf, stateMeaning, stateName } from '../states.js';
import { type Facts, type Finding, findingsOf, knowsPower, newsTime } from '../status/conditions.js';
import { cleanUpTime, diagnose as explain, neverDeployed } from '../status/diagnosis.js';
import { displayName, hasNoDeployment, isAbandoned, nameOf, statusOf } from '../status/provision-status.js';
import { recordedErrors } from '../status/recorded-errors.js';
import { plain } from '../text/untrusted.js';

/** A lock that is still held after this time (ms) is no passing check of the power. */
const secondLook = 3_000;

/** The second look only adds a detail, so nobody waits longer for it (ms). */
const lookTime = 5_000;

/** What Ironic records when it can no longer watch the power of a server. When it can again, it only clears the fault. */
const lostPower = /sync_power_state, max retries exceeded/i;

/** Says what is wrong with a server. Changes nothing, and asks nothing for which Ironic takes its lock on the node. */
export interface DiagnoseService {
  /** @throws Failure `server_not_found`, `ironic_unavailable` */
  diagnose(request: DiagnoseRequest, signal: AbortSignal): Promise<DiagnoseResponse>;
}

export interface DiagnoseServiceOptions {
  readonly bareMetal: BareMetal;
  readonly clock: Clock;
  readonly servers: ServerService;
  /** What the caller may do next. */
  readonly policy: Policy;
}

export function createDiagnoseService(options: DiagnoseServiceOptions): DiagnoseService {
  const { bareMetal, clock, servers, policy } = options;

  async function diagnose({ server_id: ref }: DiagnoseRequest, signal: AbortSignal): Promise<DiagnoseResponse> {
    const [server, early] = await Promise.all([servers.find(ref, signal), recordedErrors(options, ref, signal)]);
    // Ironic does not know the host name of a deployment.
    const record = isOwnName(server, ref) ? early : await recordedErrors(options, server.id, signal);
    const lock = await lockOf(server, signal);
    const unanswered = [
      ...(record === null ? ['the errors that Ironic has on record'] : []),
      ...(lock === undefined ? ["whether Ironic's lock is only a short one"] : []),
      ...(stateMeaning(server.provisionState) ? [] : ['what its state means, which is newer than this program']),
    ];
    const now = bareMetal.now();
    const failed = failureOf(server, record ?? [], now);
    const error = failed ? null : errorOf(server, record ?? [], now);
    const facts: Facts = { server, now, lockedFor: lock ?? null, error };
    const findings = [...(failed ? [failed] : []), ...findingsOf(facts)];
    const verdict = verdictOf(findings, unanswered);
    return {
      server_id: server.id,
      server_name: nameOf(server),
      provision_state: plain(server.provisionState, 80),
      verdict,
      message: messageOf(server, now, { findings, verdict, unanswered }),
      causes: findings.map(({ code, summary, evidence, hint, words = null }) => ({
        code,
        summary,
        evidence: [...evidence],
        hint,
        ironic_error: words === null ? null : plain(words),
      })),
      unanswered,
    };
  }

  /**
   * For how long (s) Ironic's lock was held, if its own work does not need one; null if it was not, undefined if the second
   * look got no answer.
   */
  async function lockOf(server: Server, signal: AbortSignal): Promise<number | null | undefined> {
    if (server.lockedBy === null || doingOf(server) === 'works') return null;
    await clock.sleep(secondLook, signal);
    const now = await withTimeLimit({ clock, time: lookTime, signal }, (either) =>
      bareMetal.find(server.id, either).catch((error) => {
        if (error instanceof NoAnswer || error instanceof Refused || error instanceof Failure) return undefined;
        throw error;
      }),
    );
    if (now === undefined) return undefined;
    const still = now?.lockedBy === server.lockedBy && now.provisionState === server.provisionState;
    return still ? secondLook / 1_000 : null;
  }

  /** The failed deployment or undeployment on a server, in the words of its status. */
  function failureOf(server: Server, record: readonly RecordedError[], now: number): Finding | undefined {
    const mayUndeploy = policy.allows('destroy');
    const failure = isAbandoned(server, now)
      ? neverDeployed(mayUndeploy)
      : meaningOf(server).outcome === 'failed'
        ? explain(server, record, mayUndeploy)
        : undefined;
    if (!failure) return undefined;
    const { code, step, summary, hint, ironic_error: words } = failure;
    const at = step === null ? [] : [`It failed at step ${step}`];
    return { code, summary, hint, words, evidence: [`Its state is ${stateName(server.provisionState)}`, ...at] };
  }

  return { diagnose: withPortFailures(diagnose) };
}

/** Ironic's latest error about the present state of a server. If the state is no failure, an old error is over. */
function errorOf(server: Server, record: readonly RecordedError[], now: number): string | null {
  const { provisionedAt, poweredAt } = server;
  const begin =
    doingOf(server) === 'failed'
      ? (provisionedAt ?? 0) - cleanUpTime
      : Math.max(provisionedAt ?? 0, poweredAt ?? 0, now - newsTime);
  const isOver = (words: string) => lostPower.test(words) && server.fault === null && knowsPower(server);
  const [latest] = record
    .filter(({ at, words }) => (at ?? 0) >= begin && !isOver(words))
    .sort((one, other) => (other.at ?? 0) - (one.at ?? 0));
  const last = server.lastError === null || isOver(server.lastError) ? null : server.lastError;
  return last ?? latest?.words ?? null;
}

function verdictOf(findings: readonly Finding[], unanswered: readonly string[]): DiagnoseResponse['verdict'] {
  if (findings.some(({ isGuess }) => !isGuess)) return 'problem';
  return findings.length > 0 || unanswered.length > 0 ? 'unclear' : 'healthy';
}

interface Found {
  readonly findings: readonly Finding[];
  readonly verdict: DiagnoseResponse['verdict'];
  readonly unanswered: readonly string[];
}

function messageOf(server: Server, now: number, { findings, verdict, unanswered }: Found): string {
  const { words, outcome } = meaningOf(server);
  const [first] = findings;
  const name = displayName(server);
  const is = `Server ${name} is ${words ?? `in the state ${stateName(server.provisionState)}`}.`;
  const isUnderWay = verdict !== 'problem' && outcome === 'in_progress' && !hasNoDeployment(server);
  return [
    isUnderWay ? statusOf(server, now).message : verdict === 'problem' ? `Server ${name} has a problem.` : is,
    verdict === 'healthy' ? 'Ironic shows nothing wrong with it.' : undefined,
    first ? `${verdict === 'problem' ? '' : 'Perhaps: '}${first.summary}.` : undefined,
    findings.length > 1 ? `See causes for ${findings.length - 1} more.` : undefined,
    verdict !== 'problem' && outcome === 'completed' && first?.code !== 'no_boot_report'
      ? bootWords(server)
      : undefined,
    unanswered.length > 0 ? `Not answered: ${unanswered.join('; ')}.` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

/** What is known about the system on a deployed server, which Ironic itself does not see. */
function bootWords(server: Server): string {
  const { boot, booted_at } = bootStandingOf(server);
  if (boot === 'reported') return `Its system reported at ${booted_at} that it has booted.`;
  return boot === 'waiting'
    ? 'Its system has not reported yet that it has booted.'
    : 'Ironic cannot see whether its system runs.';
}

function isOwnName({ id, name }: Server, ref: string): boolean {
  return ref === id || ref === name;
}
