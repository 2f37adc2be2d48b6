import { deadlines } from '../async/retry.js';
import { withRemains } from '../attempt/attempt-failures.js';
import { Failure, reasonOf } from '../failures.js';
import { op } from '../names.js';
import { type Lister, remainsNow, remainsWords } from '../networks/remains.js';
import type { Rejections } from './rejections.js';

/** The same failure; it also says what attempts on other servers have left in Neutron. */
export async function withRest(failure: unknown, { remains }: Rejections, lister: Lister): Promise<unknown> {
  if (!(failure instanceof Failure)) return failure;
  const isTold = (words: string) => failure.reason?.includes(words.slice(0, -1)) === true;
  const untold = remains.filter((each) => !remainsWords(each).every(isTold));
  return withRemains(failure, await remainsNow(untold, lister));
}

export function tooSlow(): Failure {
  return new Failure('ironic_unavailable', {
    reason: `Finding the image and a server took longer than ${deadlines.call / 1000} s`,
  });
}

/** Some servers may not have been tried. @param refused Why one that was tried could not take the data. */
export function outOfTime(refused: Failure | undefined): Failure {
  if (!refused) {
    return new Failure('no_available_servers', {
      reason: `in ${deadlines.choosing / 1000} s every free server that was tried was busy or taken by others`,
    });
  }
  return new Failure(refused.code, {
    id: refused.id,
    reason: `${reasonOf(refused)}; in ${deadlines.choosing / 1000} s no other suitable server was found`,
    hint: `Call ${op('servers')} to find a suitable server, and name it in server_id.`,
    cause: refused,
  });
}
