import { op, setting } from '../names.js';
import type { Policy } from '../policy.js';
import type { Criteria } from '../ports.js';
import type { Server } from '../server.js';
import { freeState, isFree, meaningOf, stateName } from '../states.js';
import { namedImage } from '../text/image-ref.js';
import { isoTime } from '../text/iso-time.js';
import { named } from '../text/untrusted.js';

/** One condition that a server meets or fails, with every text about it. */
export interface Rule {
  /** Describes a server that meets it, so that a count can follow: "not in maintenance: 3". */
  readonly name: string;
  readonly test: (server: Server) => boolean;
  /** Why a server that fails it cannot be deployed, as a clause. */
  readonly sentence: (server: Server) => string;
  /** The same in fewer words, for lists of many servers. */
  readonly note?: (server: Server) => string;
  /** A call that names the server may deploy it anyway. */
  readonly unlessNamed?: boolean;
  /** Left out of the count if every server meets it. */
  readonly rare?: boolean;
  /** What to do if no server meets it. Only for a rule that a server still fails once it is released. */
  readonly advice?: string;
  /** For a wish of the caller: names the servers that fail this wish only, e.g. "without trait CUSTOM_GPU". */
  readonly without?: string;
}

/** Why we never touch a server of Metal3, as a clause. */
export const ownedByMetal3 = 'it belongs to Metal3, because its name contains "~"';

/** Metal3's operator treats every server named `namespace~name` as its own, and undeploys what others put there. */
export function isOfMetal3({ name }: Server): boolean {
  return name?.includes('~') === true;
}

/** The rules that hold for every request. The first rule that a server fails is the one that the answer names. */
export const serverRules: readonly Rule[] = [
  {
    name: freeState,
    test: isFree,
    sentence: (server) => `its state is ${stateName(server.provisionState)}${imageGiven(server)}`,
    note: (server) =>
      `${meaningOf(server).words ?? stateName(server.provisionState)}${server.maintenance ? ', in maintenance' : ''}`,
  },
  { name: 'not in maintenance', test: ({ maintenance }) => !maintenance, sentence: () => 'it is in maintenance' },
  {
    name: 'not reserved',
    test: ({ deploymentId }) => deploymentId === null,
    sentence: ({ deploymentId }) => `it is reserved as deployment ${named(deploymentId ?? '')}`,
    note: () => 'reserved, not deployed',
  },
  {
    name: 'not retired and not of Metal3',
    test: (server) => !server.retired && !isOfMetal3(server),
    sentence: ({ retired }) => (retired ? 'it is retired' : ownedByMetal3),
    rare: true,
  },
  {
    name: 'not owned by another project',
    test: ({ lessee, tenancy }) => lessee !== null || tenancy !== 'others',
    sentence: () => 'owned by another project: choose another',
    unlessNamed: true,
    rare: true,
    advice: 'The free servers belong to another project. Pass the server_id of one only if the user names that server.',
  },
  {
    name: 'not leased and with a known power state',
    test: ({ lessee, tenancy, powerState }) => (lessee === null || tenancy === 'ours') && powerState !== null,
    sentence: ({ powerState }) =>
      `${powerState === null ? 'power state unknown' : 'leased to somebody else'}: choose another`,
    unlessNamed: true,
    rare: true,
    advice:
      'The free servers are leased to somebody else or have no known power state. Pass the server_id of one only if the user names that server.',
  },
];

function imageGiven(server: Server): string {
  const { outcome } = meaningOf(server);
  if (outcome === null || outcome === 'none' || !server.entry) return '';
  return `; it was given image ${namedImage(server.entry.image)} at ${isoTime(Date.parse(server.entry.started_at))}`;
}

function permittedBy(policy: Policy): Rule {
  return {
    name: `of an allowed class (${setting('resource_classes')})`,
    test: ({ resourceClass }) => policy.allowsClass(resourceClass),
    sentence: () => `class not allowed by this MCP server's operator (${setting('resource_classes')})`,
    rare: true,
    advice: 'Only the operator of this MCP server can allow more classes.',
  };
}

function wishesOf({ resourceClass, conductorGroup, traits = [], networkInterfaces }: Criteria): readonly Rule[] {
  const interfaces = networkInterfaces?.join(' or ');
  const missing = (server: Server) => traits.filter((trait) => !server.traits.includes(trait)).join(', ');
  const wishes: readonly (Rule | false)[] = [
    resourceClass !== undefined && {
      name: `of class ${resourceClass}`,
      test: (server) => server.resourceClass === resourceClass,
      sentence: (server) => `its resource class is ${server.resourceClass ? named(server.resourceClass) : 'not set'}`,
      rare: true,
      without: 'in other classes',
    },
    conductorGroup !== undefined && {
      name: `in conductor group ${conductorGroup}`,
      test: (server) => server.conductorGroup === conductorGroup,
      sentence: (server) =>
        `its conductor group is ${server.conductorGroup ? named(server.conductorGroup) : 'the default one'}`,
      advice:
        'Leave out conductor_group, or ask the operator for the right one: no matching server is in it, free or not.',
      without: 'in other conductor groups',
    },
    ...traits.map((trait) => ({
      name: `with trait ${trait}`,
      test: (server: Server) => server.traits.includes(trait),
      sentence: (server: Server) => `it does not have the trait ${missing(server)}`,
      advice: `Call ${op('servers')} to see the traits, then ask for fewer or for another resource_class: no server, free or not, has all of them.`,
      without: `without trait ${trait}`,
    })),
    networkInterfaces !== undefined && {
      name: `with network interface ${interfaces}`,
      test: ({ networkInterface }) => networkInterfaces.includes(networkInterface ?? ''),
      sentence: ({ networkInterface }) =>
        `its network interface is ${networkInterface ? named(networkInterface) : 'not known'}, and networks as given need ${interfaces}`,
      advice: `Leave out networks: no server of this kind, free or not, has the network interface ${interfaces}.`,
      without: 'with other network interfaces',
    },
  ];
  return wishes.filter((wish) => wish !== false);
}

/** Which wish a server fails, as a clause; undefined if it meets all. */
export function mismatch(server: Server, criteria: Criteria): string | undefined {
  return firstFailed(server, wishesOf(criteria))?.sentence(server);
}

function firstFailed(server: Server, rules: readonly Rule[]): Rule | undefined {
  return rules.find(({ test }) => !test(server));
}

/** Makes choosing, explaining and counting from the rules. A test adds a rule to them. */
export function createEligibility(rules: readonly Rule[]) {
  const obstacles = rules.filter(({ unlessNamed }) => !unlessNamed);
  return {
    /** Why a server cannot be deployed now, as a clause; undefined if it can. */
    obstacleTo: (server: Server) => firstFailed(server, obstacles)?.sentence(server),
    /** Whether a call that names the server can deploy it now, under the operator's rules. */
    isAvailable: (server: Server, policy: Policy) =>
      firstFailed(server, [...obstacles, permittedBy(policy)]) === undefined,
    /** Why a server cannot be deployed now, or only by name, in few words; undefined if it can. */
    noteOn(server: Server, policy: Policy): string | undefined {
      const failed = firstFailed(server, [...obstacles, permittedBy(policy), ...rules]);
      return (failed?.note ?? failed?.sentence)?.(server);
    },
    /** The rules for a call that names no server, in the order in which they are counted. */
    rulesOfChoice: (policy: Policy, criteria: Criteria) => [permittedBy(policy), ...wishesOf(criteria), ...rules],
  };
}

export const { obstacleTo, isAvailable, noteOn, rulesOfChoice } = createEligibility(serverRules);
