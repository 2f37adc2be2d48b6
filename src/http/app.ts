import { Hono } from 'hono';
import { getPath } from 'hono/utils/url';
import { unlessAborted } from '../core/async/abort.js';
import { inTrace } from '../core/async/trace.js';
import type { Drawing } from '../core/call.js';
import { Failure } from '../core/failures.js';
import { validTraceparent } from '../core/input/traceparent.js';
import type { Core, Operation } from '../core/operation.js';
import type { Policy } from '../core/policy.js';
import { plain } from '../core/text/untrusted.js';
import { type Access, requestIdOf } from './access.js';
import { createGuard, type GuardOptions } from './guard.js';
import { inputOf } from './input.js';
import { headersOf, problemOf, problemType } from './problem.js';
import { followerOf } from './reference.js';
import { filled } from './schema.js';

export interface HttpAppOptions extends GuardOptions {
  readonly operations: readonly Operation[];
  /** The routes of operations that are switched off exist, to say so. */
  readonly policy: Policy;
  readonly signIn: SignIn;
  /** The page for people at `/`, and its content security policy. */
  readonly board: () => Promise<{ readonly html: string; readonly policy: string }>;
  /** Answers requests to `/mcp`. */
  readonly mcp: (request: Request, core: Entry) => Promise<Response>;
  /** The metrics of this process, in Prometheus' text format. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Resolves if the cloud answers; rejects with a failure otherwise. */
  readonly ready: () => Promise<void>;
  /** Once aborted, every request is refused. */
  readonly stopping: AbortSignal;
  /** @param route The template of the path; undefined if there is no route for the request. */
  readonly onAccess: (access: Access, route: string | undefined) => void;
  /** Called with the cause of an internal error. */
  readonly onDefect: (error: unknown, requestId: string) => void;
}

/** The core for a request, composed when its first call needs it. */
export type Entry = () => Promise<Core>;

/** How requests sign in, except those to open paths. */
export interface SignIn {
  /**
   * Lets a request in.
   * @param client The address that it came from.
   * @throws Failure `unauthorized`
   */
  admit(request: Request, client: string | undefined): Promise<Entry>;
  /** Lets a request for the metrics in. Without this, it signs in like any other. @throws Failure */
  admitMonitor?(request: Request, client: string | undefined): void;
  /** Who sent a request that came through a proxy, for the access log; undefined if the proxy does not say. */
  clientOf?(request: Request, client: string | undefined): string | undefined;
  /** What `WWW-Authenticate` says to one that is not let in. */
  readonly challenge: string;
}

/** Paths that reveal nothing about the servers: monitoring and browsers need not sign in for them. */
const open: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz', '/docs', '/openapi.json']);

/** What the server knows about a request besides the request itself. */
export interface Arrival {
  /** The target as the client sent it. A URL has no dot segments any more. */
  readonly target?: string | undefined;
  readonly client?: string | undefined;
}

type Arrived = Arrival & { readonly target: string };

export type HttpApp = (request: Request, arrival?: Arrival) => Promise<Response>;

interface Known {
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

type Env = { Bindings: Known & { readonly core: Entry } };

/** nginx's status for a client that left before the answer. There is no standard one. */
const clientLeft = 499;

/** The operations as a REST API, with documents, health checks, and MCP at `/mcp`. */
export function createHttpApp(options: HttpAppOptions): HttpApp {
  const { onAccess, onDefect, stopping, signIn } = options;
  const check = createGuard(options);
  const router = routerOf(options);

  async function enter(request: Request, client: string | undefined, path: string): Promise<Entry> {
    if (open.has(path)) return noCore;
    if (path !== '/metrics' || !signIn.admitMonitor) return signIn.admit(request, client);
    signIn.admitMonitor(request, client);
    return noCore;
  }

  async function answer(request: Request, { target, client }: Arrived, path: string, known: Known): Promise<Response> {
    const { requestId } = known;
    try {
      stopping.throwIfAborted();
      check(request, target);
      // Whoever still waits for a sign-in must not begin a deployment after it.
      const core = await unlessAborted(enter(request, client, path), stopping);
      return await router.fetch(request, { ...known, core });
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: clientLeft });
      const failure = failureOf(error, stopping);
      if (failure.code === 'internal') onDefect(failure.cause, requestId);
      const problem = JSON.stringify(problemOf(failure));
      return text(problem, problemType, failure.http, requestId, {
        ...headersOf(failure, signIn.challenge),
        ...(error instanceof NotAllowed ? { Allow: error.allowed.join(', ') } : {}),
      });
    }
  }

  return async (request, { target, client } = {}) => {
    const begin = performance.now();
    const { url } = request;
    const path = getPath(request);
    const requestId = requestIdOf(request.headers);
    const traceparent = validTraceparent(request.headers.get('traceparent'));
    const sent = target ?? url.slice(url.indexOf('/', url.indexOf('//') + 2));
    const arrived = { target: sent, client };
    const logged = signIn.clientOf?.(request, client) ?? client;
    const response = await inTrace(traceparent, () => answer(request, arrived, path, { requestId, traceparent }));
    const access = {
      time: new Date().toISOString(),
      request_id: requestId,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...(logged === undefined ? {} : { client: logged }),
      method: request.method,
      path: plain(path, 200),
      status: response.status,
      duration_ms: Math.round((performance.now() - begin) * 10) / 10,
    };
    onAccess(access, routeOf(router, access.method, path));
    return response;
  };
}

function failureOf(error: unknown, { aborted, reason }: AbortSignal): Failure {
  if (error instanceof Failure) return error;
  if (aborted && error === reason) return new Failure('overloaded', { reason: 'this MCP server is stopping' });
  return new Failure('internal', { cause: error });
}

/** Some paths call no operation. */
const noCore: Entry = async () => {
  throw new Error('this path has no core');
};

function routerOf({ operations, policy, board, mcp, metrics, ready }: HttpAppOptions): Hono<Env> {
  const app = new Hono<Env>();
  for (const operation of operations) {
    const { method, path, status } = operation.route;
    const readInput = inputOf(operation);
    const follow = followerOf(operation, operations);
    app.on(method, path.replace(/\{(\w+)\}/g, ':$1'), async ({ req, env }) => {
      policy.admit(operation.effect);
      const input = await readInput(req);
      let drawing: Drawing | undefined;
      const output = await operation.call(await env.core(), input, {
        signal: req.raw.signal,
        draw: (made) => {
          drawing = made;
        },
        caller: { face: 'rest', name: req.header('user-agent') },
        traceparent: env.traceparent,
      });
      const { poll_after_seconds: pause } = output;
      return json(output, status, env.requestId, {
        ...(status === 202 && follow ? { Location: filled(follow.route.path, output) } : {}),
        ...(typeof pause === 'number' ? { 'Retry-After': String(pause) } : {}),
        // Only the board reads it. The body stays the same as in MCP.
        ...(drawing ? { 'X-Drawing': encodeURI(JSON.stringify(drawing)) } : {}),
      });
    });
  }
  app.all('/mcp', async ({ req, env }) => {
    const response = await mcp(req.raw, env.core);
    response.headers.set('X-Request-Id', env.requestId);
    return response;
  });
  app.get('/healthz', ({ env }) => json({ status: 'ok' }, 200, env.requestId));
  app.get('/metrics', async ({ env }) => {
    return text(await metrics.text(), metrics.contentType, 200, env.requestId);
  });
  app.get('/readyz', async ({ env }) => {
    // This route needs no token. So it leaves out the reason, which may hold Ironic's address.
    await ready().catch((error) => {
      throw error instanceof Failure ? new Failure(error.code, { cause: error }) : error;
    });
    return json({ status: 'ready' }, 200, env.requestId);
  });
  app.get('/openapi.json', async ({ env }) => {
    const { openApi } = await import('./documents.js');
    return text(openApi, 'application/json', 200, env.requestId);
  });
  app.get('/docs', async ({ req, env }) => {
    const { docsPageAt } = await import('./documents.js');
    // The guard lets in only a Host that is a name or an address. Behind a proxy with TLS, the reader is at https.
    const scheme = req.header('x-forwarded-proto') === 'https' ? 'https' : 'http';
    const page = docsPageAt(`${scheme}://${req.header('host')}`);
    return text(page, 'text/html; charset=utf-8', 200, env.requestId, pageHeaders);
  });
  app.get('/', async ({ req, env }) => {
    if (!req.header('accept')?.includes('text/html')) return json(entrances, 200, env.requestId);
    const { html, policy } = await board();
    return text(html, 'text/html; charset=utf-8', 200, env.requestId, {
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
    });
  });
  app.all('/', () => {
    throw new Failure('not_found', { hint: 'MCP is at /mcp. /docs lists the REST routes.' });
  });
  app.notFound(({ req }) => {
    const allowed = methods.filter((method) => app.router.match(method, req.path)[0].length > 0);
    if (allowed.length === 0) throw new Failure('not_found');
    throw new NotAllowed(allowed[0] === 'GET' ? ['HEAD', ...allowed] : allowed);
  });
  // `answer` turns all errors into responses.
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** The template of the route that serves a request, e.g. `/provision/{operation_id}`. */
function routeOf({ router }: Hono<Env>, method: string, path: string): string | undefined {
  const [[served]] = router.match(method === 'HEAD' ? 'GET' : method, path);
  return served?.[0][1].path.replace(/:(\w+)/g, '{$1}');
}

// Hono answers HEAD with the route for GET.
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

class NotAllowed extends Failure {
  constructor(readonly allowed: readonly string[]) {
    super('method_not_allowed');
  }
}

/** The answer to a program at `/`. A browser gets the board. */
const entrances = { docs: '/docs', openapi: '/openapi.json', mcp: '/mcp', health: '/healthz' };

/** The page has its style in it and may load nothing. */
const pageHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

function json(value: object, status: number, requestId: string, headers?: Record<string, string>): Response {
  return text(JSON.stringify(value), 'application/json', status, requestId, headers);
}

function text(body: string, type: string, status: number, requestId: string, headers?: Record<string, string>) {
  return new Response(body, {
    status,
    headers: {
      'Content-Type': type,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': requestId,
      ...headers,
    },
  });
}
