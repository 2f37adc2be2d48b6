import type { Outcome } from '../attempt/outcome.js';
import type { Failure } from '../failures.js';
import type { Server } from '../server.js';

/** So many servers may refuse the data itself before it is taken for wrong. */
const dataRefusals = 3;

/** An attempt after which another server may be tried. */
type Rejected = Extract<Outcome, { readonly failure: Failure }>;

/** What spoke against the servers that one request has tried so far. */
export interface Rejections {
  /** The ids of those that are out of the question by now. */
  readonly out: ReadonlySet<string>;
  /** The latest that may still be reserved by a request whose answer was lost. */
  readonly reservationMayArrive: Server | null;
  /**
   * Takes note that a server was not deployed.
   * @throws Failure the outcome's own, where no other server would do better
   */
  note(server: Server, outcome: Rejected): void;
  /** When no server is left: what no server of any number could take; undefined if that is not the matter. */
  unable(): Failure | undefined;
  /** Why a server could not take the data; undefined if none was refused for that. */
  refused(): Failure | undefined;
}

/** @param only The caller named one server: no other will do. */
export function createRejections(only: boolean): Rejections {
  const out = new Set<string>();
  /** Of those that cannot take the data. */
  const unable: Failure[] = [];
  let refusals = 0;
  let latest: Server | null = null;
  const refused = () => unable.findLast(({ code }) => code === 'deploy_refused') ?? unable.at(-1);
  return {
    out,
    get reservationMayArrive() {
      return latest;
    },
    note(server, { kind, failure }) {
      if (kind === 'mayArriveLate') latest = server;
      if (kind === 'unfit' || failure.code === 'deploy_refused') unable.push(failure);
      if (kind !== 'unfit' && failure.code === 'deploy_refused') refusals += 1;
      const concernsAll = failure.code === 'ironic_too_old' || failure.code === 'ironic_unavailable';
      if (only || concernsAll || refusals === dataRefusals) throw failure;
      if (kind === 'unfit' || !failure.retryable) out.add(server.id);
    },
    unable: () => (unable.length === out.size ? refused() : undefined),
    refused,
  };
}
