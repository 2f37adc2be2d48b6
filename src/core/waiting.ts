import { Failure } from './failures.js';
import type { ProvisionStatus, StatusRequest } from './model.js';
import type { BareMetal } from './ports.js';
import type { Retrying } from './retry.js';
import { createSharedReads } from './shared-reads.js';
import { statusOf } from './status.js';
import { plain } from './untrusted.js';

/** How often a waiting call looks at the server, in milliseconds: at first, and at the most patient. */
const waitInterval = 2_000;
const longestWaitInterval = 6_000;

/** Tells how far deployments are, and waits for their next change. */
export interface Waiting {
  /** How a deployment stands now, or, with `wait_seconds`, at its next change. */
  status(request: StatusRequest, signal: AbortSignal): Promise<ProvisionStatus>;
  /** What was read of a server before is out of date: it has just been changed. */
  forget(serverId: string): void;
}

export interface WaitingOptions extends Retrying {
  readonly bareMetal: BareMetal;
}

export function createWaiting({ bareMetal, clock, random }: WaitingOptions): Waiting {
  const looks = createSharedReads(clock, (id, signal) => bareMetal.find(id, signal));

  async function status(request: StatusRequest, signal: AbortSignal): Promise<ProvisionStatus> {
    const until = clock.now() + request.wait_seconds * 1_000;
    let first: ProvisionStatus | undefined;
    const begun = clock.now();
    for (let maxAge = 0; ; ) {
      const latest = await look(request, maxAge, signal);
      first ??= latest;
      if (latest.status !== 'in_progress' || latest.message !== first.message) return latest;
      const left = until - clock.now();
      if (left <= 0) return latest;
      // The longer it lasts, the less a second matters. The jitter keeps many callers from asking all at once.
      const interval = Math.min(waitInterval + (clock.now() - begun) / 10, longestWaitInterval);
      await clock.sleep(Math.min(left, interval * (0.9 + random() / 5)), signal);
      maxAge = interval * 0.8;
    }
  }

  async function look(request: StatusRequest, maxAge: number, signal: AbortSignal): Promise<ProvisionStatus> {
    const server = await looks.read(request.operation_id, maxAge, signal);
    if (server === null) {
      throw new Failure('operation_not_found', { id: request.operation_id, reason: 'Ironic knows no such server' });
    }
    const status = statusOf(server, bareMetal.now());
    if (request.deployment_id !== undefined && request.deployment_id !== server.deploymentId) {
      throw new Failure('operation_not_found', {
        id: request.operation_id,
        reason: `it carries another deployment by now: ${plain(server.deploymentId ?? 'one without an id', 40)}`,
      });
    }
    return status;
  }

  return { status, forget: looks.forget };
}
