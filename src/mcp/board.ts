import type { McpServer } from '@modelcontextprotocol/server';
import type { Drawing } from '../core/call.js';
import type { Tool } from './tools.js';

/** The page of the board, an MCP App: hosts that know the extension show it beside the answers of two tools. */
const boardUri = 'ui://ironic/board';

const mimeType = 'text/html;profile=mcp-app';

/** The tools whose answers the page shows. The page polls by itself, so a status call shows no page of its own. */
const shown: ReadonlySet<string> = new Set(['provision_server', 'list_servers']);

/**
 * Tells the host what it may do with a tool: a page may call only the tools that read. Some hosts ignore this, so none of
 * our rules may depend on it.
 */
export function toolMeta({ name, effect }: Pick<Tool, 'name' | 'effect'>) {
  const resourceUri = shown.has(name) ? { resourceUri: boardUri } : {};
  const visibility = effect === 'read' ? {} : { visibility: ['model'] };
  const ui = { ...resourceUri, ...visibility };
  return Object.keys(ui).length === 0 ? {} : { _meta: { ui } };
}

/** What only the page needs of an answer, in the member that hosts do not show to the model. */
export function answerMeta(drawing: Drawing | undefined) {
  return drawing === undefined ? {} : { _meta: { 'io.github.ironic-mcp/drawing': drawing } };
}

/** Offers the page to hosts, which find it through the tools. So it is in no list of resources, and neither is anything else. */
export function registerBoard(server: McpServer, board: () => Promise<string>): void {
  server.registerResource('board', boardUri, { title: 'The board', mimeType }, async ({ href: uri }) => ({
    contents: [{ uri, mimeType, text: await board(), _meta: { ui: { prefersBorder: false } } }],
  }));
  server.server.setRequestHandler('resources/list', () => ({ resources: [] }));
}
