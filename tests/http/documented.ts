import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'vitest';
import { openApi } from '../../src/http/documents.js';
import type { Answer } from './rest-client.js';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}
interface Described {
  readonly description?: string;
  readonly responses: Responses;
}
type Responses = Readonly<Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>>;

export const document = JSON.parse(openApi) as Document;

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'openapi');

/** Expects a value to match a schema of the document. */
export function expectSchema(schema: object, value: unknown): void {
  const pointed = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object;
  const validate = ajv.compile(pointed);
  expect(validate(value) ? [] : validate.errors).toEqual([]);
}

/** Expects the OpenAPI document to promise the status, media type and body of this answer. */
export function expectDocumented({ method, target, status, headers, json }: Answer): void {
  const [path = ''] = target.split('?');
  const template = Object.keys(document.paths).find((each) =>
    new RegExp(`^${each.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const responses = document.paths[template ?? '']?.[method.toLowerCase()]?.responses;
  const [type = ''] = headers.get('content-type')?.split(';') ?? [];
  const schema = responses?.[status]?.content[type]?.schema;
  expect(schema, `${method} ${path} promises nothing about ${status} ${type}`).toBeDefined();
  expectSchema(schema ?? {}, json);
}
