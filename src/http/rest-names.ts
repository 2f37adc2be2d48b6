import { operationNames, writtenFor } from '../core/names.js';

const routes = new Map<string, string>(Object.values(operationNames).map(({ mcp, rest }) => [mcp, rest]));
const tool = new RegExp(`\\b(?:${[...routes.keys()].join('|')})\\b`, 'g');

/** A text of the operations' table for REST readers: it names routes instead of tools. Not for texts with foreign data. */
export function forRest(text: string): string {
  return writtenFor('rest', text).replace(tool, (name) => routes.get(name) ?? name);
}
