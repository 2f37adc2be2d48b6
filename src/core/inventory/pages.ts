import { NoAnswer, type ServerPage } from '../ports.js';

/** More pages than the largest Ironic has, of 1,000 servers each as a rule. */
const mostPages = 500;

/**
 * One page after the other, from behind the given server to the end. Each server comes once.
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
    // A proxy that drops the marker would give the first page for ever.
    const servers = page.servers.filter(({ id }) => !seen.has(id));
    const next = servers.length > 0 ? page.next : null;
    yield { servers, next };
    if (next === null) return;
    for (const { id } of servers) seen.add(id);
    after = next;
  }
  throw new NoAnswer(`Ironic's list of servers does not end after ${mostPages} pages`, false);
}
