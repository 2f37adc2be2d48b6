import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { isSince, likelyCause, usualTimes } from './progress.js';

/** Minutes. The agent reports every 1.5 to 3. */
const longestSilence = 5;

/** Minutes of Ironic's `deploy_callback_timeout` by default. Its API does not show the real value. */
const callbackTimeout = 30;

const minute = 60_000;

/** A deployment that seems to stand still. */
export interface Stall {
  /** Ironic waits for the agent, and the agent does not report. */
  readonly isSilent: boolean;
  /** For a `message`. */
  readonly words: string;
}

/**
 * Whether a deployment seems to stand still; undefined while it goes on as usual.
 *
 * @param startedAt Null if it is unknown.
 * @param now Ironic's clock. Both in milliseconds since the epoch.
 */
export function stallOf(server: Server, startedAt: number | null, now: number): Stall | undefined {
  const { step, provisionedAt, heardAt, calledAt, lockedBy, showsLock } = server;
  const { advancedBy } = meaningOf(server);
  const usual = usualTimes(step);
  const quiet = provisionedAt === null ? 0 : minutesSince(Math.max(provisionedAt, heardAt ?? 0), now);
  // A conductor holds the lock as long as it works. One that starts again after a crash gives up at most eight servers by
  // default, and leaves the others like this.
  if (advancedBy === 'conductor' && showsLock && lockedBy === null && quiet > 0) {
    return slow(
      'no conductor of Ironic holds its lock, so none works on it. The operator should restart the conductors of Ironic, one after the other: one of them then gives this deployment up.',
    );
  }
  if (!usual || advancedBy === null || advancedBy === 'operator') return undefined;
  const elapsed = startedAt === null ? 0 : minutesSince(startedAt, now);
  const heard = isSince(startedAt, heardAt);
  if (advancedBy === 'agent' && quiet > (heard ? longestSilence : usual.within)) {
    const silence = heard
      ? `the deployment agent was last heard ${quiet} min ago; it usually reports every 1.5 to 3 min`
      : `the deployment agent has not called for ${quiet} min; it usually calls within ${usual.within} min`;
    return { isSilent: true, words: `It seems stalled: ${silence}. ${limitOf(server, now)}` };
  }
  if (advancedBy === 'conductor' && quiet > usual.within) {
    return slow(
      `Ironic has worked on this for ${quiet} min. It usually takes less than ${usual.within} min, and Ironic sets no time limit here.`,
    );
  }
  const cause = heard && advancedBy === 'agent' ? likelyCause(step) : undefined;
  const busy = isSince(startedAt, calledAt) ? minutesSince(calledAt, now) : 0;
  if (cause && busy > usual.within) {
    return slow(
      `the deployment agent reports, but has been at this for ${busy} min. It usually takes less than ${usual.within} min. ${cause}`,
    );
  }
  if (elapsed > usual.by) {
    return slow(
      `it has taken ${elapsed} min so far. It is usually past this within ${usual.by} min.${cause ? ` ${cause}` : ''}`,
    );
  }
  return undefined;
}

function slow(words: string): Stall {
  return { isSilent: false, words: `It seems stalled: ${words}` };
}

/** When Ironic gives up by itself: this long after the last sign of the agent. */
function limitOf({ provisionedAt, maintenance }: Server, now: number): string {
  if (maintenance) return 'The server is in maintenance, so Ironic sets no time limit.';
  const left = provisionedAt === null ? callbackTimeout : callbackTimeout - minutesSince(provisionedAt, now);
  return left > 0
    ? `By default Ironic gives up ${callbackTimeout} min after the last sign of the agent: in about ${left} min.`
    : `Ironic's default limit of ${callbackTimeout} min has passed; this Ironic may use a longer one.`;
}

function minutesSince(moment: number, now: number): number {
  return Math.floor((now - moment) / minute);
}
