import type { Policy } from '../policy.js';
import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { isAbandoned } from '../status/provision-status.js';
import { isAvailable, isOfMetal3, noteOn } from './eligibility.js';
import { pagesOf } from './pages.js';
import { type Availability, availabilityOf, createTally, type Tally } from './server-tally.js';

/** The state of all servers that the account may see. */
export interface Survey {
  readonly total: number;
  /** How many can be deployed now, under the operator's rules. */
  readonly available: number;
  /** All servers, counted as `list_servers` counts them. */
  readonly tally: Tally;
  /** The notes of `list_servers`, by availability, and how many servers carry each. */
  readonly notes: ReadonlyMap<Availability, ReadonlyMap<string, number>>;
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
  const tally = createTally();
  const notes = new Map<Availability, Map<string, number>>();
  const abandoned: Server[] = [];
  const metal3: Server[] = [];
  let available = 0;
  let sample: Server | undefined;
  for await (const { servers } of pagesOf((after) => bareMetal.list({}, after, signal))) servers.forEach(count);
  return { total: tally.total(), available, tally, notes, abandoned, metal3, sample };

  function count(server: Server): void {
    const availability = availabilityOf(server, bareMetal.now(), policy);
    tally.add(server, availability);
    const note = noteOn(server, policy);
    if (note !== undefined) {
      const counts = notes.get(availability) ?? new Map<string, number>();
      notes.set(availability, counts.set(note, (counts.get(note) ?? 0) + 1));
    }
    if (isOfMetal3(server)) metal3.push(server);
    if (isAbandoned(server, bareMetal.now())) abandoned.push(server);
    if (!isAvailable(server, policy)) return;
    available += 1;
    sample ??= server;
  }
}
