import type { BootReports } from '../core/boot/boot-reports.js';
import { bootPathFrom } from '../core/boot/phone-home.js';
import { Failure } from '../core/failures.js';
import { hostAddressFrom, unmapped } from '../core/networks/ip.js';
import type { HttpApp } from './app.js';
import { bytesOf } from './body.js';

/** The most bytes of a report. Three long host keys have about 1,500. */
const largestReport = 16 * 1024;

/** The members of cloud-init's form that we ask for. A machine without such a key sends `N/A`. */
const keyMembers = ['pub_key_rsa', 'pub_key_ecdsa', 'pub_key_ed25519'];

export interface BootListenerOptions {
  readonly reports: () => Promise<BootReports>;
  /** Whether machines connect to this listener themselves, so that the peer's address is theirs. */
  readonly seesMachines: boolean;
  /** Called with the cause of an internal error. */
  readonly onDefect: (error: unknown) => void;
}

/**
 * Receives boot reports, and serves nothing else. Every report gets the same answer at once, so that nobody can try out
 * tokens. It never answers 503, because cloud-init would repeat the report without end.
 */
export function createBootListener({ reports, seesMachines, onDefect }: BootListenerOptions): HttpApp {
  return async (request, { client = '' } = {}) => {
    const path = bootPathFrom(new URL(request.url).pathname);
    if (path === null || request.method !== 'POST') return empty(404);
    const peer = unmapped(client);
    try {
      const { admits, take } = await reports();
      if (!admits(peer)) return empty(429);
      const form = new URLSearchParams(new TextDecoder().decode(await bytesOf(request, largestReport)));
      const isMachine = seesMachines && hostAddressFrom(`${peer}/${peer.includes(':') ? 127 : 31}`) !== null;
      take({
        ...path,
        peer,
        from: isMachine ? peer : null,
        keys: keyMembers.flatMap((member) => form.get(member) ?? []),
      });
      return empty(204);
    } catch (error) {
      if (!(error instanceof Failure)) onDefect(error);
      return empty(error instanceof Failure ? error.http : 500);
    }
  };
}

function empty(status: number): Response {
  return new Response(null, { status, headers: { Connection: 'close' } });
}
