import { request as plainRequest } from 'node:http';
import { type AgentOptions, type RequestOptions, Agent as SecureAgent, request as secureRequest } from 'node:https';
import { type Duplex, Readable } from 'node:stream';
import { NoAnswer } from '../core/ports.js';
import type { Tls } from './credentials.js';
import { failedCallIn } from './failed-call.js';

/** The proxy on the way to an address; undefined if requests go there directly. */
export type ProxyFor = (url: URL) => URL | undefined;

export interface TransportOptions {
  readonly tls?: Tls | undefined;
  readonly proxyFor?: ProxyFor | undefined;
  /** The most connections to one service. */
  readonly connections: number;
}

/**
 * A fetch with TLS settings and proxies. Node's own fetch has neither (proxies only from Node 24 on), and the library with
 * them is larger than this whole program.
 */
export function createTransport({ tls, proxyFor = () => undefined, connections }: TransportOptions) {
  const { ca, cert, key, verify = true } = tls ?? {};
  const agent = new TunnelAgent({
    ca,
    cert,
    key,
    rejectUnauthorized: verify,
    keepAlive: true,
    maxSockets: connections,
  });

  /**
   * A request for the proxy itself, which makes it in our place. Each has its own connection: some proxies close theirs after
   * an answer without saying so, and a change that is lost there would have an unknown outcome.
   */
  function byProxy(request: Request, url: URL, proxy: URL, options: RequestOptions) {
    const headers = { ...options.headers, host: url.host, ...authorization(proxy) };
    return sendTo(proxy)({ ...options, ...placeOf(proxy), ca, path: request.url, headers, agent: false });
  }

  return async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const proxy = proxyFor(url);
    const secure = url.protocol === 'https:';
    // Node's own fetch is enough. A catalog may have http and https addresses.
    if (proxy === undefined && (!secure || tls === undefined)) return fetch(request);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const { method, signal } = request;
    // Spelled like this, because at least one proxy (proxy.py) adds a second length to any other spelling.
    const length = body ? { 'Content-Length': body.length } : {};
    const headers = { ...Object.fromEntries(request.headers), ...length };
    const options = { method, headers, signal };
    const tunnel: Tunnel | undefined = proxy && {
      proxy,
      ca,
      target: `${url.hostname}:${url.port || 443}`,
      leaving: signal,
    };
    return new Promise((resolve, reject) => {
      const outgoing =
        secure || proxy === undefined
          ? secureRequest(url, { ...options, agent, tunnel } as RequestOptions)
          : byProxy(request, url, proxy, options);
      outgoing.on('response', (incoming) => {
        const status = incoming.statusCode ?? 500;
        if (proxy && !secure && status === 407) {
          incoming.resume();
          reject(refusedBy(proxy, status, 'HTTP_PROXY'));
          return;
        }
        const answered = new Headers();
        for (const [name, value] of Object.entries(incoming.headersDistinct)) {
          for (const each of value ?? []) answered.append(name, each);
        }
        const empty = status === 204 || status === 304 || method === 'HEAD';
        if (empty) incoming.resume();
        const stream = empty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
        resolve(new Response(stream, { status, headers: answered }));
      });
      outgoing.on('error', (error) => {
        const notSent = proxy && !secure && failedCallIn(error)?.unsent;
        reject(notSent ? unreachable(proxy, error, 'HTTP_PROXY') : error);
      });
      outgoing.end(body);
    });
  };
}

/** The options of a request that needs a tunnel. Node passes options on to the agent, but not the signal. */
interface Tunnel {
  readonly proxy: URL;
  readonly ca: string | undefined;
  /** Where the tunnel leads: host and port. The proxy looks up the host. */
  readonly target: string;
  readonly leaving: AbortSignal;
}

type Options = Parameters<SecureAgent['createConnection']>[0] & { readonly tunnel?: Tunnel | undefined };

/** Makes connections for https and uses them again. A request with a tunnel asks its proxy for a connection (CONNECT). */
class TunnelAgent extends SecureAgent {
  override createConnection(options: Options, callback?: (error: Error | null, stream: Duplex) => void) {
    if (options.tunnel === undefined || callback === undefined) return super.createConnection(options, callback);
    openTunnel(options.tunnel).then(
      (socket) => callback(null, super.createConnection({ ...options, socket } as AgentOptions) as Duplex),
      (error) => callback(error, undefined as never),
    );
    return undefined;
  }
}

function openTunnel({ proxy, ca, target, leaving }: Tunnel): Promise<Duplex> {
  const headers = { host: target, ...authorization(proxy) };
  const options = { ...placeOf(proxy), ca, method: 'CONNECT', path: target, headers, agent: false, signal: leaving };
  return new Promise((resolve, reject) => {
    const asking = sendTo(proxy)(options);
    asking.once('connect', ({ statusCode = 0 }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusedBy(proxy, statusCode, 'HTTPS_PROXY'));
    });
    asking.on('error', (error) => reject(unreachable(proxy, error, 'HTTPS_PROXY')));
    asking.end();
  });
}

/** The function that sends a request to a proxy. */
const sendTo = (proxy: URL) => (proxy.protocol === 'https:' ? secureRequest : plainRequest);

/** The address of a proxy as options of a request. */
function placeOf({ hostname, port, protocol }: URL) {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || (protocol === 'https:' ? 443 : 80) };
}

/** The sign-in at a proxy, if its URL has one. */
function authorization({ username, password }: URL): { 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = [username, password].map(decodeURIComponent).join(':');
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** The proxy has refused a request, so nothing has reached the service. */
function refusedBy(proxy: URL, status: number, setBy: string): NoAnswer {
  const remedy = status === 407 ? 'the user and password in' : 'NO_PROXY and';
  return new NoAnswer(`${shown(proxy)} refused the request (HTTP status ${status}); check ${remedy} ${setBy}`, false);
}

/** The same for a proxy that cannot be reached. */
function unreachable(proxy: URL, error: unknown, setBy: string): NoAnswer {
  const code = failedCallIn(error)?.code ?? 'connection failed';
  return new NoAnswer(`${shown(proxy)} cannot be reached (${code}); check ${setBy}`, false);
}

/** Without user and password. */
function shown({ protocol, host }: URL): string {
  return `The proxy ${protocol}//${host}`;
}
