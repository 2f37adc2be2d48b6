import { NoAnswer, type ServerPage } from '../ports.js';

/** More pages than the largest Ironic has. A page usually has 1,000 servers. */
const mostPages = 500;

/**
 * All pages after the given server. Each server comes once.
 * @throws NoAnswer for a list that does not end
 */
export async function* pagesOf(
  load: (after: string | undefined) => Promise<ServerPage>,
  start?: string,
): AsyncGenerator<ServerPage, void> {
  const seen = new Set<string>();
  let after = start;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await load(after);
    // A proxy that drops the marker would answer the first page forever.
    const servers = page.servers.filter(({ id }) => !seen.has(id));
    const next = servers.length > 0 ? page.next : null;
    yield { servers, next };
    if (next === null) return;
    for (const { id } of servers) seen.add(id);
    after = next;
  }
  throw new NoAnswer(`Ironic's list of servers does not end after ${mostPages} pages`, false);
}
