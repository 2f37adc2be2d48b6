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

/** What a request wants for one network card: a network of Neutron, or an address that the system is told. */
const RequestedNetwork = z
  .strictObject({
    network: z
      .string()
      .min(1, 'must not be empty')
      .max(255, 'must be at most 255 characters')
      .regex(/^\P{Cc}*$/u, 'must not contain control characters')
      .register(redactions, asText)
      .optional(),
    address: z.string().register(redactions, asText).optional(),
    gateway: ipAddress.optional(),
    dns: z.array(ipAddress).max(3, 'must be at most 3 servers').optional(),
    mac: z
      .string()
      .regex(macPattern, 'must be a MAC address')
      .transform(canonicalMac)
      .register(redactions, asText)
      .optional(),
  })
  .superRefine((entry, { addIssue }) => {
    const [field, message] = (entry.network === undefined ? staticProblem : neutronProblem)(entry) ?? [];
    if (field !== undefined) addIssue({ code: 'custom', path: [field], message: String(message) });
  });
export type RequestedNetwork = z.output<typeof RequestedNetwork>;

type Problem = readonly [field: keyof RequestedNetwork, message: string];

function staticProblem({ address, gateway }: RequestedNetwork): Problem | undefined {
  if (address === undefined) return ['address', 'is missing; give a network or an address'];
  const own = hostAddressFrom(address);
  if (own === null) return ['address', 'must be the address of a host, with its prefix length, e.g. 10.20.0.11/24'];
  const router = gateway === undefined ? null : ipFrom(gateway);
  if (router === null) return undefined;
  const isNeighbour = isIn(router, own) || (own.family === 6 && isLinkLocal(router));
  if (isNeighbour && router.value !== own.value) return undefined;
  return ['gateway', 'must be another address in the same subnet'];
}

function neutronProblem({ address, gateway, dns, mac }: RequestedNetwork): Problem | undefined {
  if (address !== undefined && ipFrom(address) === null) {
    return ['address', 'must be an IP address without a prefix length beside network'];
  }
  const beside = Object.entries({ gateway, dns, mac }).find(([, value]) => value !== undefined);
  return beside && [beside[0] as 'gateway', 'is not allowed beside network: the network decides it'];
}

/** What a request wants for a server's network cards. */
export const RequestedNetworks = z
  .array(RequestedNetwork)
  .max(mostCards, `must be at most ${mostCards} network cards`)
  .superRefine((networks, { addIssue }) => {
    for (const [index, network] of networks.entries()) {
      for (const [earlier, other] of networks.slice(0, index).entries()) {
        const [field, problem] = conflict(network, other) ?? [];
        if (field === undefined) continue;
        addIssue({ code: 'custom', path: [index, field], message: `${problem} networks.${earlier}` });
        return;
      }
    }
  });

/** Why two entries conflict: the wrong member, and a message to which the caller adds the other entry's name. */
function conflict(one: RequestedNetwork, other: RequestedNetwork): Problem | undefined {
  if ((one.network === undefined) !== (other.network === undefined)) {
    return ['network', 'must be in every entry or in none, unlike in'];
  }
  if (one.mac !== undefined && one.mac === other.mac) return ['mac', 'names the same network card as'];
  const [address, before] = [one.address, other.address].map((text) => hostAddressFrom(text ?? ''));
  if (!address || !before) return undefined;
  if (overlap(address, before)) return ['address', 'is in a subnet that overlaps with the subnet of'];
  const bothLead = one.gateway !== undefined && other.gateway !== undefined && address.family === before.family;
  return bothLead ? ['gateway', `is a second IPv${address.family} gateway, beside the gateway of`] : undefined;
}
