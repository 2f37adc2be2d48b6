import { type Drawing, readDrawing, readStatus, type Status } from './answers.js';
import { CallFailed, type Link } from './link.js';

/** How a deployment stands, as far as the page knows. */
export interface Followed {
  /** Null before the first answer. */
  readonly status: Status | null;
  readonly drawing: Drawing | null;
  /** When the answer came, in milliseconds of the page's clock. */
  readonly at: number;
  /** Why the last call failed; null if it did not. */
  readonly trouble: CallFailed | null;
  /** Whether the page still asks. */
  readonly over: boolean;
}

export interface Following {
  readonly link: Link;
  readonly id: string;
  /** The deployment that is meant; null for any. */
  readonly deploymentId: string | null;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** Resolves after so many milliseconds, or earlier if the reader asks for it. */
  readonly pause: (time: number, signal: AbortSignal) => Promise<void>;
  /** Resolves when the reader can see the page. */
  readonly seen: (signal: AbortSignal) => Promise<void>;
  readonly onChange: (followed: Followed) => void;
}

/** The longest that one call waits, in seconds. */
const longestWait = 50;

/** A call that waits and comes back earlier than this (ms) with nothing new did not wait. */
const atOnce = 1_000;

/** After this time (ms) without a report of the machine, the page stops asking for it. */
const bootTime = 3_600_000;

const retries = [2_000, 5_000, 10_000, 20_000, 50_000] as const;

/** Follows a deployment to its end: one call now, then one for each change, which waits on the server's side. */
export async function follow({ link, id, deploymentId, signal, now, pause, seen, onChange }: Following): Promise<void> {
  let latest: Followed = { status: null, drawing: null, at: now(), trouble: null, over: false };
  let failures = 0;
  const show = (next: Partial<Followed>) => {
    latest = { ...latest, ...next };
    onChange(latest);
  };
  while (!signal.aborted) {
    await seen(signal);
    const { status: before } = latest;
    const begun = now();
    try {
      const { data, drawing } = await link.call('check_provision_status', inputFor(id, deploymentId, latest), signal);
      const status = readStatus(data);
      if (status === null) throw new CallFailed('The answer is not about a deployment', { retryable: false });
      failures = 0;
      const over = isOver(status);
      show({ status, drawing: readDrawing(drawing) ?? latest.drawing, at: now(), trouble: null, over });
      if (over) return;
      if (before !== null && isSame(before, status) && now() - begun < atOnce) {
        await pause((status.pollAfter ?? 5) * 1_000, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      const trouble = error instanceof CallFailed ? error : new CallFailed('The page failed', { retryable: false });
      show({ trouble, over: !trouble.retryable });
      if (!trouble.retryable) return;
      await pause(retries[Math.min(failures, retries.length - 1)] ?? longestWait, signal);
      failures += 1;
    }
  }
}

function inputFor(id: string, deploymentId: string | null, { status, trouble }: Followed) {
  return {
    operation_id: id,
    ...(deploymentId === null ? {} : { deployment_id: deploymentId }),
    // The first look, and the first after a failure, want to know how it stands now.
    ...(status === null || trouble !== null ? {} : { wait_seconds: longestWait }),
    ...(status?.boot === 'waiting' ? { until: 'booted' } : {}),
  };
}

function isOver({ status, boot, completedAt }: Status): boolean {
  if (status === 'completed' && boot === 'waiting') {
    return completedAt !== null && Date.now() - Date.parse(completedAt) > bootTime;
  }
  return status === 'completed' || status === 'failed';
}

function isSame(one: Status, other: Status): boolean {
  return one.status === other.status && one.state === other.state && one.message === other.message;
}
