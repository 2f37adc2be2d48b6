import type { Json } from './json.js';

/**
 * How Python prints a value: Ironic's error texts contain printed dicts and lists.
 * Strings take single quotes unless they contain one and no double quote.
 */
export function repr(value: Json): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return reprString(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(', ')}]`;
  const members = Object.entries(value).map(([key, item]) => `${repr(key)}: ${repr(item)}`);
  return `{${members.join(', ')}}`;
}

function reprString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
  return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
}

/** A moment as Python's datetime prints it: without a fraction if the fraction is zero. */
export function isoformat(milliseconds: number): string {
  const text = new Date(milliseconds).toISOString();
  return text.endsWith('.000Z') ? text.slice(0, -5) : `${text.slice(0, -1)}000`;
}
