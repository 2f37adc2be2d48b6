import type * as z from 'zod';
import { isObject } from '../text/json.js';
import { quoted } from '../text/untrusted.js';

const kinds: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * The messages for wrong values whose schema has no message of its own: an error map for zod, whose own messages are for
 * programmers. Never quotes a value, because it may be a secret.
 */
export function zodMessages(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return missing(issue.input) ?? `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return missing(issue.input) ?? oneOf(issue.values);
    case 'invalid_union': {
      const { discriminator, options, input } = issue;
      // The message is about the member that tells the forms apart.
      if (discriminator === undefined || !Array.isArray(options)) return 'matches none of the allowed forms';
      return missing(isObject(input) ? input[discriminator] : undefined) ?? oneOf(options);
    }
    case 'unrecognized_keys': {
      const names = issue.keys.slice(0, 8).map((key) => quoted(key, 60));
      return `unknown ${issue.path?.length ? 'member' : 'argument'} ${names.join(', ')}`;
    }
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty';
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'invalid_key':
      return `a name ${issue.issues[0]?.message}`;
    default:
      return undefined;
  }
}

function missing(value: unknown): string | undefined {
  return value === undefined ? 'is missing' : undefined;
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
}
