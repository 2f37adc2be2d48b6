import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { zodMessages } from '../../../src/core/input/zod-messages.js';

describe('the message about a wrong value', () => {
  const secret = 'hush-hush';

  it.each<[string, z.ZodType, unknown]>([
    ['must be a string', z.string(), 1],
    ['must be a whole number', z.int(), 1.5],
    ['must be true or false', z.boolean(), secret],
    ['must be date', z.date(), secret],
    ['must be one of a, b', z.enum(['a', 'b']), secret],
    ['is missing', z.enum(['a', 'b']), undefined],
    ['must be a', z.literal('a'), secret],
    ['matches none of the allowed forms', z.union([z.int(), z.boolean()]), secret],
    ['must not be empty', z.string().min(1), ''],
    ['must be more than 0', z.number().positive(), 0],
    ['must be at most 7', z.number().max(7), 8],
    ['a name must not be empty', z.record(z.string().min(1), z.string()), { '': secret }],
    ['unknown argument "a", "b\' c"', z.strictObject({}), { a: secret, 'b"\nc': secret }],
    ['as the schema says', z.string().max(1, 'as the schema says'), secret],
  ])('is "%s" and never shows the value', (words, schema, value) => {
    expect(schema.safeParse(value, { error: zodMessages }).error?.issues).toMatchObject([{ message: words }]);
  });
});
