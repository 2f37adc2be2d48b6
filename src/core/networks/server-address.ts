import * as z from 'zod';
import { withTimeLimit } from '../async/time-limit.js';
import type { Card, NetworkPort, NetworkService } from '../network-service.js';
import type { BareMetal, Clock } from '../ports.js';
import type { DeploymentEntry, Server } from '../server.js';
import { meaningOf } from '../states.js';
import { plain } from '../text/untrusted.js';
import { isSlaac } from './ip.js';

/** Nobody waits any longer (ms) for what only completes an answer. */
export const lookTime = 5_000;

/** An address by which a deployed server can be reached. */
export const ServerAddress = z.strictObject({
  address: z.string(),
  network: z.string().nullable(),
  mac: z.string().nullable(),
  source: z.enum(['requested', 'neutron', 'reported']),
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

/**
 * The addresses of ports that are attached to a server's cards. What a card makes of its MAC address counts once it is in
 * use. Which card has which port is not known before Ironic's records were read, unless there is only one card.
 */
export function portAddresses(
  ports: readonly NetworkPort[],
  cards: readonly Card[],
  { networks = [] }: Pick<DeploymentEntry, 'networks'>,
  inUse: boolean,
): ServerAddress[] {
  return ports.flatMap(({ id, networkId, mac, addresses }) => {
    const name = networks.find((network) => network.id === networkId)?.name ?? networkId;
    const card = cards.find(({ vif }) => vif === id) ?? (cards.length === 1 && ports.length === 1 ? cards[0] : null);
    // Ironic gives the MAC address of a card, or of a bond, to the port.
    const used = card ? card.mac || mac : null;
    return addresses
      .filter((address) => inUse || !isSlaac(address, mac))
      .map((address) => ({ address, network: plain(name, 120), mac: used, source: 'neutron' as const }));
  });
}

export interface AddressLook {
  readonly bareMetal: BareMetal;
  readonly networks: NetworkService | undefined;
  readonly clock: Clock;
  /** The addresses that the server itself shows. */
  readonly known: readonly ServerAddress[];
}

/** What a look at a server's ports has shown. */
export interface SeenAddresses {
  readonly addresses: readonly ServerAddress[];
  /** What may be wrong with them, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * The addresses of a server as they are now. Asks Ironic and Neutron, once each, and only where the deployment has ports.
 * What they do not tell is left out.
 */
export async function addressesNow(look: AddressLook, server: Server, signal: AbortSignal): Promise<SeenAddresses> {
  const { bareMetal, networks, clock, known } = look;
  const { entry } = server;
  const hasPorts = (entry?.networks?.length ?? 0) + (entry?.vifs?.length ?? 0) > 0;
  if (entry === null || !hasPorts || networks === undefined) return { addresses: known, warnings: [] };
  const seen = await withTimeLimit({ clock, time: lookTime, signal }, async (either) => {
    const cards = await bareMetal.cards(server.id, either);
    const ids = cards.flatMap(({ vif }) => vif ?? []);
    const ports = await networks.ports(ids, either);
    // In the order of the cards, whatever order Neutron has.
    return { cards, ports: ids.flatMap((vif) => ports.filter(({ id }) => id === vif)) };
  }).catch(() => undefined);
  signal.throwIfAborted();
  if (!seen) return { addresses: known, warnings: ['The addresses of its ports could not be read.'] };
  const { outcome, final } = meaningOf(server);
  const isActive = outcome === 'completed' && final;
  const down = isActive ? seen.ports.filter(({ status }) => status === 'DOWN') : [];
  const ofPorts = portAddresses(seen.ports, seen.cards, entry, isActive);
  const others = known.filter(({ address }) => ofPorts.every((each) => each.address !== address));
  return {
    addresses: [...ofPorts, ...others],
    warnings: down.map(({ id }) => `Neutron port ${id} is DOWN: the server may have no connection there.`),
  };
}
