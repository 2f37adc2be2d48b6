import { Failure } from './failures.js';
import type { Server } from './model.js';
import type { Declined } from './plan.js';
import { plain } from './untrusted.js';

/** So many servers may refuse the data itself before it is taken for wrong. */
const dataRefusals = 3;

/** What spoke against the servers that one request has tried so far. */
export interface Rejections {
  /** The ids of those that are out of the question by now. */
  readonly out: ReadonlySet<string>;
  /**
   * Takes note that a server does not suit the request, as was found before anything was changed.
   * @throws Failure that one, where no other server will do
   */
  unsuitable(server: Server, failure: Failure): void;
  /**
   * Takes note of an attempt that came to nothing.
   * @throws Failure its own, where no other server would do better
   */
  declined(server: Server, declined: Declined): void;
  /** What to say when no server is left. */
  noneLeft(resourceClass: string | undefined): Failure;
}

/** @param only The caller named one server: no other will do. */
export function createRejections(only: boolean): Rejections {
  const out = new Set<string>();
  /** Of those that cannot take the data. */
  const unable: Failure[] = [];
  let refusals = 0;
  return {
    out,
    unsuitable(server, failure) {
      if (only) throw failure;
      unable.push(failure);
      out.add(server.id);
    },
    declined(server, { failure, again }) {
      if (failure.code === 'deploy_refused') {
        unable.push(failure);
        refusals += 1;
      }
      const concernsAll = failure.code === 'ironic_too_old' || failure.code === 'ironic_unavailable';
      if (only || concernsAll || refusals === dataRefusals) throw failure;
      if (!again) out.add(server.id);
    },
    noneLeft(resourceClass) {
      const refused = unable.findLast(({ code }) => code === 'deploy_refused') ?? unable.at(-1);
      // No free server can take the data: that is the matter, not how many there are.
      if (refused && unable.length === out.size) return refused;
      return noneAvailable(
        resourceClass === undefined ? 'no server is free' : `no server of class ${plain(resourceClass, 80)} is free`,
      );
    },
  };
}

export function noneAvailable(reason: string): Failure {
  return new Failure('no_available_servers', { reason });
}
