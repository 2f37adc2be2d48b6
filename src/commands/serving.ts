import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.js';
import type { Core } from '../core/operation.js';
import { instructionsFor } from '../mcp/instructions.js';
import { createMcpServer, type McpOptions } from '../mcp/server.js';
import { tools } from '../mcp/tools.js';
import { version } from '../version.js';

interface ServingOptions extends Pick<McpOptions, 'operations' | 'onDefect'> {
  /** Tells the operator what the caller is not told. */
  readonly warn: (message: string) => void;
}

/** What the server offers its clients, over stdio and over HTTP alike. */
export function createServing(config: Config, { operations, onDefect, warn }: ServingOptions) {
  const { cloud, policy } = config;
  let composed: Promise<Core> | undefined;
  /** The core, composed for the first call that needs it. Until then no code of the cloud is loaded. */
  const core = (): Promise<Core> =>
    (composed ??= import('../compose.js').then(({ composeCore }) => composeCore(config, { warn })));
  const board = async () => {
    const { boardPage } = await import('../board-page.js');
    // The page must say so even if the first answer is a failure.
    const html = cloud.kind === 'simulator' ? boardPage.html.replace('<body', '<body data-simulated') : boardPage.html;
    return { ...boardPage, html };
  };
  return {
    core,
    /** The page that draws what the tools answer. */
    board,
    /** An MCP server for one client. */
    mcpServer: () =>
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
