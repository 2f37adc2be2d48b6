import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { isoTime } from '../text/iso-time.js';

/** What is known about the boot of a deployed system. */
export interface BootStanding {
  /** `unknown` if no report can come: none was asked for, the deployment failed, or the server was rebuilt since. */
  readonly boot: 'unknown' | 'waiting' | 'reported';
  readonly booted_at: string | null;
  readonly host_keys: readonly string[];
  /** The address that the report came from. */
  readonly from: string | null;
}

const unknown: BootStanding = { boot: 'unknown', booted_at: null, host_keys: [], from: null };

export function bootStandingOf(server: Server): BootStanding {
  const { entry, provisionedAt } = server;
  const { outcome } = meaningOf(server);
  if (outcome !== 'in_progress' && outcome !== 'completed') return unknown;
  const { booted, expected } = entry ?? {};
  if (expected !== undefined) return { ...unknown, boot: 'waiting' };
  if (booted === undefined || booted.since !== sinceOf(provisionedAt)) return unknown;
  return { boot: 'reported', booted_at: booted.at, host_keys: booted.host_keys, from: booted.from };
}

/** The time of Ironic's last change of state, as a report keeps it. */
export function sinceOf(provisionedAt: Server['provisionedAt']): string | null {
  return provisionedAt === null ? null : isoTime(provisionedAt);
}
