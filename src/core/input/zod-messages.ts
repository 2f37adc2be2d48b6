import type * as z from 'zod';
import { isObject } from '../text/json.js';
import { quoted } from '../text/untrusted.js';

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/**
 * What is said of a value that is wrong, where its schema does not say it itself: an error map for zod, whose own words
 * are for programmers. Never quotes a value: it may be a secret.
 */
export function zodMessages(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return missing(issue.input) ?? `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return missing(issue.input) ?? oneOf(issue.values);
    case 'invalid_union': {
      const { discriminator, options, input } = issue;
      // Said of the member by which the forms are told apart.
      if (discriminator === undefined || !Array.isArray(options)) return 'has none of the forms that it may have';
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
