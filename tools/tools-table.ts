import type { Operation } from '../src/core/operation.js';
import { marked } from './marked.js';

/** The text, with the table of the operations between its markers. */
export function withToolsTable(text: string, operations: readonly Operation[]): string {
  const rows = operations.map(
    ({ name, description, route, effect }) =>
      `| \`${name}\` | ${effect}s | ${description} | \`${route.method} ${route.path}\` |`,
  );
  return marked(text, 'tools', ['| Tool | Effect | What it does | REST |', '|---|---|---|---|', ...rows].join('\n'));
}
