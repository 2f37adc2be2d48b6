import { Failure, type FailureDetails } from '../failures.js';
import type { Policy } from '../policy.js';
import { type BareMetal, type Criteria, NoAnswer, Refused, type ServerFilter } from '../ports.js';
import type { Server } from '../server.js';
import { didYouMean } from '../text/nearest.js';
import { named, plain } from '../text/untrusted.js';
import { type Rule, rulesOfChoice } from './eligibility.js';
import { pagesOf } from './pages.js';

/** The reason if Ironic shows no servers. */
export const noServers = 'Ironic shows no servers: none is enrolled, or this account may not see them';

/** The pages of Ironic, of 1,000 servers each, that are read for one explanation. */
const mostPages = 3;

/** The classes that are named; the rest is counted. */
const mostClasses = 12;

/** The wishes whose alternatives are named. */
const mostAlternatives = 4;

interface Seeking {
  readonly bareMetal: BareMetal;
  readonly policy: Policy;
}

/**
 * The failure of a search for a free server. Its reason says how many servers are left after each condition. Reads Ironic
 * a few times; if that fails, the reason says less.
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
  if (all.servers.length === 0) return withoutAny(seeking, resourceClass, signal);
  const elsewhere = await freeElsewhere(bareMetal, criteria, signal);
  const rules = rulesOfChoice(policy, criteria);
  const details = funnel(all, rules, resourceClass === undefined ? '' : ` of class ${plain(resourceClass, 80)}`);
  return { ...details, reason: `${details.reason}${freeButForOne(elsewhere, rules)}${freeButForOne(all, rules)}` };
}

/** There is no server of the class, or none at all. */
async function withoutAny(
  { bareMetal, policy }: Seeking,
  resourceClass: string | undefined,
  signal: AbortSignal,
): Promise<FailureDetails> {
  const { servers, complete } =
    resourceClass === undefined ? { servers: [], complete: true } : await readServers(bareMetal, {}, signal);
  if (servers.length === 0) {
    return {
      reason: noServers,
      hint: 'Ask the operator to enrol servers in Ironic, or to give this account rights to them; "ironic-mcp check" says more.',
      retryable: false,
    };
  }
  const classes = `${complete ? 'the classes are' : 'some of the classes are'} ${byClass(servers)}`;
  const allowed = servers.flatMap((server) =>
    policy.allowsClass(server.resourceClass) ? (server.resourceClass ?? []) : [],
  );
  const meant = didYouMean(resourceClass ?? '', allowed);
  return {
    reason: `no server has class ${plain(resourceClass ?? '', 80)}; ${classes}${meant === undefined ? '' : `. ${meant}`}`,
    hint: 'Call again with a resource_class that the reason names.',
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

/** Free servers of other classes. */
async function freeElsewhere(bareMetal: BareMetal, criteria: Criteria, signal: AbortSignal): Promise<ReadServers> {
  const { resourceClass } = criteria;
  if (resourceClass === undefined) return { servers: [], complete: true };
  const { servers, next } = await bareMetal.listFree({ ...criteria, resourceClass: undefined }, undefined, signal);
  return { servers: servers.filter((server) => server.resourceClass !== resourceClass), complete: next === null };
}

/** How many servers are left after each rule. */
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
    // A server that fails no lasting rule only has to be released.
    const lasting = rules.filter((rule) => rule.advice !== undefined);
    const retryable = servers.some((server) => lasting.every((rule) => rule.test(server)));
    return { reason: counts.join(', '), hint: advice, retryable };
  }
  return { reason: `${counts.join(', ')}; these were busy, taken by others, or unfit for this request` };
}

/** The servers that fail exactly one of the wishes, as clauses. */
function freeButForOne({ servers, complete }: ReadServers, rules: readonly Rule[]): string {
  const found = rules.flatMap((wish) => {
    if (wish.without === undefined) return [];
    const free = servers.filter((server) => rules.every((rule) => rule.test(server) === (rule !== wish)));
    return free.length === 0 ? [] : [`; free ${wish.without}: ${complete ? '' : 'at least '}${byClass(free)}`];
  });
  return found.slice(0, mostAlternatives).join('');
}

/** `baremetal.small 3, baremetal.large 1`, the largest count first. */
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
