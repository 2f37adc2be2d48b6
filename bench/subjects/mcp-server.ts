// The MCP server for bench/calls.js: ours on stdio, with a core that answers at once.
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { boardPage } from '../../src/board-page.js';
import { createStdioTransport } from '../../src/commands/stdio-transport.js';
import { allOperations } from '../../src/core/operations.js';
import { createMcpServer } from '../../src/mcp/server.js';
import { tools } from '../../src/mcp/tools.js';
import { instantCore } from './instant-core.js';

const core = instantCore();
serveStdio(
  () =>
    createMcpServer({
      name: 'ironic-mcp',
      version: '0',
      instructions: '',
      tools,
      operations: async () => allOperations,
      core: async () => core,
      board: async () => boardPage.html,
      openWorld: false,
      onDefect: (error) => process.stderr.write(`${error}\n`),
    }),
  { transport: createStdioTransport(process) },
);
