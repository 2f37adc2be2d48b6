import type { Outcome } from '../attempt/outcome.js';
import type { Failure } from '../failures.js';
import type { Remains } from '../networks/remains.js';
import type { Server } from '../server.js';

/** After this many servers refuse the data, the data itself is taken for wrong. */
const dataRefusals = 3;

/** An attempt after which another server may be tried. */
type Rejected = Extract<Outcome, { readonly failure: Failure }>;

/** Why the servers that one request has tried were not deployed. */
export interface Rejections {
  /** The ids of the servers that are ruled out. */
  readonly out: ReadonlySet<string>;
  /** What the attempts have left in Neutron all the same. */
  readonly remains: readonly Remains[];
  /** The latest server that may still become reserved by a request whose answer was lost. */
  readonly reservationMayArrive: Server | null;
  /**
   * Records that a server was not deployed.
   * @throws Failure the outcome's own if no other server would do better
   */
  note(server: Server, outcome: Rejected): void;
  /** If no server is left: the data that none of them could take; undefined if there was another cause. */
  unable(): Failure | undefined;
  /** Why a server could not take the data; undefined if none was refused for that. */
  refused(): Failure | undefined;
}

/** @param only The caller named one server, so no other may be tried. */
export function createRejections(only: boolean): Rejections {
  const out = new Set<string>();
  /** Failures of servers that cannot take the data. */
  const unable: Failure[] = [];
  const remaining: Remains[] = [];
  let refusals = 0;
  let unconnected = 0;
  let latest: Server | null = null;
  const refused = () => unable.findLast(({ code }) => code === 'deploy_refused') ?? unable.at(-1);
  return {
    out,
    remains: remaining,
    get reservationMayArrive() {
      return latest;
    },
    note(server, outcome) {
      const { kind, failure } = outcome;
      const { blames, remains = null } = kind === 'unfit' ? {} : outcome;
      if (remains !== null) remaining.push(remains);
      if (kind === 'mayArriveLate') latest = server;
      if (kind === 'unfit' || failure.code === 'deploy_refused' || blames === 'server') unable.push(failure);
      if (kind !== 'unfit' && failure.code === 'deploy_refused') refusals += 1;
      if (blames === 'server') unconnected += 1;
      // One server may be connected badly. If two are not connected, the trouble is not theirs.
      const concernsAll =
        blames === 'server'
          ? unconnected === 2
          : blames === 'request' || failure.code === 'ironic_too_old' || failure.code === 'ironic_unavailable';
      if (only || concernsAll || refusals === dataRefusals) throw failure;
      if (kind === 'unfit' || !failure.retryable || blames === 'server') out.add(server.id);
    },
    unable: () => (unable.length === out.size ? refused() : undefined),
    refused,
  };
}
