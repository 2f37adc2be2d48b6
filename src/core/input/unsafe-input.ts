import type { FieldIssue } from '../failures.js';

// Everything that is done to an input is done to all of its levels: deeper ones would exhaust the stack.
const deepest = 64;

/**
 * What no operation takes, whatever it asks for; undefined if there is nothing of the kind.
 *
 * A member `__proto__` would be dropped in silence by what copies objects. Half of a character (a lone surrogate) is no
 * text: what reads it next refuses it, or puts something else in its place.
 */
export function unsafePart(value: unknown, level = 0): FieldIssue | undefined {
  if (typeof value === 'string') return isText(value) ? undefined : here('must not contain half of a character');
  if (typeof value !== 'object' || value === null) return undefined;
  if (level === deepest) return here(`nested more than ${deepest} levels deep`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = unsafePart(value[index], level + 1);
      if (found) return within(String(index), found);
    }
    return undefined;
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') return here('unknown argument "__proto__"');
    if (!isText(name)) return here('a name must not contain half of a character');
    const found = unsafePart(member, level + 1);
    if (found) return within(name, found);
  }
  return undefined;
}

function within(name: string, issue: FieldIssue): FieldIssue {
  return { ...issue, field: issue.field ? `${name}.${issue.field}` : name };
}

function here(message: string): FieldIssue {
  return { field: '', message };
}

function isText(text: string): boolean {
  return !/\p{Cs}/u.test(text);
}
