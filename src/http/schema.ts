import { toJSONSchema, type z } from 'zod';
import { portable } from '../core/input/portable-schema.js';
import type { Operation } from '../core/operation.js';
import { fieldDescriptions } from './field-descriptions.js';
import { forRest } from './rest-names.js';

/** The keywords of a JSON schema that this module reads. It passes the others on unchanged. */
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

/** A zod schema as JSON schema 2020-12, which OpenAPI 3.1 uses, with a description of each member. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  return portable(toJSONSchema(schema, { io, override: describe }));
}

function describe({ jsonSchema: made, path }: { jsonSchema: { description?: string }; path: (string | number)[] }) {
  const [place, name = ''] = path.slice(-2);
  const words = made.description ?? (place === 'properties' ? fieldDescriptions[name] : undefined);
  if (words !== undefined) made.description = forRest(words);
}

/** The arguments of an operation, and the place of each in a request. */
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
