import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { portable } from '../../src/core/input/portable-schema.js';

const schemaOf = (zod: z.ZodType) => {
  const { $schema: _, ...schema } = z.toJSONSchema(zod);
  return portable(schema);
};

describe('a portable schema', () => {
  it('has one type at a time, and a description where it was', () => {
    expect(schemaOf(z.string().nullable().describe('a name'))).toEqual({
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description: 'a name',
    });
  });

  it('says in an object that anything may be in it', () => {
    expect(schemaOf(z.record(z.string(), z.unknown()))).toMatchObject({ type: 'object', additionalProperties: true });
  });

  it('names the control characters, which not every dialect has a class for', () => {
    const { pattern } = schemaOf(z.string().regex(/^\P{Cc}*$/u)) as { pattern: string };
    for (let code = 0; code < 0x180; code += 1) {
      const character = String.fromCharCode(code);
      expect(new RegExp(pattern).test(character), `U+${code.toString(16)}`).toBe(/^\P{Cc}$/u.test(character));
    }
  });

  it('leaves properties alone that are called like words of JSON schema', () => {
    const properties = { type: { type: 'string' }, pattern: { type: 'string' }, description: { type: 'integer' } };
    expect(portable({ type: 'object', properties })).toEqual({ type: 'object', properties });
  });
});
