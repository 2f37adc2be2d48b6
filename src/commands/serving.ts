import { setTimeout as delay } from 'node:timers/promises';
import type { CallerCloud, Config } from '../config/config.js';
import type { Changes } from '../core/async/changes.js';
import { instructionsFor } from '../mcp/instructions.js';
import { createMcpServer, type McpOptions } from '../mcp/server.js';
import { tools } from '../mcp/tools.js';
import { version } from '../version.js';

type ServingOptions = Pick<McpOptions, 'operations' | 'onDefect'>;

/** What the server offers its clients, over stdio and over HTTP alike. */
export function createServing(
  { cloud, policy }: Pick<Config, 'policy'> & { readonly cloud: Config['cloud'] | CallerCloud },
  { operations, onDefect }: ServingOptions,
) {
  const board = async () => {
    const { boardPage } = await import('../board-page.js');
    // The page must say so even if the first answer is a failure.
    const html = cloud.kind === 'simulator' ? boardPage.html.replace('<body', '<body data-simulated') : boardPage.html;
    return { ...boardPage, html };
  };
  return {
    /** The page that draws what the tools answer. */
    board,
    /** An MCP server for one client. */
    mcpServer: (core: McpOptions['core']) =>
      createMcpServer({
        name: 'ironic-mcp',
        version,
        instructions: instructionsFor(cloud, policy.allows),
        tools: tools.filter(({ effect }) => policy.allows(effect)),
        operations,
        core,
        board: async () => (await board()).html,
        openWorld: cloud.kind !== 'simulator',
        onDefect,
      }),
  };
}

/** Composed for the first call that needs it. Until then no code of the cloud is loaded. */
export function composedLater<Composed extends { readonly changes: Changes }>(compose: () => Promise<Composed>) {
  let composed: Promise<Composed> | undefined;
  return {
    composed: (): Promise<Composed> => (composed ??= compose()),
    /** Resolves when no change is in progress, or after `atMost` milliseconds. */
    async settled(atMost: number): Promise<void> {
      if (!composed) return;
      const over = new AbortController();
      try {
        // This delay keeps the process alive; the delays of a change do not.
        await Promise.race([
          composed.then(({ changes }) => changes.settled()),
          delay(atMost, undefined, { signal: over.signal }),
        ]);
      } finally {
        over.abort();
      }
    },
  };
}
