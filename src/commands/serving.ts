import { setTimeout as delay } from 'node:timers/promises';
import type { McpServer } from '@modelcontextprotocol/server';
import type { Config } from '../config/config.js';
import type { Core } from '../core/operation.js';
import { instructionsFor } from '../mcp/instructions.js';
import { createMcpServer, type McpOptions } from '../mcp/server.js';
import { tools } from '../mcp/tools.js';
import { version } from '../version.js';

export interface ServingOptions extends Pick<McpOptions, 'operations' | 'onDefect'> {
  /** Tells the operator of what the caller is not told. */
  readonly warn: (message: string) => void;
}

/** What the settings have for clients, whichever way they come. */
export interface Serving {
  /** The core, put together for the first who needs it: until then nothing of the cloud is loaded. */
  core(): Promise<Core>;
  /** An MCP server for one client. */
  mcpServer(): McpServer;
  /** Resolves when no change is under way any more, or after so many milliseconds. */
  settled(atMost: number): Promise<void>;
}

export function createServing(config: Config, { operations, onDefect, warn }: ServingOptions): Serving {
  const { cloud, policy } = config;
  let composed: Promise<Core> | undefined;
  const core = () => (composed ??= import('../compose.js').then(({ composeCore }) => composeCore(config, { warn })));
  return {
    core,
    mcpServer: () =>
      createMcpServer({
        name: 'ironic-mcp',
        version,
        instructions: instructionsFor(cloud, policy.allows),
        tools: tools.filter(({ effect }) => policy.allows(effect)),
        operations,
        core,
        openWorld: cloud.kind !== 'simulator',
        onDefect,
      }),
    async settled(atMost) {
      if (!composed) return;
      const over = new AbortController();
      try {
        // The pause keeps the process alive meanwhile, for those of a change do not.
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
