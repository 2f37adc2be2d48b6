import type * as z from 'zod';
import { portable } from '../core/input/portable-schema.js';
import type { Operation } from '../core/operation.js';
import { allOperations } from '../core/operations.js';

// The build runs this module and puts what it exports in its place: a client is told what there is before any operation
// and its schemas are loaded.

type JsonSchema = { readonly type: 'object'; readonly [keyword: string]: unknown };

/** What a model need not read to make a call: the operation says in words what is wrong with a value. */
const forJudges = new Set(['pattern', 'minLength', 'maxLength', 'maxItems', 'propertyNames']);

/** An operation as a client is told of it. */
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
  return { ...portable(schema['~standard'].jsonSchema[io]({ target: 'draft-2020-12' }), forJudges), type: 'object' };
}
