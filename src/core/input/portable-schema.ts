import { isObject } from '../text/json.js';

type Schema = Record<string, unknown>;

/**
 * The same JSON schema in keywords that every reader knows. Model providers and generators take one type at a time, know
 * no Unicode classes, and treat an empty schema as a mistake.
 * @param without Keywords to leave out.
 */
export function portable(schema: Schema, without: ReadonlySet<string> = new Set()): Schema {
  const members = Object.entries(schema)
    .filter(([name, value]) => !without.has(name) && !isNoise(name, value, schema))
    .map(([name, value]) => [name, portableMember(name, value, without)] as const);
  const { type, description, ...rest } = Object.fromEntries(members);
  if (!Array.isArray(type)) return Object.fromEntries(members);
  const anyOf = type.map((each) => (each === 'null' ? { type: each } : { type: each, ...rest }));
  return { anyOf, ...(description === undefined ? {} : { description }) };
}

/**
 * Keywords of zod that add nothing: the default dialect, the pattern of a known format, and the bounds of its integers.
 */
function isNoise(name: string, value: unknown, { format }: Schema): boolean {
  if (name === '$schema') return true;
  return (name === 'pattern' && format !== undefined) || Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}

function portableMember(name: string, value: unknown, without: ReadonlySet<string>): unknown {
  // These ranges are all control characters.
  if (name === 'pattern') return String(value).replaceAll('\\P{Cc}', '[^\\u0000-\\u001f\\u007f-\\u009f]');
  if (Array.isArray(value)) return value.map((each) => (isObject(each) ? portable(each, without) : each));
  if (!isObject(value)) return value;
  // The names in here are not keywords.
  if (name === 'properties') {
    return Object.fromEntries(
      Object.entries(value).map(([property, each]) => [property, portable(each as Schema, without)]),
    );
  }
  if (name === 'additionalProperties' && Object.keys(value).length === 0) return true;
  return portable(value, without);
}
