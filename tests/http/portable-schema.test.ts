import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { portable } from '../../src/core/input/portable-schema.js';

const schemaOf = (zod: z.ZodType) => {
  const { $schema: _, ...schema } = z.toJSONSchema(zod);
  return portable(schema);
};

describe('a portable schema', () => {
  it('has one type at a time, and keeps each description in its place', () => {
    expect(schemaOf(z.string().nullable().describe('a name'))).toEqual({
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description: 'a name',
    });
  });

  it('says explicitly that an object may hold anything', () => {
    expect(schemaOf(z.record(z.string(), z.unknown()))).toMatchObject({ type: 'object', additionalProperties: true });
  });

  it('lists the control characters, because some dialects have no class for them', () => {
    const { pattern } = schemaOf(z.string().regex(/^\P{Cc}*$/u)) as { pattern: string };
    for (let code = 0; code < 0x180; code += 1) {
      const character = String.fromCharCode(code);
      expect(new RegExp(pattern).test(character), `U+${code.toString(16)}`).toBe(/^\P{Cc}$/u.test(character));
    }
  });

  it('does not change properties that have names of JSON schema keywords', () => {
    const properties = { type: { type: 'string' }, pattern: { type: 'string' }, description: { type: 'integer' } };
    expect(portable({ type: 'object', properties })).toEqual({ type: 'object', properties });
  });
});
