import { randomUUID } from 'node:crypto';
import { type Changes, signalOfChange } from '../async/changes.js';
import { deadlines, pauseAfter, type Retrying, retries } from '../async/retry.js';
import { createTurns } from '../async/turns.js';
import { Failure } from '../failures.js';
import { type Audit, type AuditRecord, type BareMetal, NoAnswer, Refused } from '../ports.js';
import type { BootReport, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { isoTime } from '../text/iso-time.js';
import { hostKeyIn, sshFingerprint } from '../text/ssh-key.js';
import { createAllowance } from './allowance.js';
import { sinceOf } from './boot-standing.js';
import { bootDigestOf } from './phone-home.js';

/** A report as it arrived. Anybody on the machines' network can send one. */
export interface ArrivedReport {
  readonly serverId: string;
  readonly token: string;
  /** The machine's address; null if the report came another way. */
  readonly from: string | null;
  /** SSH host keys, one line each. */
  readonly keys: readonly string[];
}

/** Records boot reports on the nodes, where every copy of this program reads them. */
export interface BootReports {
  /** Whether a peer may send a report now. If so, it counts, whatever the report turns out to be. */
  admits(peer: string): boolean;
  /**
   * Takes a report and returns at once, so that its sender learns nothing. If its token is right it is recorded, even if
   * Ironic is busy for minutes. A report that is not recorded is logged.
   */
  take(report: ArrivedReport): void;
  /** Gives up and logs the reports that are not recorded yet. */
  stop(): void;
}

export interface BootReportsOptions extends Retrying {
  readonly bareMetal: BareMetal;
  readonly changes: Changes;
  readonly audit?: Audit | undefined;
  /** Tells the operator about a report that was not recorded. */
  readonly warn: (message: string) => void;
  /** Called with the id of a server whose report was recorded. */
  readonly onChange: (serverId: string) => void;
}

/** The most reports that wait to be recorded, and the most that are looked up in Ironic at the same time. */
const limits = { waiting: 1_000, looking: 4 };

/** How a try to record a report ended. */
type Step = { readonly kind: 'recorded' } | { readonly kind: 'refused' | 'again'; readonly why: string };

const wrong: Step = { kind: 'refused', why: 'its token is not the one that this server expects' };
const again = (why: string): Step => ({ kind: 'again', why });

export function createBootReports(options: BootReportsOptions): BootReports {
  const { bareMetal, changes, audit, warn, onChange, clock, random } = options;
  const allowance = createAllowance(clock);
  const inTurn = createTurns(limits.looking);
  /** The reports that are not recorded yet, by digest. */
  const waiting = new Set<string>();
  const stopping = new AbortController();
  let quietUntil = 0;

  /** Tries to record a report until it is known how that ends. */
  async function pursue({ serverId, token, from, keys }: ArrivedReport): Promise<Step> {
    const digest = bootDigestOf(token);
    const arrivedAt = clock.now();
    const { signal } = stopping;
    const id = randomUUID();
    let sent: BootReport | undefined;
    /** The first line about it in the audit log. */
    let record: AuditRecord | undefined;

    async function attempt(): Promise<Step> {
      const server = await bareMetal.find(serverId, signal);
      const { entry = null, deploymentId = null } = server ?? {};
      if (server === null || entry === null || deploymentId === null) return wrong;
      if (sent !== undefined && entry.booted?.at === sent.at) return { kind: 'recorded' };
      if (entry.expected?.digest !== digest) return wrong;
      const { outcome, final } = meaningOf(server);
      if (outcome === 'in_progress') return again('the deployment has not ended');
      if (outcome !== 'completed') return wrong;
      if (!final || server.lockedBy !== null) return again('Ironic works on the server');
      sent = reportOn(server);
      const { host_keys } = sent;
      const line = {
        ...recordOf(id),
        arguments: { server_id: serverId, from, host_keys },
        deployment_id: deploymentId,
      };
      if (record === undefined) await audit?.begin(line);
      record = line;
      const change = { deploymentId, digest, report: sent };
      await bareMetal.recordBoot(server.id, change, signalOfChange());
      // Ironic may lose one of two changes that come at the same moment, although it accepts both.
      const now = await bareMetal.find(serverId, signal);
      return now?.entry?.booted?.at === sent.at ? { kind: 'recorded' } : again('Ironic lost it');
    }

    function reportOn({ provisionedAt }: Server): BootReport {
      const fingerprints = keys.map(hostKeyIn).flatMap((key) => (key === null ? [] : [sshFingerprint(key)]));
      const at = isoTime(bareMetal.latest() - (clock.now() - arrivedAt));
      return { at, since: sinceOf(provisionedAt), from, host_keys: [...new Set(fingerprints)] };
    }

    let step = again('');
    for (let tries = 1; step.kind === 'again' && !signal.aborted; tries += 1) {
      step = await inTurn(() => attempt().catch((error: unknown) => again(wordsOf(error))));
      if (step.kind !== 'again' || clock.now() >= arrivedAt + deadlines.bootReport) break;
      await clock.sleep(pauseAfter(tries, retries.bootReport, random), signal).catch(() => undefined);
    }
    const outcome = step.kind === 'recorded' ? 'ok' : step.kind === 'refused' ? 'refused' : 'given_up';
    const ending = { outcome, status: null, operation_id: serverId, duration_ms: clock.now() - arrivedAt };
    if (record !== undefined) await audit?.end({ ...record, ...ending });
    return step;
  }

  async function follow(report: ArrivedReport, key: string): Promise<void> {
    const step = await pursue(report).finally(() => waiting.delete(key));
    const { serverId, from } = report;
    if (step.kind === 'recorded') return onChange(serverId);
    const ending = step.kind === 'refused' ? 'was refused' : 'could not be recorded';
    warn(`A boot report for server ${serverId}${from === null ? '' : ` from ${from}`} ${ending}: ${step.why}.`);
  }

  return {
    admits(peer) {
      if (waiting.size < limits.waiting && allowance.admits(peer)) return true;
      // One line a minute, because an attacker could fill the log.
      if (clock.now() >= quietUntil) warn(`Boot reports are turned away: too many come in, now from ${peer}.`);
      if (clock.now() >= quietUntil) quietUntil = clock.now() + 60_000;
      return false;
    },
    take(report) {
      const key = `${report.serverId} ${report.token}`;
      if (waiting.has(key)) return;
      waiting.add(key);
      // Until its end is logged the program does not end, unless that takes too long.
      void changes.run(() => follow(report, key));
    },
    stop: () => stopping.abort(),
  };
}

/** The members that all audit records have. Nobody calls an operation here. */
function recordOf(id: string): AuditRecord {
  const nobody = { client: null, client_version: null, traceparent: null };
  return { id, face: 'boot_report', operation: 'boot_report', ...nobody };
}

/** Why a try failed. Never Ironic's own words, which may quote everything that it keeps about a server. */
function wordsOf(error: unknown): string {
  if (error instanceof Refused) return `Ironic refused it (${error.refusal})`;
  if (error instanceof NoAnswer) return 'Ironic gave no answer';
  if (error instanceof Failure) return 'too many requests are waiting for Ironic';
  return error instanceof Error ? error.message : String(error);
}
