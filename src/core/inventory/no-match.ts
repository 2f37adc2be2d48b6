import { Failure, type FailureDetails } from '../failures.js';
import type { Policy } from '../policy.js';
import { type BareMetal, type Criteria, NoAnswer, Refused, type ServerFilter } from '../ports.js';
import type { Server } from '../server.js';
import { named, plain } from '../text/untrusted.js';
import { isChoice, mismatch, obstacleTo, obstacleToChoosing } from './eligibility.js';
import { pagesOf } from './pages.js';

/** What to say where Ironic shows nothing at all. */
export const noServers =
  'Ironic shows no server at all: either none is enrolled, or this user has no rights to see any of them';

/** So many pages of Ironic, of 1,000 servers each, are looked at for one explanation. */
const mostPages = 3;

/** More classes are only counted. */
const mostClasses = 12;

/** More wishes that could be given up are not told. */
const mostAlternatives = 4;

interface Seeking {
  readonly bareMetal: BareMetal;
  readonly policy: Policy;
}

/**
 * The failure of a search for a free server, which says for each thing that was asked for how many servers it left.
 * Asks Ironic a few times; where that fails, it says less.
 */
export async function noneAvailable(seeking: Seeking, criteria: Criteria, signal: AbortSignal): Promise<Failure> {
  try {
    return new Failure('no_available_servers', await explanation(seeking, criteria, signal));
  } catch (error) {
    if (!(error instanceof NoAnswer || error instanceof Refused)) throw error;
    return new Failure('no_available_servers', { reason: 'no free server matches', cause: error });
  }
}

async function explanation(seeking: Seeking, criteria: Criteria, signal: AbortSignal): Promise<FailureDetails> {
  const { bareMetal } = seeking;
  const { resourceClass } = criteria;
  const all = await readServers(bareMetal, { resourceClass }, signal);
  if (all.servers.length === 0) return withoutAny(bareMetal, resourceClass, signal);
  const others = resourceClass === undefined ? '' : await freeElsewhere(seeking, criteria, signal);
  const { words, ...advice } = funnel(seeking, all, criteria);
  return { reason: `${words}${others}${freeButForOne(seeking, all, criteria)}`, ...advice };
}

/** There is no server of the class, or none at all. */
async function withoutAny(
  bareMetal: BareMetal,
  resourceClass: string | undefined,
  signal: AbortSignal,
): Promise<FailureDetails> {
  const { servers, complete } =
    resourceClass === undefined ? { servers: [], complete: true } : await readServers(bareMetal, {}, signal);
  if (servers.length === 0) {
    return {
      reason: noServers,
      hint: 'The operator should enrol servers in Ironic, or give this user rights to them; "ironic-mcp check" tells more.',
      retryable: false,
    };
  }
  const classes = `the classes there are${complete ? '' : ', as far as was looked'}: ${byClass(servers)}`;
  return {
    reason: `no server has the class ${plain(resourceClass ?? '', 80)}; ${classes}`,
    hint: 'Call again with a resource_class that there is; the reason names them.',
    retryable: false,
  };
}

interface ReadServers {
  readonly servers: readonly Server[];
  readonly complete: boolean;
}

async function readServers(bareMetal: BareMetal, filter: ServerFilter, signal: AbortSignal): Promise<ReadServers> {
  const servers: Server[] = [];
  let pages = 0;
  let complete = true;
  for await (const page of pagesOf((after) => bareMetal.list(filter, after, signal))) {
    pages += 1;
    servers.push(...page.servers);
    complete = page.next === null;
    if (pages === mostPages) break;
  }
  return { servers, complete };
}

interface Step {
  readonly words: string;
  readonly passes: (server: Server) => boolean;
  /** Not worth a word where it leaves all. */
  readonly quiet?: boolean;
  /** What to do where it leaves none, if a release does not change that: what a server does not have it will not have then. */
  readonly advice?: string;
}

const otherRules = 'Only the operator of this MCP server can change which classes may be deployed.';
const otherGroup =
  'Leave out conductor_group, or have the operator tell which one is meant: no server of this kind is in it, free or not.';
const otherTraits =
  'Ask for less, or for another resource_class: no server, free or not, has all of it; list_servers shows what they have.';
const byName =
  'Call again with the server_id of a free one; list_servers shows them. What is leased, or has no known power state, is taken only when it is named.';

function stepsOf({ policy }: Seeking, { traits = [], conductorGroup }: Criteria): readonly Step[] {
  return [
    {
      words: 'of a class that may be deployed (IRONIC_MCP_RESOURCE_CLASSES)',
      passes: ({ resourceClass }) => policy.allowsClass(resourceClass),
      quiet: true,
      advice: otherRules,
    },
    ...(conductorGroup === undefined
      ? []
      : [
          {
            words: `in conductor group ${conductorGroup}`,
            passes: (server: Server) => mismatch(server, { conductorGroup }) === undefined,
            advice: otherGroup,
          },
        ]),
    ...traits.map((trait) => ({
      words: `with trait ${trait}`,
      passes: (server: Server) => mismatch(server, { traits: [trait] }) === undefined,
      advice: otherTraits,
    })),
    { words: 'available', passes: ({ provisionState }) => provisionState === 'available' },
    { words: 'not in maintenance', passes: ({ maintenance }) => !maintenance },
    { words: 'not reserved', passes: ({ deploymentId }) => deploymentId === null },
    { words: 'not retired and not of Metal3', passes: (server) => obstacleTo(server) === undefined, quiet: true },
    {
      words: 'not leased and with a known power state',
      passes: (server) => obstacleToChoosing(server) === undefined,
      quiet: true,
      advice: byName,
    },
  ];
}

interface Funnel extends Pick<FailureDetails, 'hint' | 'retryable'> {
  readonly words: string;
}

/** How many servers each wish leaves of those that the wishes before it left. */
function funnel(seeking: Seeking, { servers, complete }: ReadServers, criteria: Criteria): Funnel {
  const ofClass = criteria.resourceClass === undefined ? '' : ` of class ${plain(criteria.resourceClass, 80)}`;
  const counts = [
    complete ? `servers${ofClass}: ${servers.length}` : `of the first ${servers.length} servers${ofClass}`,
  ];
  let left = servers;
  const steps = stepsOf(seeking, criteria);
  for (const { words, passes, quiet, advice } of steps) {
    const passing = left.filter(passes);
    if (!quiet || passing.length < left.length) counts.push(`${words}: ${passing.length}`);
    left = passing;
    if (left.length > 0) continue;
    if (advice === undefined || !complete) return { words: counts.join(', ') };
    // There may be others, which only have to be released.
    const lasting = steps.filter((step) => step.advice !== undefined);
    const retryable = servers.some((server) => lasting.every((step) => step.passes(server)));
    return { words: counts.join(', '), hint: advice, retryable };
  }
  return { words: `${counts.join(', ')}; those were busy, taken meanwhile, or not fit for this request` };
}

/** Free servers of other classes that meet all other wishes, as a clause. */
async function freeElsewhere({ bareMetal, policy }: Seeking, criteria: Criteria, signal: AbortSignal): Promise<string> {
  const anyClass = { ...criteria, resourceClass: undefined };
  const { servers, next } = await bareMetal.listFree(anyClass, undefined, signal);
  const free = servers.filter(
    (server) =>
      isChoice(server, anyClass) &&
      server.resourceClass !== criteria.resourceClass &&
      policy.allowsClass(server.resourceClass),
  );
  return free.length === 0 ? '' : `; free in other classes: ${next === null ? '' : 'at least '}${byClass(free)}`;
}

/** Free servers that lack nothing but one of the wishes, as clauses. */
function freeButForOne({ policy }: Seeking, { servers }: ReadServers, criteria: Criteria): string {
  const { traits = [], conductorGroup } = criteria;
  const wishes: readonly (readonly [string, Criteria])[] = [
    ...(conductorGroup === undefined
      ? []
      : [['in other conductor groups', { ...criteria, conductorGroup: undefined }] as const]),
    ...traits.map(
      (trait) =>
        [`without trait ${trait}`, { ...criteria, traits: traits.filter((other) => other !== trait) }] as const,
    ),
  ];
  const found = wishes.flatMap(([words, rest]) => {
    const free = servers.filter(
      (server) =>
        isChoice(server, rest) && mismatch(server, criteria) !== undefined && policy.allowsClass(server.resourceClass),
    );
    return free.length === 0 ? [] : [`; free ${words}: ${byClass(free)}`];
  });
  return found.slice(0, mostAlternatives).join('');
}

/** `baremetal.small 3, baremetal.large 1`, the most first. */
function byClass(servers: readonly Server[]): string {
  const counts = new Map<string, number>();
  for (const { resourceClass } of servers) {
    if (resourceClass !== null) counts.set(resourceClass, (counts.get(resourceClass) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, left], [, right]) => right - left);
  const shown = sorted.slice(0, mostClasses).map(([name, count]) => `${named(name)} ${count}`);
  const rest = sorted.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
}
