import * as z from 'zod';
import type { DeploymentEntry } from '../server.js';

/** An address by which a deployed server can be reached. */
export const ServerAddress = z.strictObject({
  address: z.string(),
  network: z.string().nullable(),
  mac: z.string().nullable(),
  source: z.enum(['requested', 'reported']),
});
export type ServerAddress = z.output<typeof ServerAddress>;

/** The addresses that a deployment's own request has given to its server. */
export function requestedAddresses(entry: Pick<DeploymentEntry, 'addresses'> | null): ServerAddress[] {
  return (entry?.addresses ?? []).map((each) => ({ ...each, network: null, source: 'requested' }));
}

/** The same, and the address that the machine has reported from. */
export function knownAddresses(entry: DeploymentEntry | null, reportedFrom: string | null): ServerAddress[] {
  const requested = requestedAddresses(entry);
  if (reportedFrom === null || requested.some(({ address }) => address === reportedFrom)) return requested;
  return [...requested, { address: reportedFrom, network: null, mac: null, source: 'reported' }];
}
