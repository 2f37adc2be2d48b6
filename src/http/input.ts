import type { HonoRequest } from 'hono';
import { Failure, invalidArgument } from '../core/failures.js';
import type { Operation } from '../core/operation.js';
import { isObject } from '../core/text/json.js';
import { jsonBody } from './body.js';
import { type Field, fieldsOf, type Schema } from './schema.js';

type Input = Readonly<Record<string, unknown>>;

/**
 * Reads the input of an operation from a request: path parameters from the path, the rest from the query of a GET or the
 * body of another method. The operation itself validates it.
 */
export function inputOf(operation: Operation): (request: HonoRequest) => Promise<unknown> {
  const { method } = operation.route;
  const fields = fieldsOf(operation);
  const inPath = fields.filter((field) => field.in === 'path').map(({ name }) => name);
  const rest = method === 'GET' ? queryReader(fields) : bodyReader(operation);
  return async (request) => {
    const given = await rest(request);
    // The operation refuses input that is not an object.
    if (!isObject(given) || inPath.length === 0) return given;
    const twice = inPath.find((name) => Object.hasOwn(given, name));
    if (twice !== undefined) throw invalidArgument(twice, 'is already in the path');
    return { ...given, ...Object.fromEntries(inPath.map((name) => [name, request.param(name)])) };
  };
}

function queryReader(fields: readonly Field[]): (request: HonoRequest) => Input {
  const schemas = new Map(fields.map(({ name, schema }) => [name, schema]));
  return ({ raw: { url, headers } }) => {
    // Never drop an argument in the wrong place: it may be the one that matters.
    if (headers.has('transfer-encoding') || Number(headers.get('content-length')) > 0) throw misplaced('query');
    if (!url.includes('?')) return {};
    const query = new URL(url).searchParams;
    return Object.fromEntries(
      [...new Set(query.keys())].map((name) => {
        const [texts, schema] = [query.getAll(name), schemas.get(name)];
        if (schema?.type === 'array') return [name, texts.map((text) => fromText(text, schema.items))];
        if (schema && texts.length > 1) throw invalidArgument(name, 'is given more than once');
        return [name, fromText(texts[0], schema)];
      }),
    );
  };
}

/** Converts a text of the query to the type in the schema. If that fails, the text stays, and the operation refuses it. */
function fromText(text = '', schema: Schema = {}): unknown {
  if (schema.type === 'boolean') return text === 'true' || (text === 'false' ? false : text);
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return isNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

function bodyReader({ effect }: Operation): (request: HonoRequest) => Promise<unknown> {
  return async ({ raw }) => {
    if (raw.url.includes('?')) throw misplaced('body');
    const body = (await jsonBody(raw)) ?? {};
    const key = effect === 'read' ? null : raw.headers.get('idempotency-key');
    if (key === null || !isObject(body)) return body;
    // The draft standard puts the key in quotation marks. Most clients send it without.
    const quoted = /^"([^"]*)"$/.exec(key)?.[1];
    // Two headers of one name arrive as one, with a comma.
    if (quoted === undefined && key.includes(',')) {
      throw invalidArgument('idempotency_key', 'must be in the header once, in quotation marks if it has a comma');
    }
    const idempotencyKey = quoted ?? key;
    if ((body.idempotency_key ?? idempotencyKey) !== idempotencyKey)
      throw invalidArgument('idempotency_key', 'differs from the header Idempotency-Key');
    return { ...body, idempotency_key: idempotencyKey };
  };
}

function misplaced(place: 'body' | 'query'): Failure {
  return new Failure('invalid_request', { reason: `arguments belong in the ${place}` });
}
