import * as z from 'zod';
import { type Retrying, retryingRead } from '../../core/async/retry.js';
import type { Network, NetworkPort, NetworkService, Subnet, WantedPort } from '../../core/network-service.js';
import { NoAnswer, type Refusal, Refused } from '../../core/ports.js';
import { canonicalMac, isUuid, macPattern, uuidPattern } from '../../core/text/identifiers.js';
import { doubtOf, faultIn, isFromElsewhere, saidIn } from '../fault.js';
import type { Answer, Ask, Http } from '../http.js';

/** The owner of a port that this program made. Neutron keeps what begins with `baremetal:` from members. */
const owner = 'ironic-mcp';

const Id = z.string().regex(uuidPattern);
const Text = z.string().nullish().catch(null);

const NeutronNetwork = z.looseObject({
  id: Id,
  name: z.string(),
  project_id: Text,
  shared: z.boolean().catch(false),
  mtu: z.int().positive().nullish().catch(null),
  subnets: z.array(z.string()).catch([]),
});
const Ip = z.union([z.ipv4(), z.ipv6()]);
const NeutronSubnet = z.looseObject({
  id: Id,
  ip_version: z.literal([4, 6]),
  cidr: z.union([z.cidrv4(), z.cidrv6()]),
  gateway_ip: Ip.nullish().catch(null),
  dns_nameservers: z.array(Ip).catch([]),
  host_routes: z.array(z.looseObject({ destination: z.union([z.cidrv4(), z.cidrv6()]), nexthop: Ip })).catch([]),
  enable_dhcp: z.boolean(),
  ipv6_address_mode: Text,
});
const NeutronPort = z.looseObject({
  id: Id,
  network_id: Id,
  project_id: Text,
  mac_address: z.string().regex(macPattern),
  fixed_ips: z.array(z.looseObject({ ip_address: Ip })),
  status: z.string(),
  device_id: z.string(),
  device_owner: z.string(),
  description: Text,
  created_at: Text,
  revision_number: z.int().nullish().catch(null),
});
type NeutronPort = z.output<typeof NeutronPort>;

const Networks = z.looseObject({ networks: z.array(NeutronNetwork) });
const Subnets = z.looseObject({ subnets: z.array(NeutronSubnet) });
const Ports = z.looseObject({ ports: z.array(NeutronPort) });
const OnePort = z.looseObject({ port: NeutronPort });

const fields = {
  networks: Object.keys(NeutronNetwork.shape),
  subnets: Object.keys(NeutronSubnet.shape),
  ports: Object.keys(NeutronPort.shape),
} as const;

/** So long (ms) a subnet counts as it was read: hardly anybody changes one. */
const subnetsKeep = 10 * 60_000;

export interface NeutronOptions extends Retrying {
  readonly http: Http;
  /** Sign-ins are for a project, as Neutron wants them; false where nobody need sign in. */
  readonly scoped: boolean;
}

/** Networks by Neutron's REST API ("Networking API v2.0"). Repeats reads, never changes. */
export function createNeutron({ http, scoped, clock, random }: NeutronOptions): NetworkService {
  const known = new Map<string, { readonly subnet: Subnet; readonly readAt: number }>();
  async function list(kind: keyof typeof fields, filter: readonly [string, string][], signal: AbortSignal) {
    const shown = fields[kind].map((field): [string, string] => ['fields', field]);
    const query = new URLSearchParams([...filter, ...shown]);
    const request: Ask = { method: 'GET', path: `v2.0/${kind}?${query}` };
    const deadline = http.deadline();
    const answer = await retryingRead({ clock, random, deadline, signal }, async () => {
      const each = await http.ask(request, signal, deadline);
      if (each.status >= 500) throw errorFrom(each);
      return each;
    });
    if (answer.status !== 200) throw errorFrom(answer);
    // With the role admin, or for the system, Neutron lists what belongs to others; or nothing at all.
    if (scoped && answer.project === undefined) {
      throw new Refused('invalid', 'Neutron needs a sign-in for a project: set OS_PROJECT_NAME', 'us');
    }
    return answer;
  }

  async function networks(filter: readonly [string, string][], signal: AbortSignal): Promise<readonly Network[]> {
    const answer = await list('networks', filter, signal);
    return readable(Networks, answer)
      .networks.filter(({ project_id, shared }) => shared || isOwn(project_id, answer))
      .map(({ id, name, mtu, subnets }) => ({ id, name, mtu: mtu ?? null, subnetIds: subnets }));
  }

  async function change(request: Ask, signal: AbortSignal): Promise<Answer> {
    const answer = await http.ask(request, signal);
    if (answer.status < 200 || answer.status > 299) throw errorFrom(answer);
    return answer;
  }

  return {
    async find(ref, signal) {
      // Anybody can give a shared network the id of another one as its name.
      const byId = isUuid(ref) ? await networks([['id', ref.toLowerCase()]], signal) : [];
      if (byId.length > 0) return byId;
      return (await networks([['name', ref]], signal)).filter(({ name }) => name === ref);
    },

    list: (signal) => networks([], signal),

    networks: (ids, signal) => networks(byIds(ids), signal),

    async subnets(ids, signal) {
      const readAt = clock.now();
      const isKnown = (id: string) => readAt - (known.get(id)?.readAt ?? Number.NEGATIVE_INFINITY) <= subnetsKeep;
      const unknown = ids.filter((id) => !isKnown(id));
      if (unknown.length > 0) {
        const answer = await list('subnets', byIds(unknown), signal);
        for (const row of readable(Subnets, answer).subnets) known.set(row.id, { subnet: subnetFrom(row), readAt });
      }
      return ids.flatMap((id) => known.get(id)?.subnet ?? []);
    },

    async ownPorts(deploymentId, signal) {
      const device: [string, string][] = deploymentId === undefined ? [] : [['device_id', deploymentId]];
      const answer = await list('ports', [...device, ['device_owner', owner]], signal);
      return readable(Ports, answer)
        .ports.filter(
          ({ device_id, device_owner, project_id }) =>
            device_owner === owner &&
            (deploymentId === undefined || device_id === deploymentId) &&
            isOwn(project_id, answer),
        )
        .map(portFrom);
    },

    async ports(ids, signal) {
      if (ids.length === 0) return [];
      const answer = await list('ports', byIds(ids), signal);
      return readable(Ports, answer)
        .ports.filter(({ id }) => ids.includes(id))
        .map(portFrom);
    },

    async create(wanted, signal) {
      const json = { port: bodyOf(wanted) };
      const answer = await change({ method: 'POST', path: 'v2.0/ports', json }, signal);
      // A page of something on the way says 200; only Neutron says that it has made the port.
      if (answer.status !== 201) throw unreadable(answer);
      return portFrom(readable(OnePort, answer).port);
    },

    async describe(port, description, signal) {
      const request: Ask = {
        method: 'PUT',
        path: pathOf(port),
        json: { port: { description } },
        headers: ifSame(port),
      };
      return portFrom(readable(OnePort, await change(request, signal)).port);
    },

    async remove(port, signal) {
      const request: Ask = { method: 'DELETE', path: pathOf(port), headers: ifSame(port) };
      const answer = await http.ask(request, signal);
      if (answer.status === 204) return;
      const error = answer.status < 300 ? unreadable(answer) : errorFrom(answer);
      if (!(error instanceof Refused && error.refusal === 'not_found')) throw error;
    },
  };
}

function bodyOf({ networkId, name, deploymentId, description, address }: WantedPort) {
  return {
    network_id: networkId,
    name,
    device_id: deploymentId,
    device_owner: owner,
    description,
    'binding:vnic_type': 'baremetal',
    ...(address === undefined ? {} : { fixed_ips: [{ ip_address: address }] }),
  };
}

function byIds(ids: readonly string[]): [string, string][] {
  return ids.map((id) => ['id', id]);
}

function subnetFrom(row: z.output<typeof NeutronSubnet>): Subnet {
  const { id, ip_version: version, cidr, enable_dhcp: dhcp, ipv6_address_mode: mode } = row;
  const isStateful = version === 4 || mode === 'dhcpv6-stateful';
  return {
    id,
    version,
    cidr,
    gateway: row.gateway_ip ?? null,
    dns: row.dns_nameservers,
    routes: row.host_routes.map(({ destination, nexthop: gateway }) => ({ destination, gateway })),
    // Neutron itself advertises an IPv6 subnet only with a mode.
    teaches: !dhcp || (version === 6 && !mode) ? 'nothing' : isStateful ? 'dhcp' : 'slaac',
  };
}

function portFrom(port: NeutronPort): NetworkPort {
  return {
    id: port.id,
    networkId: port.network_id,
    mac: canonicalMac(port.mac_address),
    addresses: port.fixed_ips.map(({ ip_address: address }) => address),
    status: port.status,
    deviceId: port.device_id,
    deviceOwner: port.device_owner,
    description: port.description ?? '',
    createdAt: port.created_at ?? '',
    revision: port.revision_number ?? null,
  };
}

function pathOf({ id }: NetworkPort): string {
  return `v2.0/ports/${id}`;
}

/** Makes a change harmless where somebody has changed the port since it was read. */
function ifSame({ revision }: NetworkPort): Record<string, string> {
  return revision === null ? {} : { 'if-match': `revision_number=${revision}` };
}

function isOwn(owning: string | null | undefined, { project }: Answer): boolean {
  return project === undefined || owning === project;
}

function readable<Schema extends z.ZodType>(schema: Schema, answer: Answer): z.output<Schema> {
  const { data } = schema.safeParse(answer.body);
  if (data === undefined) throw unreadable(answer);
  return data;
}

function unreadable(answer: Answer): NoAnswer {
  const doubt = doubtOf('a Neutron', answer);
  return new NoAnswer(`Neutron's answer cannot be read (HTTP status ${answer.status})${doubt}`, true);
}

/** What an error of Neutron means by its status alone: it had no effect. Anything else may have had one. */
const refusals: Readonly<Record<number, Refusal>> = {
  400: 'invalid',
  403: 'forbidden',
  404: 'not_found',
  409: 'invalid',
  412: 'taken',
};

function errorFrom(answer: Answer): Refused | NoAnswer {
  const { words, genuine } = faultIn(answer);
  const refusal = genuine ? refusals[answer.status] : undefined;
  if (refusal) return new Refused(refusal, words, 'Neutron');
  const doubt = isFromElsewhere(answer) ? doubtOf('a Neutron', answer) : '';
  return new NoAnswer(`Neutron answered with HTTP status ${answer.status}: ${saidIn(answer)}${doubt}`, true);
}
