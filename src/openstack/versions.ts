import { Refused } from '../core/ports.js';
import type { Answer } from './http.js';

/**
 * Which version of Ironic's API (1.x, of which only x is written here) a feature needs. Source: Ironic's
 * "REST API Version History".
 */
export const needs = {
  /** Everything without which there is no deployment; the config drive's `vendor_data` came last. */
  deployment: 59,
  retired: 61,
  lessee: 65,
  history: 78,
} as const;

/** The version that we ask for where Ironic has it: nothing newer is needed. */
const preferred = Math.max(...Object.values(needs));

const header = 'x-openstack-ironic-api-version';
const versionPattern = /^1\.(\d{1,5})$/;

export type Version = ReturnType<typeof createVersion>;

/** The microversion that is spoken with one Ironic. Starts with what we prefer and learns from its answers. */
export function createVersion() {
  let minor = preferred;
  return {
    /** For example `1.78`. */
    spoken: () => `1.${minor}`,
    headers: (): Record<string, string> => ({ [header]: `1.${minor}` }),
    has: (feature: keyof typeof needs) => minor >= needs[feature],
    /**
     * Takes note of an answer that refuses the version. True if the request should be sent again with another one.
     * @param asked The version that this request was sent with: another one's answer may have changed it since.
     * @throws Refused `too_old`
     */
    learn(answer: Answer, asked: string): boolean {
      if (answer.status !== 406) return false;
      const newest = minorIn(answer, 'x-openstack-ironic-api-maximum-version');
      const oldest = minorIn(answer, 'x-openstack-ironic-api-minimum-version');
      if (newest === undefined || oldest === undefined) return false;
      if (newest < needs.deployment) {
        throw new Refused('too_old', `Ironic speaks API 1.${newest}, and 1.${needs.deployment} is needed`, 'us');
      }
      minor = Math.max(oldest, Math.min(newest, preferred));
      return `1.${minor}` !== asked;
    },
  };
}

function minorIn(answer: Answer, name: string): number | undefined {
  const match = versionPattern.exec(answer.headers.get(name) ?? '');
  return match ? Number(match[1]) : undefined;
}
