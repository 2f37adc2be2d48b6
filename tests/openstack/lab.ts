import { HttpResponse, type HttpResponseResolver, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { createHttp, type Http, type HttpOptions } from '../../src/openstack/http.js';
import { createRequestQueue } from '../../src/openstack/request-queue.js';

/** A request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly version: string | null;
  /** The parsed body; undefined if there is none. */
  readonly body: unknown;
}

/** The reply to one request. */
export type Reply = (request: Request) => Response | Promise<Response>;

/** A service that gives only the replies of the test. */
export interface Service {
  readonly endpoint: string;
  /** The replies, in the order of the requests. The last one repeats. */
  replies(...replies: Reply[]): void;
  /** All requests since the test began. */
  readonly seen: readonly Seen[];
}

/** A service at an address of its own, for the tests of one file. A request elsewhere is an error. */
export function createService(endpoint: string): Service {
  const server = setupServer();
  const seen: Seen[] = [];
  beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
  afterEach(() => {
    server.resetHandlers();
    seen.length = 0;
  });
  afterAll(() => server.close());
  return {
    endpoint,
    seen,
    replies(...replies) {
      const resolver: HttpResponseResolver = async ({ request }) => {
        const { pathname, search } = new URL(request.url);
        const text = await request.clone().text();
        seen.push({
          method: request.method,
          path: `${pathname}${search}`,
          version: request.headers.get('x-openstack-ironic-api-version'),
          body: text === '' ? undefined : JSON.parse(text),
        });
        const reply = replies.length > 1 ? replies.shift() : replies[0];
        if (!reply) throw new Error('The test gave no reply.');
        return reply(request);
      };
      server.use(http.all(`${endpoint}/*`, resolver));
    },
  };
}

/** An HTTP client of such a service. */
export function httpTo(endpoint: string, options: Partial<HttpOptions> = {}): Http {
  return createHttp({ service: 'Ironic', endpoint, timeout: 5_000, queue: createRequestQueue(8), ...options });
}

/** A signal that nobody aborts. */
export const forever = new AbortController().signal;

export function json(body: unknown, init: ResponseInit = {}): Reply {
  return () => HttpResponse.json(body as never, init);
}

/** An error in Ironic's format: JSON as a string in JSON. */
export function fault(status: number, faultstring: string, headers: Record<string, string> = {}): Reply {
  const message = JSON.stringify({ faultcode: 'Client', faultstring, debuginfo: null });
  return json({ error_message: message }, { status, headers });
}

/** A proxy's page. */
export function html(status: number, headers: Record<string, string> = {}): Reply {
  return () =>
    HttpResponse.html('<html><body><h1>Service Temporarily Unavailable</h1></body></html>', { status, headers });
}

export function text(body: string, status = 200): Reply {
  return () => new Response(body, { status, headers: { 'content-type': 'application/json' } });
}

/** No answer: the connection breaks. */
export const broken: Reply = () => HttpResponse.error();

/** The beginning of an answer, then nothing until the client leaves. */
export const stalled: Reply = () =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"uuid": "'));
      },
    }),
    { headers: { 'content-type': 'application/json' } },
  );
