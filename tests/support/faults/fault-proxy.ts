import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request, as it arrived. */
interface Access {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Whether the service behind the proxy got it. */
  passedOn: boolean;
  /** The status of the answer, or null without an answer. */
  status: number | null;
}

/** The requests that a fault hits. */
interface Match {
  readonly method?: string;
  /** A part of the path with its query, or a pattern. */
  readonly path?: string | RegExp;
  /** Only the nth matching request from now on, from 1. All of them by default. */
  readonly nth?: number;
}

/** A complete answer of the service behind the proxy. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What a fault can do. */
export interface Exchange {
  readonly access: Access;
  /** Passes the request to the service behind the proxy. */
  pass(): Promise<Answer>;
  /** Answers the client if it is still connected. */
  reply(answer: Partial<Answer>): void;
  /** The raw response, for improper answers. */
  readonly response: ServerResponse;
  /** Cuts the connection with a reset. */
  reset(): void;
  /** Resolves when the test releases the request. */
  readonly released: Promise<void>;
  /** Refuses all connections from now on. */
  goDown(): void;
}

export type Fault = (exchange: Exchange) => Promise<void> | void;

/** An arranged fault. */
export interface Incident {
  /** Resolves when the first such request arrives. */
  readonly reached: Promise<Access>;
  /** Resolves when the client gives up on the first such request before it has an answer. */
  readonly abandoned: Promise<void>;
  /** Releases a held request or a held answer. */
  release(): void;
}

/** A proxy in front of a service. Tests arrange what goes wrong on the way. */
export interface FaultProxy {
  readonly url: string;
  /** Every request since the beginning or the last `clear`, in order of arrival. */
  readonly log: readonly Access[];
  /** Arranges a fault. If several match a request, the latest one happens. */
  on(match: Match, fault: Fault): Incident;
  /** Forgets all faults and the log, and releases everything that is held. */
  clear(): void;
  /** Listens again, after `faults.down`. */
  up(): Promise<void>;
  close(): Promise<void>;
}

interface Arranged {
  readonly match: Match;
  readonly fault: Fault;
  readonly released: Promise<void>;
  readonly release: () => void;
  readonly reach: (access: Access) => void;
  readonly abandon: () => void;
  seen: number;
}

export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const log: Access[] = [];
  let arranged: Arranged[] = [];
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function handle(request: IncomingMessage, response: ServerResponse) {
    const { method = '', url: path = '', socket } = request;
    const access: Access = { method, path, passedOn: false, status: null };
    log.push(access);
    const plan = happeningTo(arranged, access);
    let answered = false;
    // Some tests are about a client that closes early.
    response.on('error', () => undefined);
    response.on('close', () => {
      if (!answered) plan?.abandon();
    });
    const sent = await bodyOf(request).catch(() => undefined);
    if (!sent) return;
    plan?.reach(access);
    const exchange: Exchange = {
      access,
      response,
      released: plan?.released ?? Promise.resolve(),
      pass() {
        access.passedOn = true;
        return passOn(upstream, request, sent);
      },
      reply({ status = 200, headers = {}, body = Buffer.alloc(0) }) {
        if (response.destroyed) return;
        answered = true;
        access.status = status;
        const { 'transfer-encoding': _, connection: __, ...others } = headers;
        response.writeHead(status, { ...others, 'content-length': body.length });
        response.end(body);
      },
      reset() {
        answered = true;
        socket.resetAndDestroy();
      },
      goDown() {
        server.close();
        server.closeIdleConnections();
      },
    };
    try {
      await (plan?.fault ?? passThrough)(exchange);
    } catch (error) {
      exchange.reply({ status: 599, body: Buffer.from(`the service behind the fault proxy failed: ${error}`) });
    }
  }

  return {
    url: `http://127.0.0.1:${port}`,
    log,
    on(match, fault) {
      const reached = promised<Access>();
      const abandoned = promised<void>();
      const released = promised<void>();
      const release = () => released.resolve();
      arranged.push({
        match,
        fault,
        released: released.promise,
        release,
        reach: reached.resolve,
        abandon: abandoned.resolve,
        seen: 0,
      });
      return { reached: reached.promise, abandoned: abandoned.promise, release };
    },
    clear() {
      for (const { release } of arranged) release();
      arranged = [];
      log.length = 0;
    },
    async up() {
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async close() {
      for (const { release } of arranged) release();
      if (server.listening) server.close();
      server.closeAllConnections();
    },
  };
}

/** No fault. */
const passThrough: Fault = async ({ pass, reply }) => reply(await pass());

/** An answer instead of the service's. A body that is not text is sent as JSON. */
function made(status: number, body: unknown, headers: IncomingHttpHeaders): Answer {
  const isText = typeof body === 'string';
  return {
    status,
    headers: { 'content-type': isText ? 'text/html' : 'application/json', ...headers },
    body: Buffer.from(isText ? body : JSON.stringify(body)),
  };
}

/** What can go wrong with one request. "Before" and "after" say whether the service behind the proxy got the request. */
export const faults = {
  /** The connection breaks before the service has the request. */
  resetBefore: (({ reset }) => reset()) satisfies Fault,

  /** The connection breaks after the service has done its work, so its answer is lost. */
  resetAfter: (async ({ pass, reset }) => {
    await pass();
    reset();
  }) satisfies Fault,

  /** No answer ever comes, and the service never gets the request. */
  stallBefore: (() => undefined) satisfies Fault,

  /** No answer ever comes, although the service has done its work. */
  stallAfter: (async ({ pass }) => {
    await pass();
  }) satisfies Fault,

  /** The request arrives late: it waits until the test releases it, even if its client has left. */
  holdBefore: (async ({ released, pass, reply }) => {
    await released;
    reply(await pass());
  }) satisfies Fault,

  /** The answer waits until the test releases it. */
  holdAfter: (async ({ released, pass, reply }) => {
    const answer = await pass();
    await released;
    reply(answer);
  }) satisfies Fault,

  /** The connection breaks at once. The service gets the request when the test releases it. */
  deliverLate: (async ({ released, pass, reset }) => {
    reset();
    await released;
    await pass();
  }) satisfies Fault,

  /** The service is gone after this answer: connections are refused until `up`. */
  down: (async ({ response, pass, reply, goDown }) => {
    response.setHeader('connection', 'close');
    const answer = await pass();
    goDown();
    reply(answer);
  }) satisfies Fault,

  /** A proxy on the way answers instead of the service. */
  answerBefore:
    (status: number, body: unknown = '', headers: IncomingHttpHeaders = {}): Fault =>
    ({ reply }) =>
      reply(made(status, body, headers)),

  /** The service has done its work, but a proxy on the way sends another answer. */
  answerAfter:
    (status: number, body: unknown = '', headers: IncomingHttpHeaders = {}): Fault =>
    async ({ pass, reply }) => {
      await pass();
      reply(made(status, body, headers));
    },

  /** A proper HTTP answer whose JSON ends in the middle. */
  halfJson: (async ({ pass, reply }) => {
    const { status, headers, body } = await pass();
    reply({ status, headers, body: body.subarray(0, body.length / 2) });
  }) satisfies Fault,

  /** The connection breaks in the middle of the answer's body. */
  cutInBody: (async ({ pass, response, access, reset }) => {
    beginBody(await pass(), response, access, reset);
  }) satisfies Fault,

  /** The answer's body begins and never continues. */
  stallInBody: (async ({ pass, response, access }) => {
    beginBody(await pass(), response, access);
  }) satisfies Fault,

  /** The answer's body never ends. */
  endlessBody: (async ({ pass, response, access }) => {
    await pass();
    access.status = 200;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"nodes": [');
    const more = Buffer.alloc(64 * 1024, '{}, ');
    const write = () => {
      while (!response.destroyed && response.write(more));
    };
    response.on('drain', write);
    write();
  }) satisfies Fault,
} as const;

/** Sends the head and half of the body, and then calls `then`. */
function beginBody(
  { status, headers, body }: Answer,
  response: ServerResponse,
  access: Access,
  then: () => void = () => undefined,
): void {
  if (response.destroyed) return;
  access.status = status;
  const { 'transfer-encoding': _, connection: __, ...others } = headers;
  response.writeHead(status, { ...others, 'content-length': body.length + 1 });
  response.write(body.subarray(0, body.length / 2), then);
}

/** Finds the fault for a request. Each arranged fault counts the requests that match it. */
function happeningTo(arranged: readonly Arranged[], { method, path }: Access): Arranged | undefined {
  let found: Arranged | undefined;
  for (const each of arranged) {
    const { match } = each;
    if (match.method !== undefined && match.method !== method) continue;
    if (typeof match.path === 'string' && !path.includes(match.path)) continue;
    if (match.path instanceof RegExp && !match.path.test(path)) continue;
    each.seen += 1;
    if (match.nth === undefined || match.nth === each.seen) found = each;
  }
  return found;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function passOn(upstream: string, { method, url = '', headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  const { connection: _, 'transfer-encoding': __, ...others } = headers;
  const request = forward(new URL(url, upstream), {
    method: method ?? 'GET',
    headers: { ...others, 'content-length': body.length },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await bodyOf(response) };
}

function promised<Value>() {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
