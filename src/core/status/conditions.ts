import { bootStandingOf } from '../boot/boot-standing.js';
import type { Server } from '../server.js';
import { beforePower, doingOf, meaningOf, stateName } from '../states.js';
import { isoTime } from '../text/iso-time.js';
import { named, plain } from '../text/untrusted.js';
import { type Cause, classOf, powerWords, wasHeard } from './diagnosis.js';
import { stallOf } from './stall.js';

/** What is known about a server. */
export interface Facts {
  readonly server: Server;
  /** Ironic's clock, in milliseconds since the epoch. */
  readonly now: number;
  /** For how many seconds Ironic's lock was held at every look; null if it was not. */
  readonly lockedFor: number | null;
  /** Ironic's latest error about the present state of the server: untrusted. */
  readonly error: string | null;
}

/** What shows a cause. */
interface Sign {
  readonly evidence: readonly string[];
  /** Ironic's words about it: untrusted. */
  readonly words?: string | null;
}

/** A cause that shows in the server itself. The other rows of the table, in `diagnosis.ts`, show in Ironic's words. */
interface Condition extends Cause {
  /** It explains the server's state, but does not prove that something is wrong. */
  readonly isGuess?: true;
  /** Undefined if nothing shows it. */
  readonly signOf: (facts: Facts) => Sign | undefined;
}

/** A cause that applies to a server. */
export interface Finding extends Cause, Sign {
  readonly isGuess?: true | undefined;
}

const operator = 'The operator should look at the log of Ironic for this server.';

/** A change of power, or an error that did not change the state, counts as news for a day (ms). */
export const newsTime = 86_400_000;

/** A machine may take this long (ms) for its first boot. */
const bootTime = 15 * 60_000;

const shows = (...evidence: readonly (string | false)[]): Sign | undefined => {
  const lines = evidence.filter((line) => line !== false);
  return lines.length === 0 ? undefined : { evidence: lines };
};

/** The conditions, likeliest cause of trouble first. */
export const conditions: readonly Condition[] = [
  {
    code: 'power_or_bmc',
    summary:
      'Ironic cannot control the power of the server: its management controller (BMC) does not answer or refuses',
    hint: 'The operator should look at the management controller and its credentials. Until it answers, Ironic can neither restart nor undeploy the server.',
    signOf({ server, error }) {
      const { fault, maintenanceReason } = server;
      const isFault = fault === 'power failure';
      const sign = shows(
        isFault && 'Ironic has set the fault "power failure"',
        !beforePower.has(server.provisionState) &&
          !knowsPower(server) &&
          'Ironic does not know whether the server is switched on',
      );
      return (
        sign && {
          ...sign,
          words: error !== null && powerWords.test(error) ? error : isFault ? maintenanceReason : null,
        }
      );
    },
  },
  {
    code: 'maintenance',
    summary: 'The server is in maintenance, so Ironic deploys nothing on it and does not watch its power',
    hint: 'Ask the operator why, and when the maintenance ends.',
    signOf: ({ server: { maintenance, maintenanceReason, fault } }) =>
      maintenance
        ? {
            evidence: [
              'It is in maintenance',
              ...(fault === null ? [] : [`Ironic set it for the fault ${named(fault)}`]),
            ],
            words: maintenanceReason,
          }
        : undefined,
  },
  {
    code: 'agent_lost',
    summary: 'The deployment agent on the server stopped answering; the server may have crashed or lost its power',
    hint: 'Ironic gives up by itself after its time limit. The operator should look at the console and the network of the server.',
    signOf: (facts) => (wasHeard(facts.server) ? stall(facts, true) : undefined),
  },
  {
    code: 'no_call_back',
    summary: 'The deployment agent on the server has not called',
    hint: 'Ironic gives up by itself after its time limit. The operator should look at the console of the server: does it boot the deployment ramdisk from the network?',
    signOf: (facts) => (wasHeard(facts.server) ? undefined : stall(facts, true)),
  },
  {
    code: 'stalled',
    summary: 'This part of the deployment takes much longer than usual',
    hint: operator,
    signOf: (facts) => stall(facts, false),
  },
  {
    code: 'held',
    summary: 'An operator holds the server in this state',
    hint: 'Ask the operator to let Ironic go on.',
    signOf: ({ server }) => shows(doingOf(server) === 'is held' && stateWords(server)),
  },
  {
    code: 'switched_off',
    summary: 'The server is switched off although it is deployed',
    hint: 'Ask the operator whether somebody switched it off on purpose.',
    signOf: ({ server }) =>
      shows(
        meaningOf(server).outcome === 'completed' &&
          doingOf(server) === 'rests' &&
          server.targetPower === null &&
          server.powerState === 'power off' &&
          `Ironic shows "power off"${server.poweredAt === null ? '' : ` since ${isoTime(server.poweredAt)}`}`,
      ),
  },
  {
    code: 'locked',
    summary: 'Something keeps Ironic busy with the server: often a management controller (BMC) that does not answer',
    hint: 'Call again in a few minutes. If it is still locked, the operator should look at the management controller of the server.',
    signOf: ({ server, lockedFor }) =>
      shows(
        lockedFor !== null &&
          !isChangingPower(server) &&
          `Ironic's lock was held by ${named(server.lockedBy ?? 'a conductor')} at two looks, ${lockedFor} s apart`,
      ),
  },
  {
    code: 'power_changing',
    summary: 'Ironic is changing the power of the server',
    hint: 'Call again in a minute. If it goes on, the operator should look at the management controller of the server.',
    isGuess: true,
    signOf: ({ server }) =>
      shows(isChangingPower(server) && `Ironic is to bring its power to ${named(server.targetPower ?? '')}`),
  },
  {
    code: 'other',
    summary: "Ironic's last work on the server failed",
    hint: operator,
    signOf: ({ server, error }) =>
      doingOf(server) === 'failed' && meaningOf(server).failed === null
        ? { evidence: [stateWords(server)], words: error }
        : undefined,
  },
  {
    code: 'other',
    summary: 'Ironic reports an error, which may be out of date',
    hint: operator,
    isGuess: true,
    signOf: ({ server, error }) =>
      doingOf(server) === 'failed' || error === null || error === server.maintenanceReason
        ? undefined
        : { evidence: ['Ironic has an error on record since its state last changed'], words: error },
  },
  {
    code: 'power_changed',
    summary: 'The power of the server changed after it was deployed: somebody restarted it, or it went off by itself',
    hint: 'If nobody restarted it, its system may have crashed: its own log and console show why.',
    isGuess: true,
    signOf: ({ server, now }) => {
      const { poweredAt, provisionedAt } = server;
      const after = poweredAt !== null && provisionedAt !== null && poweredAt > provisionedAt;
      return shows(
        meaningOf(server).outcome === 'completed' &&
          after &&
          now - poweredAt < newsTime &&
          `Its power changed at ${isoTime(poweredAt)}; it has been ${stateName(server.provisionState)} since ${isoTime(provisionedAt)}`,
      );
    },
  },
  {
    code: 'no_boot_report',
    summary: 'The system on the server has not reported that it has booted',
    hint: 'Try to log in. A network that keeps the report back, or an image without cloud-init, explains it as well. If the server does not answer, the operator should look at its console.',
    isGuess: true,
    signOf: ({ server, now }) => {
      const { provisionedAt } = server;
      const isLate = provisionedAt !== null && now - provisionedAt > bootTime;
      return shows(
        isLate &&
          bootStandingOf(server).boot === 'waiting' &&
          meaningOf(server).outcome === 'completed' &&
          `Its boot report has not come since ${isoTime(provisionedAt)}`,
      );
    },
  },
];

/**
 * The causes that apply to a server, likeliest first, and each once. Ironic's words decide the class of a cause that has no
 * own one.
 */
export function findingsOf(facts: Facts): readonly Finding[] {
  const findings = conditions.flatMap(({ signOf, ...cause }): Finding[] => {
    const sign = signOf(facts);
    if (!sign) return [];
    const known = cause.code === 'other' && sign.words ? classOf(plain(sign.words), wasHeard(facts.server)) : undefined;
    return [{ ...cause, ...(known && { code: known.code, summary: known.summary }), ...sign }];
  });
  return findings.filter(({ code }, index) => findings.findIndex((other) => other.code === code) === index);
}

/** Whether Ironic knows if a server is switched on. */
export function knowsPower({ powerState }: Server): boolean {
  return /^power (on|off)$/.test(powerState ?? '');
}

/** Whether Ironic was asked to change the power of a server that it does not work on otherwise. */
function isChangingPower(server: Server): boolean {
  return server.targetPower !== null && doingOf(server) === 'rests';
}

function stall({ server, now }: Facts, isSilent: boolean): Sign | undefined {
  const found = stallOf(server, server.entry ? Date.parse(server.entry.started_at) : null, now);
  return shows(found?.isSilent === isSilent && found.words);
}

function stateWords({ provisionState, provisionedAt }: Server): string {
  const since = provisionedAt === null ? '' : ` since ${isoTime(provisionedAt)}`;
  return `Its state is ${stateName(provisionState)}${since}`;
}
