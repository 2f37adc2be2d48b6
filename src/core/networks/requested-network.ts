import * as z from 'zod';
import { asText, redactions } from '../input/redaction.js';
import { canonicalMac, macPattern } from '../text/identifiers.js';
import { hostAddressFrom, ipFrom, isIn, isLinkLocal, overlap } from './ip.js';

/** More cards than any server has. */
const mostCards = 8;

const ipAddress = z
  .string()
  .refine((text) => ipFrom(text) !== null, 'must be an IP address')
  .register(redactions, asText);

/** What a request wants for one network card. */
const RequestedNetwork = z
  .strictObject({
    address: z
      .string()
      .refine(
        (text) => hostAddressFrom(text) !== null,
        'must be the address of a host, with its prefix length, e.g. 10.20.0.11/24',
      )
      .register(redactions, asText),
    gateway: ipAddress.optional(),
    dns: z.array(ipAddress).max(3, 'must be at most 3 servers').optional(),
    mac: z
      .string()
      .regex(macPattern, 'must be a MAC address')
      .transform(canonicalMac)
      .register(redactions, asText)
      .optional(),
  })
  .superRefine(({ address, gateway }, context) => {
    const own = hostAddressFrom(address);
    const router = gateway === undefined ? null : ipFrom(gateway);
    if (own === null || router === null) return;
    const isNeighbour = isIn(router, own) || (own.family === 6 && isLinkLocal(router));
    if (isNeighbour && router.value !== own.value) return;
    context.addIssue({ code: 'custom', path: ['gateway'], message: 'must be another address in the same subnet' });
  });
export type RequestedNetwork = z.output<typeof RequestedNetwork>;

/** What a request wants for a server's network cards. */
export const RequestedNetworks = z
  .array(RequestedNetwork)
  .max(mostCards, `must be at most ${mostCards} network cards`)
  .superRefine((networks, context) => {
    for (const [index, network] of networks.entries()) {
      for (const [earlier, other] of networks.slice(0, index).entries()) {
        const [field, problem] = conflict(network, other) ?? [];
        if (field === undefined) continue;
        context.addIssue({ code: 'custom', path: [index, field], message: `${problem} networks.${earlier}` });
        return;
      }
    }
  });

/** Why two entries conflict: the wrong member, and a message to which the caller adds the other entry's name. */
function conflict(one: RequestedNetwork, other: RequestedNetwork): [keyof RequestedNetwork, string] | undefined {
  if (one.mac !== undefined && one.mac === other.mac) return ['mac', 'names the same network card as'];
  const [address, before] = [hostAddressFrom(one.address), hostAddressFrom(other.address)];
  if (address === null || before === null) return undefined;
  if (overlap(address, before)) return ['address', 'is in a subnet that overlaps with the subnet of'];
  const bothLead = one.gateway !== undefined && other.gateway !== undefined && address.family === before.family;
  return bothLead ? ['gateway', `is a second IPv${address.family} gateway, beside the gateway of`] : undefined;
}
