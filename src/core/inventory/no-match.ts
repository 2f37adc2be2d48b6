import { Failure, type FailureDetails } from '../failures.js';
import type { Policy } from '../policy.js';
import { type BareMetal, type Criteria, NoAnswer, Refused, type ServerFilter } from '../ports.js';
import type { Server } from '../server.js';
import { named, plain } from '../text/untrusted.js';
import { type Rule, rulesOfChoice } from './eligibility.js';
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
  const { bareMetal, policy } = seeking;
  const { resourceClass } = criteria;
  const all = await readServers(bareMetal, { resourceClass }, signal);
  if (all.servers.length === 0) return withoutAny(bareMetal, resourceClass, signal);
  const elsewhere = await freeElsewhere(bareMetal, criteria, signal);
  const rules = rulesOfChoice(policy, criteria);
  const details = funnel(all, rules, resourceClass === undefined ? '' : ` of class ${plain(resourceClass, 80)}`);
  return { ...details, reason: `${details.reason}${freeButForOne(elsewhere, rules)}${freeButForOne(all, rules)}` };
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

/** Servers of other classes that nobody has. */
async function freeElsewhere(bareMetal: BareMetal, criteria: Criteria, signal: AbortSignal): Promise<ReadServers> {
  const { resourceClass } = criteria;
  if (resourceClass === undefined) return { servers: [], complete: true };
  const { servers, next } = await bareMetal.listFree({ ...criteria, resourceClass: undefined }, undefined, signal);
  return { servers: servers.filter((server) => server.resourceClass !== resourceClass), complete: next === null };
}

/** How many servers each rule leaves of those that the rules before it left. */
function funnel({ servers, complete }: ReadServers, rules: readonly Rule[], ofClass: string): FailureDetails {
  const counts = [
    complete ? `servers${ofClass}: ${servers.length}` : `of the first ${servers.length} servers${ofClass}`,
  ];
  let left = servers;
  for (const { name, test, rare, advice } of rules) {
    const passing = left.filter(test);
    if (!rare || passing.length < left.length) counts.push(`${name}: ${passing.length}`);
    left = passing;
    if (left.length > 0) continue;
    if (advice === undefined || !complete) return { reason: counts.join(', ') };
    // There may be others, which only have to be released.
    const lasting = rules.filter((rule) => rule.advice !== undefined);
    const retryable = servers.some((server) => lasting.every((rule) => rule.test(server)));
    return { reason: counts.join(', '), hint: advice, retryable };
  }
  return { reason: `${counts.join(', ')}; those were busy, taken meanwhile, or not fit for this request` };
}

/** Servers that fail nothing but one of the wishes, as clauses. */
function freeButForOne({ servers, complete }: ReadServers, rules: readonly Rule[]): string {
  const found = rules.flatMap((wish) => {
    if (wish.without === undefined) return [];
    const free = servers.filter((server) => rules.every((rule) => rule.test(server) === (rule !== wish)));
    return free.length === 0 ? [] : [`; free ${wish.without}: ${complete ? '' : 'at least '}${byClass(free)}`];
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
