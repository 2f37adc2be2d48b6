import { Hono, type Context as HonoContext } from 'hono';
import { refuseUnexpected } from './arguments.js';
import { Abort, Fault } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';

interface Environment {
  /** Whether the request met a lock. */
  Bindings: { isLocked?: boolean };
  Variables: {
    /** The minor version of the API that this request speaks. */
    minor: number;
  };
}

export type App = Hono<Environment>;
export type Call = HonoContext<Environment>;
export type Handler = (call: Call) => Response | Promise<Response>;

export function createApp(): App {
  return new Hono<Environment>({
    getPath(request) {
      const path = new URL(request.url).pathname.replace(/(?<=.)\/$/, '');
      // Ironic adds its version to a path without one. The other two services have versions of their own.
      return /^\/(v1|v2|v2\.0)?(\/|$)/.test(path) ? path : `/v1${path}`;
    },
  });
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Registers the answers of a path. Any other method gets a 405 with the allowed ones, as Ironic lists them. */
export function resource(
  app: App,
  path: string,
  methods: Readonly<Partial<Record<Method, Handler>>>,
  allow: string = isCollection(path) ? collectionMethods : Object.keys(methods).sort().join(', '),
): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
  app.all(path, () => {
    throw new Abort(405, '', { Allow: allow });
  });
}

/** The methods that Ironic lists as allowed, for a collection and for its items. */
export const collectionMethods = 'DELETE, GET, PATCH, POST';

function isCollection(path: string): boolean {
  return /^\/v1\/(nodes|ports|allocations|portgroups|chassis)(\/[^/]+)?$/.test(path);
}

/** The start of the links in answers: the address that the client used. */
export function origin(call: Call): string {
  return new URL(call.req.url).origin;
}

export function query(call: Call): URLSearchParams {
  return new URL(call.req.url).searchParams;
}

/** The request id in every answer of OpenStack. */
export function requestId(): string {
  return `req-${crypto.randomUUID()}`;
}

export function segment(call: Call, name: string): string {
  return call.req.param(name) ?? '';
}

/** The body of a request that Ironic reads as a whole. Like Ironic, it answers 500 if the text is not JSON. */
export async function jsonBody(call: Call): Promise<Json> {
  const body = await call.req.text();
  if (body === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new Fault(500, decodeError(body));
  }
}

/**
 * The body of a request of which Ironic reads only these members. Text that is not JSON counts as a body without
 * members.
 */
export async function memberBody(call: Call, known: readonly string[]): Promise<JsonObject> {
  const body = await jsonBody(call).catch(() => null);
  if (!isObject(body)) return {};
  refuseUnexpected(Object.keys(body), known);
  return body;
}

/** Python's error about text that is not JSON, in the two usual cases. */
function decodeError(body: string): string {
  const brace = /^\s*\{\s*(?=[^"}\s])/.exec(body);
  const at = brace ? brace[0].length : 0;
  const problem = brace ? 'Expecting property name enclosed in double quotes' : 'Expecting value';
  return `${problem}: line 1 column ${at + 1} (char ${at})`;
}

/** The two links in every resource. */
export function links(base: string, resourcePath: string): Json {
  return [
    { href: `${base}/v1/${resourcePath}`, rel: 'self' },
    { href: `${base}/${resourcePath}`, rel: 'bookmark' },
  ];
}

const located = (status: number, location: string | undefined) =>
  new Response(null, { status, headers: location === undefined ? {} : { Location: location } });

export const noContent = (location?: string) => located(204, location);

export const accepted = (location?: string) => located(202, location);
