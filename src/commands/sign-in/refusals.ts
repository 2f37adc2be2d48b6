import type { Failure } from '../../core/failures.js';
import type { Clock } from '../../core/ports.js';

/** How long (ms) a refused credential and its address are remembered. */
const lasts = 60_000;

/** How many sign-ins from one address may fail in that time. Ones that are still under way count too. */
const mostOfOne = 20;

/** The most credentials, and the most addresses, that are remembered. */
const mostHeld = 1_024;

/**
 * Remembers refused sign-ins for a minute, so that a client that repeats a wrong one, or tries one after the other, does not
 * burden Keystone.
 */
export function createRefusals(clock: Clock) {
  /** When each is forgotten, the earliest first. */
  const credentials = new Map<string, { readonly until: number; readonly failure: Failure }>();
  const addresses = new Map<string, { readonly until: number; failed: number }>();

  function clean(): void {
    for (const held of [credentials, addresses]) {
      for (const [key, { until }] of held) {
        if (until > clock.now() && held.size <= mostHeld) break;
        held.delete(key);
      }
    }
  }

  return {
    /** @param address Where the credential came from, if it was never right. */
    note(credential: string, failure: Failure, address?: string): void {
      credentials.delete(credential);
      credentials.set(credential, { until: clock.now() + lasts, failure });
      if (address !== undefined) {
        const known = addresses.get(address) ?? { until: clock.now() + lasts, failed: 0 };
        known.failed += 1;
        addresses.set(address, known);
      }
      clean();
    },
    /** Why the credential is refused; undefined if it is not. */
    failureOf(credential: string): Failure | undefined {
      clean();
      return credentials.get(credential)?.failure;
    },
    /** @param pending Its sign-ins that have not ended. */
    isLimited(address: string, pending: number): boolean {
      clean();
      return (addresses.get(address)?.failed ?? 0) + pending >= mostOfOne;
    },
    held: () => ({ refused: credentials.size, addresses: addresses.size }),
  };
}
