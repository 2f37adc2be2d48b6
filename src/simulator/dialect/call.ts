import { Hono, type Context as HonoContext } from 'hono';
import { refuseUnexpected } from './arguments.js';
import { Abort, Fault } from './errors.js';
import { isObject, type Json, type JsonObject } from './json.js';

interface Environment {
  Variables: {
    /** The minor version of the API that this request speaks. */
    minor: number;
  };
}

export type App = Hono<Environment>;
export type Call = HonoContext<Environment>;
export type Handler = (call: Call) => Response | Promise<Response>;

export function createApp(): App {
  return new Hono<Environment>({ strict: false });
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Registers what a path answers. Any other method is a 405 that lists what is allowed, or what Ironic takes for it. */
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

/** What Ironic takes to be allowed of a whole collection and of each of its items alike. */
export const collectionMethods = 'DELETE, GET, PATCH, POST';

function isCollection(path: string): boolean {
  return /^\/v1\/(nodes|ports|allocations|portgroups|chassis)(\/[^/]+)?$/.test(path);
}

/** The address that links in answers start with: the one the client used. */
export function origin(call: Call): string {
  return new URL(call.req.url).origin;
}

export function query(call: Call): URLSearchParams {
  return new URL(call.req.url).searchParams;
}

/** The id that every answer of OpenStack's carries. */
export function requestId(): string {
  return `req-${crypto.randomUUID()}`;
}

export function segment(call: Call, name: string): string {
  return call.req.param(name) ?? '';
}

/** The body of a request that Ironic reads as a whole. Ironic answers 500 to text that is no JSON, and so do we. */
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
 * The body of a request that Ironic reads member by member, of which it knows these: text that is no JSON counts as no
 * members.
 */
export async function memberBody(call: Call, known: readonly string[]): Promise<JsonObject> {
  const body = await jsonBody(call).catch(() => null);
  if (!isObject(body)) return {};
  refuseUnexpected(Object.keys(body), known);
  return body;
}

/** What Python says about text that is no JSON, for the two usual cases. */
function decodeError(body: string): string {
  const brace = /^\s*\{\s*(?=[^"}\s])/.exec(body);
  const at = brace ? brace[0].length : 0;
  const problem = brace ? 'Expecting property name enclosed in double quotes' : 'Expecting value';
  return `${problem}: line 1 column ${at + 1} (char ${at})`;
}

/** A link pair as it stands in every resource. */
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
