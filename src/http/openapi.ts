import type { FailureCode } from '../core/failures.js';
import type { Operation } from '../core/operation.js';
import { headersOf, Problem, problemOf, problemType } from './problem.js';
import { descriptionOf, exampleFailure, exampleRequest, failuresOf } from './reference.js';
import { type Field, fieldsOf, jsonSchema, type Schema } from './schema.js';

/** Raise this if a change breaks callers. */
const apiVersion = '1';

type Json = Readonly<Record<string, unknown>>;

/** The operations as an OpenAPI 3.1 document. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const schemas: Record<string, Json> = { Problem: { ...jsonSchema(Problem, 'output') } };
  for (const operation of operations) {
    const { route, name } = operation;
    const body = bodySchema(operation);
    if (body) schemas[`${pascal(name)}Input`] = body;
    schemas[`${pascal(name)}Output`] = { ...jsonSchema(operation.output, 'output') };
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationObject(operation, body) };
  }
  paths['/healthz'] = { get: health('healthz', 'Whether this process works', 'ok', []) };
  paths['/readyz'] = {
    get: health('readyz', 'Whether Ironic answers', 'ready', ['ironic_unavailable', 'ironic_too_old']),
  };
  return {
    openapi: '3.1.1',
    info: {
      title: 'ironic-mcp',
      version: apiVersion,
      description: 'Bare-metal servers through OpenStack Ironic. The same operations are MCP tools at /mcp.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'Needed if the operator has set a token.' },
        credential: {
          type: 'http',
          scheme: 'basic',
          description:
            'Needed if each caller signs in: the id and the secret of an OpenStack application credential of your own.',
        },
      },
    },
  };
}

function operationObject(operation: Operation, body: Json | undefined): Json {
  const { name, title, route, effect } = operation;
  const parameters = fieldsOf(operation)
    .filter((field) => field.in !== 'body')
    .map(parameter);
  const key = fieldsOf(operation).find((field) => field.name === 'idempotency_key');
  if (key && effect !== 'read') parameters.push(parameter({ ...key, name: 'Idempotency-Key', in: 'header' }));
  return {
    operationId: name,
    summary: title,
    description: descriptionOf(operation),
    security: [{}, { token: [] }, { credential: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body ? { requestBody: requestBody(operation, `${pascal(name)}Input`) } : {}),
    responses: {
      [route.status]: {
        description: title,
        headers: successHeaders(operation),
        content: { 'application/json': { schema: ref(`${pascal(name)}Output`) } },
      },
      ...problemResponses(failuresOf(operation)),
      431: headTooLarge,
    },
  };
}

/** The HTTP parser answers this itself, without a body. */
const headTooLarge = { description: 'The request line and the headers are longer than 16 KiB' };

/** The arguments in the body, as one schema; undefined if there are none. */
function bodySchema(operation: Operation): Json | undefined {
  const names = fieldsOf(operation)
    .filter((field) => field.in === 'body')
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  const { properties = {}, required = [], ...rest } = jsonSchema(operation.input, 'input');
  const inBody = required.filter((name) => names.includes(name));
  return {
    ...rest,
    ...withNulls({ properties: Object.fromEntries(names.map((name) => [name, properties[name] ?? {}])), required }),
    ...(inBody.length > 0 ? { required: inBody } : {}),
  };
}

/** The same schema, which allows null for each optional member, because the operation takes that as absent. */
function withNulls(schema: Schema): Schema {
  const { properties, required = [], items } = schema;
  const members = Object.entries(properties ?? {}).map(([name, member]) => {
    const { description, ...rest } = withNulls(member);
    if (required.includes(name)) return [name, withNulls(member)];
    return [name, { anyOf: [rest, { type: 'null' }], ...(description === undefined ? {} : { description }) }];
  });
  return {
    ...schema,
    ...(properties ? { properties: Object.fromEntries(members) } : {}),
    ...(items ? { items: withNulls(items) } : {}),
  };
}

function requestBody(operation: Operation, schema: string): Json {
  const example: unknown = JSON.parse(exampleRequest(operation).body ?? '{}');
  const required = fieldsOf(operation).some((field) => field.in === 'body' && field.required);
  return { required, content: { 'application/json': { schema: ref(schema), example } } };
}

function parameter({ name, in: place, required, schema: { description, ...schema } }: Field): Json {
  return { name, in: place, required: required || place === 'path', description, schema };
}

function header(description: string, type: Schema['type']): Json {
  return { description, schema: { type } };
}

const waitHeader = header('Seconds to wait before the next try', 'integer');

function successHeaders({ route, output }: Operation): Json {
  const { properties = {} } = jsonSchema(output, 'output');
  return {
    'X-Request-Id': header('The id of this request in the access log', 'string'),
    ...(route.status === 202 ? { Location: header('Path that shows how the deployment stands', 'string') } : {}),
    ...(Object.hasOwn(properties, 'poll_after_seconds')
      ? { 'Retry-After': header('Seconds to wait before the next look', 'integer') }
      : {}),
  };
}

/** One response for each status, with an example for each code. */
function problemResponses(codes: readonly FailureCode[]): Json {
  const failures = codes.map(exampleFailure);
  const statuses = [...new Set(failures.map(({ http }) => http))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const same = failures.filter(({ http }) => http === status);
      const waits = same.some((failure) => headersOf(failure, '')['Retry-After']);
      const problems = same.map(problemOf);
      return [
        status,
        {
          description: [...new Set(problems.map(({ title }) => title))].join('; '),
          ...(waits ? { headers: { 'Retry-After': waitHeader } } : {}),
          content: {
            [problemType]: {
              schema: ref('Problem'),
              examples: Object.fromEntries(problems.map((problem) => [problem.code, { value: problem }])),
            },
          },
        },
      ];
    }),
  );
}

function health(operationId: string, summary: string, status: string, codes: readonly FailureCode[]): Json {
  const schema = { type: 'object', properties: { status: { const: status } }, required: ['status'] };
  return {
    operationId,
    summary,
    security: [],
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema } } },
      ...problemResponses([...codes, 'malformed', 'not_permitted', 'overloaded', 'internal']),
    },
  };
}

function ref(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

/** Turns `provision_server` into ProvisionServer. */
function pascal(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
