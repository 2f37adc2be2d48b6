import type { Operation } from '../src/core/operation.js';

const begin = '<!-- tools:begin -->';
const end = '<!-- tools:end -->';

/** A text with the table of the operations put between its markers. */
export function withToolsTable(text: string, operations: readonly Operation[]): string {
  const [before, rest] = text.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`there is no ${begin} with its ${end}`);
  return `${before}${begin}\n${toolsTable(operations)}\n${end}${after}`;
}

function toolsTable(operations: readonly Operation[]): string {
  const rows = operations.map(
    ({ name, description, route, effect }) =>
      `| \`${name}\` | ${effect}s | ${description} | \`${route.method} ${route.path}\` |`,
  );
  return ['| Tool | Effect | What it does | REST |', '|---|---|---|---|', ...rows].join('\n');
}
