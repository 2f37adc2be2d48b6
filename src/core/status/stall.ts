import type { Server } from '../server.js';
import { meaningOf } from '../states.js';
import { usualTimes } from './progress.js';

/** The agent reports every one to three minutes: at 0.3 to 0.6 of Ironic's `ramdisk_heartbeat_timeout` of 300 s. */
const longestSilence = 5;

/** Minutes of `deploy_callback_timeout`, as Ironic has it by default; its API does not tell how it is set. */
const callbackTimeout = 30;

const minute = 60_000;

/**
 * Names a deployment that seems to stand still, in words for `message`; undefined when it goes on as usual.
 *
 * @param startedAt Null when it is not known.
 * @param now Ironic's clock. Both in milliseconds since the epoch.
 */
export function stallOf(server: Server, startedAt: number | null, now: number): string | undefined {
  const { step, provisionedAt, heardAt } = server;
  const { advancedBy } = meaningOf(server);
  const usual = usualTimes(step);
  if (!usual) return undefined;
  const quiet = provisionedAt === null ? 0 : minutesSince(Math.max(provisionedAt, heardAt ?? 0), now);
  const elapsed = startedAt === null ? 0 : minutesSince(startedAt, now);
  const heard = heardAt !== null && startedAt !== null && heardAt > startedAt;
  if (advancedBy === 'agent' && quiet > (heard ? longestSilence : usual.within)) {
    const silence = heard
      ? `nothing was heard of the deployment agent for ${quiet} minutes, which usually reports every 1 to 3`
      : `the deployment agent has not called for ${quiet} minutes, which it usually does within ${usual.within}`;
    return `It seems stalled: ${silence}. ${limitOf(server, now)}`;
  }
  if (advancedBy === 'conductor' && quiet > usual.within) {
    return `It seems stalled: Ironic has worked on this for ${quiet} minutes, which usually takes less than ${usual.within}, and sets itself no limit.`;
  }
  if (advancedBy !== null && advancedBy !== 'operator' && elapsed > usual.by) {
    return `It seems stalled: it has taken ${elapsed} minutes so far, and is usually past this within ${usual.by}.`;
  }
  return undefined;
}

/** When Ironic gives up by itself: so long after the last sign that it had. */
function limitOf({ provisionedAt, maintenance }: Server, now: number): string {
  if (maintenance) return 'The server is in maintenance: Ironic sets it no limit meanwhile.';
  const usual = `Ironic gives up ${callbackTimeout} minutes after the last sign, unless its operator has set another limit`;
  if (provisionedAt === null) return `${usual}.`;
  const left = callbackTimeout - minutesSince(provisionedAt, now);
  return left > 0 ? `${usual}: in about ${left} min.` : `${usual}, which seems to be so: they are over.`;
}

function minutesSince(moment: number, now: number): number {
  return Math.floor((now - moment) / minute);
}
