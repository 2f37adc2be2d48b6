import type { ServerPage } from '../ports.js';

/** One page after the other, from behind the given server to the end. Each server comes once. */
export async function* pagesOf(
  load: (after: string | undefined) => Promise<ServerPage>,
  start?: string,
): AsyncGenerator<ServerPage, void> {
  const seen = new Set<string>();
  for (let after = start; ; ) {
    const page = await load(after);
    // A proxy that drops the marker would give the first page for ever.
    const servers = page.servers.filter(({ id }) => !seen.has(id));
    const next = servers.length > 0 ? page.next : null;
    yield { servers, next };
    if (next === null) return;
    for (const { id } of servers) seen.add(id);
    after = next;
  }
}
