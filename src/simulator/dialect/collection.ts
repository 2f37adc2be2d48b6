import { pageLimit, sortDirection } from './arguments.js';
import { Fault } from './errors.js';
import type { JsonObject } from './json.js';

/** The arguments for the pages of a collection. */
export interface Paging {
  readonly limit?: number | undefined;
  readonly marker?: string | undefined;
  readonly sort_key?: string | undefined;
  readonly sort_dir?: string | undefined;
}

/** The fields that a list shows of its items, and its address. */
export interface Shape {
  /** The path that a `next` link leads to. */
  readonly url: string;
  /** Absent: all fields. */
  readonly fields: readonly string[] | undefined;
  readonly detail?: boolean | undefined;
}

interface Collection extends Shape {
  /** The name of the collection in the answer. */
  readonly name: string;
  /** The fields that a client can sort by, and the fields that it cannot. */
  readonly sortable: readonly string[];
  readonly unsortable: readonly string[];
  readonly base: string;
}

/** A page of items, which are in the order of their creation. */
export function pageOf(views: Iterable<JsonObject>, paging: Paging, collection: Collection): JsonObject {
  const limit = pageLimit(paging.limit);
  const direction = sortDirection(paging.sort_dir);
  const key = paging.sort_key ?? 'id';
  checkSortKey(key, collection);
  const page = slice(sorted(views, key, direction), paging.marker, limit);
  const answer: JsonObject = { [collection.name]: page.map((view) => pick(view, collection.fields)) };
  const last = page.at(-1);
  if (last && page.length === limit) {
    answer.next = nextLink(collection.base, collection, { key, direction, limit }, String(last.uuid));
  }
  return answer;
}

/** The link to the next page has the order and the fields but no filters: Ironic drops nearly all of them. */
export function nextLink(
  base: string,
  { url, fields, detail }: Shape,
  { key, direction, limit }: { readonly key: string; readonly direction: string; readonly limit: number },
  marker: string,
  filters: readonly string[] = [],
): string {
  const parts = [`sort_key=${key}`, `sort_dir=${direction}`, ...filters];
  if (detail !== undefined) parts.push(`detail=${detail ? 'True' : 'False'}`);
  if (fields) parts.push(`fields=${fields.join(',')}`);
  return `${base}/v1/${url}?${[...parts, `limit=${limit}`, `marker=${marker}`].join('&')}`;
}

function checkSortKey(key: string, { sortable, unsortable }: Collection): void {
  if (unsortable.includes(key)) throw new Fault(400, `The sort_key value ${key} is an invalid field for sorting`);
  if (!['id', 'uuid', 'created_at', 'updated_at', ...sortable].includes(key)) {
    throw new Fault(400, `The sort_key value "${key}" is an invalid field for sorting`);
  }
}

function sorted(views: Iterable<JsonObject>, key: string, direction: 'asc' | 'desc'): Iterable<JsonObject> {
  if (key === 'id') return direction === 'asc' ? views : [...views].reverse();
  const sign = direction === 'asc' ? 1 : -1;
  const rank = (view: JsonObject) => String(view[key] ?? '');
  return [...views].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) < rank(b) ? -sign : sign));
}

/** Reads only as many rows as it needs. */
function slice(views: Iterable<JsonObject>, marker: string | undefined, limit: number): readonly JsonObject[] {
  const page: JsonObject[] = [];
  let found = marker === undefined;
  for (const view of views) {
    if (page.length === limit) break;
    if (found) page.push(view);
    else found = view.uuid === marker;
  }
  return page;
}

/** An item with its links and only the requested fields. */
export function pick(view: JsonObject, fields: readonly string[] | undefined): JsonObject {
  if (!fields) return view;
  const wrong = fields.filter((field) => !Object.hasOwn(view, field));
  if (wrong.length > 0) throw new Fault(400, `Field(s) "${wrong.join(', ')}" are not valid`);
  return Object.fromEntries(Object.entries(view).filter(([field]) => field === 'links' || fields.includes(field)));
}

/** The fields to show. `detail=True` and `fields` exclude each other. */
export function fieldsToShow(
  fields: readonly string[] | undefined,
  detail: boolean | undefined,
  usual?: readonly string[],
): readonly string[] | undefined {
  if (fields && detail) throw new Fault(400, 'Can not specify ?detail=True and fields in the same request.');
  return detail ? undefined : (fields ?? usual);
}
