import { Agent, type RequestOptions, request as send } from 'node:https';
import { Readable } from 'node:stream';
import type { Tls } from './credentials.js';

/**
 * A fetch with TLS settings: a CA, a client certificate, or no check at all. Node's own fetch has no such settings, and the
 * library with them is larger than this whole program.
 */
export function createTlsFetch({ ca, cert, key, verify }: Tls, connections: number) {
  const agent = new Agent({ ca, cert, key, rejectUnauthorized: verify, keepAlive: true, maxSockets: connections });

  return async (request: Request): Promise<Response> => {
    // Plain http needs no settings. A catalog may have http and https addresses.
    if (!request.url.startsWith('https:')) return fetch(request);
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const options: RequestOptions = {
      agent,
      method: request.method,
      headers: { ...Object.fromEntries(request.headers), ...(body ? { 'content-length': body.length } : {}) },
      signal: request.signal,
    };
    return new Promise((resolve, reject) => {
      const outgoing = send(request.url, options, (incoming) => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(incoming.headersDistinct)) {
          for (const each of value ?? []) headers.append(name, each);
        }
        const status = incoming.statusCode ?? 500;
        const empty = status === 204 || status === 304 || request.method === 'HEAD';
        if (empty) incoming.resume();
        const stream = empty ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
        resolve(new Response(stream, { status, headers }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  };
}
