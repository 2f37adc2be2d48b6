import type { Policy } from '../policy.js';
import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { isAbandoned } from '../status/provision-status.js';
import { isAvailable, isOfMetal3 } from './eligibility.js';
import { pagesOf } from './pages.js';

/** The state of all servers that the account may see. */
export interface Survey {
  readonly total: number;
  /** How many can be deployed now, under the operator's rules. */
  readonly available: number;
  /** Counts by resource class, then by provision state. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Reserved by a call of ours that died before it started the deployment. */
  readonly abandoned: readonly Server[];
  /** The servers that belong to Metal3's operator. */
  readonly metal3: readonly Server[];
  /** A server that can be deployed now, if there is one. */
  readonly sample: Server | undefined;
}

/**
 * Reads all servers, one page at a time. Changes nothing.
 * @param policy What may be deployed.
 */
export async function survey(bareMetal: BareMetal, signal: AbortSignal, policy: Policy): Promise<Survey> {
  const counts = new Map<string, Map<string, number>>();
  const abandoned: Server[] = [];
  const metal3: Server[] = [];
  let total = 0;
  let available = 0;
  let sample: Server | undefined;
  for await (const { servers } of pagesOf((after) => bareMetal.list({}, after, signal))) servers.forEach(count);
  return { total, available, counts, abandoned, metal3, sample };

  function count(server: Server): void {
    total += 1;
    const states = counts.get(server.resourceClass ?? 'none') ?? new Map<string, number>();
    counts.set(server.resourceClass ?? 'none', states);
    states.set(server.provisionState, (states.get(server.provisionState) ?? 0) + 1);
    if (isOfMetal3(server)) metal3.push(server);
    if (isAbandoned(server, bareMetal.now())) abandoned.push(server);
    if (!isAvailable(server, policy)) return;
    available += 1;
    sample ??= server;
  }
}
