import * as z from 'zod';
import type { DeploymentEntry } from '../server.js';

/** An address by which a deployed server can be reached. */
export const ServerAddress = z.strictObject({
  address: z.string(),
  network: z.string().nullable(),
  mac: z.string(),
  source: z.literal('requested'),
});
export type ServerAddress = z.output<typeof ServerAddress>;

/** The addresses that a deployment's own request has given to its server. */
export function requestedAddresses(entry: Pick<DeploymentEntry, 'addresses'> | null): ServerAddress[] {
  return (entry?.addresses ?? []).map((each) => ({ ...each, network: null, source: 'requested' }));
}
