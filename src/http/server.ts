import { createAdaptorServer } from '@hono/node-server';
import type { HttpApp } from './app.js';

type NodeServer = Extract<ReturnType<typeof createAdaptorServer>, { closeAllConnections(): void }>;

/** Time limits of clients, in milliseconds. A slower client loses its connection. */
const patience = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  /** For a client that does not read. Longer than any call waits. */
  silence: 75_000,
};

/** The limits of a listener to which machines that we do not trust send one short request each. */
export const shortPatience = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 1_000,
  connectionsCheckingInterval: 1_000,
  silence: 15_000,
  mostConnections: 512,
};

/** The most unanswered requests of one connection. An answer stays in memory until the client has read earlier ones. */
const mostOfOne = 32;

export type HttpServer = ReturnType<typeof createHttpServer>;

/**
 * Serves an application on a port.
 * @param limits Replace the default limits.
 */
export function createHttpServer(app: HttpApp, limits: Partial<typeof shortPatience> = {}) {
  const { silence, mostConnections, ...serverLimits } = { ...patience, ...limits };
  /** The number of unanswered requests of each connection that has any. */
  const answering = new Map<object, number>();
  let onAnswered: () => void = () => undefined;

  const server = createAdaptorServer({
    serverOptions: { ...serverLimits, maxHeaderSize: 16 * 1024 },
    fetch(request, { incoming, outgoing }) {
      const { socket } = incoming;
      const earlier = answering.get(socket) ?? 0;
      answering.set(socket, earlier + 1);
      outgoing.once('close', () => {
        const left = (answering.get(socket) ?? 0) - 1;
        if (left > 0) answering.set(socket, left);
        else answering.delete(socket);
        onAnswered();
      });
      if (earlier >= mostOfOne) {
        socket.destroy();
        return new Response(null, { status: 503 });
      }
      return app(request, { target: incoming.url, client: socket.remoteAddress });
    },
  }) as NodeServer;
  server.setTimeout(silence);
  // Node closes further connections at once.
  if (mostConnections !== undefined) server.maxConnections = mostConnections;

  return {
    /** Resolves with the port. Rejects with Node's error. */
    listen(host: string, port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        // Keep this listener: a later error, when connections run out, must not end the process.
        server.on('error', reject);
        server.listen(port, host, () => {
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : port);
        });
      });
    },
    /** Accepts no new connection. Resolves when all requests are answered, or after so many milliseconds. */
    drain(atMost: number): Promise<void> {
      server.close();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, atMost);
        onAnswered = () => {
          if (answering.size > 0) return;
          clearTimeout(timer);
          resolve();
        };
        onAnswered();
      });
    },
    /** Closes all connections at once. */
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}
