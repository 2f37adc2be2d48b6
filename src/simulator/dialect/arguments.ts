import { Fault } from './errors.js';
import type { Json } from './json.js';
import { repr } from './python.js';

/** Reads one argument as Ironic does: the value, or a 400 that names the argument. */
export type Reader<Value> = (name: string, value: string) => Value;

const TRUE = ['1', 't', 'true', 'on', 'y', 'yes'];
const FALSE = ['0', 'f', 'false', 'off', 'n', 'no'];

const invalid = (message: string) => new Fault(400, message);

export const text: Reader<string> = (_name, value) => value;

export const boolean: Reader<boolean> = (name, value) => {
  const word = value.trim().toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  const acceptable = [...TRUE, ...FALSE].sort().map((each) => `'${each}'`);
  throw invalid(`Invalid ${name}: Unrecognized value '${value}', acceptable values are: ${acceptable.join(', ')}`);
};

export const integer: Reader<number> = (name, value) => {
  if (!/^\s*[+-]?\d+\s*$/.test(value)) throw invalid(`Expected an integer for ${name}: ${value}`);
  return Number(value);
};

/** Ironic accepts every UUID that Python accepts: any case, with or without hyphens. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{32}$/i.test(value.replaceAll('-', ''));
}

export const uuid: Reader<string> = (name, value) => {
  if (!isUuid(value)) throw invalid(`Expected UUID for ${name}: ${value}`);
  return value;
};

/** A logical name: RFC 3986's unreserved characters. */
export function isLogicalName(value: string): boolean {
  return value.length <= 255 && /^[a-z0-9._~-]+$/i.test(value);
}

export const uuidOrName: Reader<string> = (name, value) => {
  if (!isLogicalName(value) && !isUuid(value)) throw invalid(`Expected UUID or name for ${name}: ${value}`);
  return value;
};

/** A comma-separated list in lower case, without duplicates. */
export const list: Reader<readonly string[]> = (_name, value) => {
  const items = value.split(',').map((each) => each.trim().toLowerCase());
  return [...new Set(items.filter((each) => each !== ''))];
};

type Readers = Readonly<Record<string, Reader<unknown>>>;

/** The values that a table of readers reads from a query. Every argument may be absent. */
export type Arguments<Table extends Readers> = {
  readonly [Name in keyof Table]?: ReturnType<Table[Name]>;
};

/** Reads a query with a table of readers. Refuses an argument that is not in the table. */
export function readQuery<Table extends Readers>(query: URLSearchParams, table: Table): Arguments<Table> {
  refuseUnexpected([...query.keys()], Object.keys(table));
  const read: { [Name in keyof Table]?: ReturnType<Table[Name]> } = {};
  for (const name in table) {
    const value = query.get(name);
    const reader = table[name];
    if (value !== null && reader) read[name] = reader(name, value) as ReturnType<Table[typeof name]>;
  }
  return read;
}

export function refuseUnexpected(given: readonly string[], known: readonly string[]): void {
  const unexpected = [...new Set(given)].filter((name) => !known.includes(name));
  if (unexpected.length > 0) throw invalid(`Unexpected arguments: ${unexpected.join(', ')}`);
}

/** A member of a body that must be a boolean. Ironic also accepts its words for booleans. */
export function readBoolean(name: string, value: Json): boolean | null {
  return value === null || typeof value === 'boolean' ? value : boolean(name, String(value));
}

/** A member of a body that must be a string. */
export function readText(name: string, value: Json): string | null {
  if (value === null || typeof value === 'string') return value;
  throw invalid(`Expected string for ${name}: ${repr(value)}`);
}

/** The most rows in one answer. Ironic's own limit is 1000. */
const MAX_LIMIT = 1000;

export function pageLimit(limit: number | undefined): number {
  if (limit === undefined) return MAX_LIMIT;
  if (limit <= 0) throw invalid('Limit must be positive');
  return Math.min(limit, MAX_LIMIT);
}

export function sortDirection(direction: string | undefined): 'asc' | 'desc' {
  if (direction === undefined || direction === 'asc') return 'asc';
  if (direction === 'desc') return 'desc';
  throw invalid(`Invalid sort direction: ${direction}. Acceptable values are 'asc' or 'desc'`);
}
