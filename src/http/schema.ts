import { toJSONSchema, type z } from 'zod';
import { portable } from '../core/input/portable-schema.js';
import type { Operation } from '../core/operation.js';
import { fieldDescriptions } from './field-descriptions.js';

/** What is read of a JSON schema here; the rest is passed on as it is. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** One argument of an operation. */
export interface Field {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly required: boolean;
  readonly schema: Schema;
}

/** A zod schema as JSON schema 2020-12, which is what OpenAPI 3.1 speaks, with a word on each member. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  return portable(toJSONSchema(schema, { io, override: remark }));
}

function remark({ jsonSchema: made, path }: { jsonSchema: { description?: string }; path: (string | number)[] }): void {
  const [place, name = ''] = path.slice(-2);
  const words = place === 'properties' ? fieldDescriptions[name] : undefined;
  if (words !== undefined) made.description ??= words;
}

/** The arguments of an operation, and where a request has them. */
export function fieldsOf({ input, route }: Operation): readonly Field[] {
  const { properties = {}, required = [] } = jsonSchema(input, 'input');
  const rest = route.method === 'GET' ? 'query' : 'body';
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: route.path.includes(`{${name}}`) ? 'path' : rest,
    required: required.includes(name),
    schema,
  }));
}

/** A path with its parameters filled in. */
export function filled(path: string, values: Readonly<Record<string, unknown>>): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
}
