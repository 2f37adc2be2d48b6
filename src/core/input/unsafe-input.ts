import type { FieldIssue } from '../failures.js';

// Code that walks an input recurses once a level, and deeper levels would exhaust the stack.
const deepest = 64;

/**
 * The first part of an input that no operation takes; undefined if there is none.
 *
 * Code that copies objects drops a member `__proto__` silently. An unpaired surrogate is half of a character: the next
 * reader refuses or replaces it.
 */
export function unsafePart(value: unknown, level = 0): FieldIssue | undefined {
  if (typeof value === 'string')
    return isText(value) ? undefined : here('contains an invalid character (unpaired surrogate)');
  if (typeof value !== 'object' || value === null) return undefined;
  if (level === deepest) return here(`is nested more than ${deepest} levels deep`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const found = unsafePart(value[index], level + 1);
      if (found) return within(String(index), found);
    }
    return undefined;
  }
  for (const [name, member] of Object.entries(value)) {
    if (name === '__proto__') return here('unknown argument "__proto__"');
    if (!isText(name)) return here('a name contains an invalid character (unpaired surrogate)');
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
