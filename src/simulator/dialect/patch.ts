import { Fault } from './errors.js';
import { isObject, type Json, type JsonObject, setMember } from './json.js';
import { repr } from './python.js';
import { schemaOf } from './schema.js';

/** One operation of a JSON patch. Ironic accepts only these three, without `test`. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  /** Absent for `remove`, or if a client forgot it. */
  readonly value?: Json;
}

const operations: readonly string[] = ['add', 'replace', 'remove'];

function isOp(op: Json | undefined): op is Operation['op'] {
  return typeof op === 'string' && operations.includes(op);
}

/** Reads the body of a PATCH, or refuses it in the words of Ironic's schema check. */
export function readPatch(body: Json): readonly Operation[] {
  const { refuse, wrongType, missing, object } = schemaOf('Schema error for patch');
  if (!Array.isArray(body)) throw wrongType(body, "'array'");
  return body.map((entry) => {
    const { op, path, value } = object(entry);
    if (path !== undefined && typeof path !== 'string') throw wrongType(path, "'string'");
    if (path !== undefined && !/^(\/[\p{L}\p{N}_-]+)+$/u.test(path)) {
      throw refuse(`${repr(path)} does not match '^(/[\\\\w-]+)+$'`);
    }
    if (op !== undefined && !isOp(op)) throw refuse(`${repr(op)} is not one of ['add', 'replace', 'remove']`);
    object(entry, ['op', 'path', 'value']);
    if (op === undefined) throw missing('op');
    if (path === undefined) throw missing('path');
    return { op, path, ...(value !== undefined && { value }) };
  });
}

/** Refuses a patch of any other field. */
export function requirePatchable(patch: readonly Operation[], fields: readonly string[]): void {
  for (const { path } of patch) {
    const [, field = ''] = path.split('/');
    if (!fields.includes(field)) {
      throw new Fault(400, `Cannot patch ${path}. Only the following can be updated: ${fields.join(', ')}`);
    }
  }
}

/** The values that a patch gives to exactly this path. */
export function valuesAt(patch: readonly Operation[], path: string): readonly Json[] {
  return patch.flatMap((each) => (each.path === path && each.op !== 'remove' ? [each.value ?? null] : []));
}

/** The document after the patch. It is a copy. */
export function applyPatch(document: JsonObject, patch: readonly Operation[]): JsonObject {
  // structuredClone keeps objects that two fields share, e.g. the empty object of a new node. Both would change.
  const result: JsonObject = JSON.parse(JSON.stringify(document));
  for (const operation of patch) {
    const problem = apply(result, operation);
    if (problem !== undefined) {
      const printed = repr({ ...operation });
      throw new Fault(400, `Couldn't apply patch '${printed}'. Reason: ${problem}`);
    }
  }
  return result;
}

/** Applies one operation in place. If that fails, returns the reason in the words of Python's jsonpatch. */
function apply(document: JsonObject, { op, path, value }: Operation): string | undefined {
  const tokens = path.split('/').slice(1);
  const last = tokens.pop() ?? '';
  let parent: Json = document;
  for (const token of tokens) {
    const child: Json | undefined = childOf(parent, token);
    if (child === undefined) return missing(parent, token);
    parent = child;
  }
  if (op !== 'remove' && value === undefined) return "The operation does not contain a 'value' member";
  if (Array.isArray(parent)) return changeItem(parent, op, last, value ?? null);
  if (!isObject(parent)) return `unable to fully resolve json pointer ${path}, part ${last}`;
  if (op !== 'add' && !Object.hasOwn(parent, last)) return `can't ${op} a non-existent object '${last}'`;
  if (op === 'remove') delete parent[last];
  else setMember(parent, last, value ?? null);
  return undefined;
}

function childOf(parent: Json, token: string): Json | undefined {
  if (Array.isArray(parent)) return /^\d+$/.test(token) ? parent[Number(token)] : undefined;
  return isObject(parent) && Object.hasOwn(parent, token) ? parent[token] : undefined;
}

function missing(parent: Json, token: string): string {
  if (!Array.isArray(parent)) return `member '${token}' not found in ${repr(parent)}`;
  return /^\d+$/.test(token) ? `index '${token}' is out of bounds` : `'${token}' is not a valid sequence index`;
}

const outside = {
  add: "can't insert outside of list",
  replace: "can't replace outside of list",
  remove: 'list index out of range',
};

function changeItem(items: Json[], op: Operation['op'], token: string, value: Json): string | undefined {
  const toEnd = op === 'add' && token === '-';
  if (!toEnd && !/^\d+$/.test(token)) return `'${token}' is not a valid sequence index`;
  const index = toEnd ? items.length : Number(token);
  if (op === 'add' ? index > items.length : index >= items.length) return outside[op];
  items.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
  return undefined;
}
