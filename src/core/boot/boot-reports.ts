import { randomUUID } from 'node:crypto';
import { type Changes, signalOfChange } from '../async/changes.js';
import { deadlines, pauseAfter, type Retrying, retries } from '../async/retry.js';
import { createTurns } from '../async/turns.js';
import { Failure } from '../failures.js';
import { type Audit, type AuditRecord, type BareMetal, type Clock, NoAnswer, Refused } from '../ports.js';
import type { BootReport, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { isoTime } from '../text/iso-time.js';
import { hostKeyIn, sshFingerprint } from '../text/ssh-key.js';
import { createAllowance, peerOf } from './allowance.js';
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
  /** The address that connected to us, which may be a proxy's. */
  readonly peer: string;
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

/** The most reports that wait to be recorded, in all and of one peer, and the most that are looked up in Ironic at once. */
const limits = { waiting: 1_000, ofOne: 250, looking: 4 };

/** How a try to record a report ended. */
type Step = { readonly kind: 'recorded' } | { readonly kind: 'unproved' | 'refused' | 'again'; readonly why: string };

/** Anybody can send such a report. */
const unproved = (why: string): Step => ({ kind: 'unproved', why });
const wrong = unproved('its token is not the one that this server expects');
const refused = (why: string): Step => ({ kind: 'refused', why });
const again = (why: string): Step => ({ kind: 'again', why });

export function createBootReports(options: BootReportsOptions): BootReports {
  const { bareMetal, changes, audit, warn, onChange, clock, random } = options;
  const allowance = createAllowance(clock);
  const inTurn = createTurns(limits.looking);
  /** The peers of the reports that are not recorded yet. */
  const waiting = new Map<string, string>();
  const stopping = new AbortController();
  const turnedAway = createSeldom(clock);
  const notProved = createSeldom(clock);

  /** Tries to record a report until it is known how that ends. */
  async function pursue({ serverId, token, from, keys }: ArrivedReport): Promise<Step> {
    const digest = bootDigestOf(token);
    const arrivedAt = clock.now();
    const until = arrivedAt + deadlines.bootReport;
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
      if (entry.booted !== undefined) return unproved('this server has reported before');
      if (entry.expected?.digest !== digest) return wrong;
      const { outcome, final } = meaningOf(server);
      if (outcome === 'in_progress') return again('the deployment has not ended');
      if (outcome !== 'completed') return refused('the deployment failed');
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
      const now = await bareMetal.find(serverId, signalOfChange());
      if (now?.deploymentId !== deploymentId) {
        return refused('it was undeployed at the same moment, and Ironic may have brought back its old instance_info');
      }
      return now.entry?.booted?.at === sent.at ? { kind: 'recorded' } : again('Ironic lost it');
    }

    function reportOn({ provisionedAt }: Server): BootReport {
      const fingerprints = keys.map(hostKeyIn).flatMap((key) => (key === null ? [] : [sshFingerprint(key)]));
      const at = isoTime(bareMetal.latest() - (clock.now() - arrivedAt));
      return { at, since: sinceOf(provisionedAt), from, host_keys: [...new Set(fingerprints)] };
    }

    let step = again('Ironic was too busy');
    for (let tries = 1; step.kind === 'again' && !signal.aborted; tries += 1) {
      const last = step;
      step = await inTurn(async () =>
        clock.now() >= until ? last : attempt().catch((error: unknown) => again(wordsOf(error))),
      );
      if (step.kind !== 'again' || clock.now() >= until) break;
      await clock.sleep(pauseAfter(tries, retries.bootReport, random), signal).catch(() => undefined);
    }
    const outcome = step.kind === 'recorded' ? 'ok' : step.kind === 'again' ? 'given_up' : 'refused';
    const ending = { outcome, status: null, operation_id: serverId, duration_ms: clock.now() - arrivedAt };
    if (record !== undefined) await audit?.end({ ...record, ...ending });
    return step;
  }

  async function follow(report: ArrivedReport, key: string): Promise<void> {
    const step = await pursue(report).finally(() => waiting.delete(key));
    const { serverId, from } = report;
    if (step.kind === 'recorded') return onChange(serverId);
    const ending = step.kind === 'again' ? 'could not be recorded' : 'was refused';
    const line = `A boot report for server ${serverId}${from === null ? '' : ` from ${from}`} ${ending}: ${step.why}.`;
    if (step.kind !== 'unproved') return warn(line);
    notProved((before) => warn(before === 0 ? line : `${line} So were ${before} since the last such line.`));
  }

  /** Whether more reports of a peer may wait. */
  function hasRoom(peer: string): boolean {
    return waiting.size < limits.waiting && [...waiting.values()].filter((each) => each === peer).length < limits.ofOne;
  }

  return {
    admits(address) {
      const peer = peerOf(address);
      if (hasRoom(peer) && allowance.admits(peer)) return true;
      turnedAway(() => warn(`Boot reports are turned away: too many come in, now from ${address}.`));
      return false;
    },
    take(report) {
      const key = `${report.serverId} ${report.token}`;
      if (waiting.has(key)) return;
      waiting.set(key, peerOf(report.peer));
      // Until its end is logged the program does not end, unless that takes too long.
      void changes.run(() => follow(report, key));
    },
    stop: () => stopping.abort(),
  };
}

/** Lets one line a minute through, because an attacker could fill the log. A line may tell how many were kept back. */
function createSeldom(clock: Clock) {
  let quietUntil = 0;
  let keptBack = 0;
  return (write: (keptBack: number) => void) => {
    keptBack += 1;
    if (clock.now() < quietUntil) return;
    quietUntil = clock.now() + 60_000;
    write(keptBack - 1);
    keptBack = 0;
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
