import { createAdaptorServer } from '@hono/node-server';
import type { HttpApp } from './app.js';

type NodeServer = Extract<ReturnType<typeof createAdaptorServer>, { closeAllConnections(): void }>;

export interface HttpServer {
  /** Resolves with the port. Rejects with Node's error. */
  listen(host: string, port: number): Promise<number>;
  /** Lets nobody in any more; resolves when everybody who is in has been answered, or after so many milliseconds. */
  drain(atMost: number): Promise<void>;
  /** Cuts all connections. */
  close(): void;
}

/** Milliseconds that a client may take. Whoever is slower is cut off, and has cost no more than a socket. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  /** Bytes. */
  maxHeaderSize: 16 * 1024,
} as const;

/** An application on a port. */
export function createHttpServer(app: HttpApp): HttpServer {
  const answering = new Set<object>();
  let onAnswered: () => void = () => undefined;

  const server = createAdaptorServer({
    serverOptions: limits,
    fetch(request, { incoming, outgoing }) {
      answering.add(outgoing);
      outgoing.once('close', () => {
        answering.delete(outgoing);
        onAnswered();
      });
      return app(request, { target: incoming.url, client: incoming.socket.remoteAddress });
    },
  }) as NodeServer;

  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        // Stays for good: an error later on, when connections run out, must not end the process.
        server.on('error', reject);
        server.listen(port, host, () => {
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : port);
        });
      });
    },
    drain(atMost) {
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
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
