import type { BareMetal } from '../ports.js';
import type { Server } from '../server.js';
import { pagesOf } from './pages.js';

/** The pages of Ironic, of 1,000 servers each, that one call reads. A real Ironic takes some seconds for them. */
export const mostPages = 10;

/** The servers among which one call looks for a host name, because Ironic cannot. Not complete if there are more of them. */
export async function searchedServers(
  bareMetal: BareMetal,
  signal: AbortSignal,
): Promise<{ readonly servers: readonly Server[]; readonly complete: boolean }> {
  const found: Server[] = [];
  let pages = 0;
  for await (const { servers, next } of pagesOf((after) => bareMetal.list({}, after, signal))) {
    found.push(...servers);
    pages += 1;
    if (pages === mostPages) return { servers: found, complete: next === null };
  }
  return { servers: found, complete: true };
}
