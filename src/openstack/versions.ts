import { Refused } from '../core/ports.js';
import type { Answer } from './http.js';

/**
 * The version of Ironic's API that a feature needs; 59 means 1.59. Source: Ironic's "REST API Version History".
 */
export const needs = {
  /** Everything that a deployment needs. The newest part is the config drive's `vendor_data`. */
  deployment: 59,
  retired: 61,
  lessee: 65,
  history: 78,
} as const;

/** The version that we ask for first. We need nothing newer. */
const preferred = Math.max(...Object.values(needs));

const header = 'x-openstack-ironic-api-version';
const versionPattern = /^1\.(\d{1,5})$/;

export type Version = ReturnType<typeof createVersion>;

/** The API version for one Ironic. It starts with the preferred version and learns from Ironic's answers. */
export function createVersion() {
  let minor = preferred;
  return {
    /** For example `1.78`. */
    spoken: () => `1.${minor}`,
    headers: (): Record<string, string> => ({ [header]: `1.${minor}` }),
    has: (feature: keyof typeof needs) => minor >= needs[feature],
    /**
     * Learns from an answer that refuses the version. True if the request is worth repeating with another version.
     * @param asked The version of this request. Another request's answer may have changed the version since.
     * @throws Refused `too_old`
     */
    learn(answer: Answer, asked: string): boolean {
      if (answer.status !== 406) return false;
      const newest = minorIn(answer, 'x-openstack-ironic-api-maximum-version');
      const oldest = minorIn(answer, 'x-openstack-ironic-api-minimum-version');
      if (newest === undefined || oldest === undefined) return false;
      if (newest < needs.deployment) {
        throw new Refused('too_old', `Ironic speaks API 1.${newest}; 1.${needs.deployment} is needed`, 'us');
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
