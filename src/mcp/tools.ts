import type * as z from 'zod';
import { portable } from '../core/input/portable-schema.js';
import type { Operation } from '../core/operation.js';
import { allOperations } from '../core/operations.js';

// The build runs this module and replaces it by its exports, so that a client gets the list of tools before any operation
// and its schemas are loaded.

type JsonSchema = { readonly type: 'object'; readonly [keyword: string]: unknown };

/**
 * Keywords that a model does not need for a call: the operation says what is wrong with a value, and refuses an unknown
 * argument. Google's converter fails on the booleans of `additionalProperties`.
 */
const validation = new Set(['pattern', 'minLength', 'maxLength', 'maxItems', 'propertyNames', 'additionalProperties']);

/** An answer has all its members and no others. Names and types are enough to read it; the OpenAPI document has the rest. */
const detail = ['required', 'format', 'minimum', 'maximum', 'description'];
const notRead = new Set([...validation, ...detail]);

/** An operation as clients see it. */
export interface Tool extends Pick<Operation, 'name' | 'title' | 'description' | 'effect' | 'idempotent'> {
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
}

export const tools: readonly Tool[] = allOperations.map(
  ({ name, title, description, effect, idempotent, ...schemas }) => ({
    name,
    title,
    description,
    effect,
    idempotent,
    inputSchema: jsonSchema(schemas.input, 'input'),
    outputSchema: jsonSchema(schemas.output, 'output'),
  }),
);

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const whole = schema['~standard'].jsonSchema[io]({ target: 'draft-2020-12' });
  const lean = io === 'input' ? portable(whole, validation) : shortened(portable(whole, notRead));
  return { ...lean, type: 'object' };
}

/** Writes "or null" and enums in fewer tokens. Model providers, which take one type at a time, get only the arguments. */
function shortened(schema: object): object {
  const text = JSON.stringify(schema);
  return JSON.parse(
    text
      .replace(/"anyOf":\[\{"type":"(\w+)"([^{}[\]]*)\},\{"type":"null"\}\]/g, '"type":["$1","null"]$2')
      .replaceAll('"type":"string","enum"', '"enum"'),
  );
}
