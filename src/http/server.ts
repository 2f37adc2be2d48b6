import { createAdaptorServer } from '@hono/node-server';
import type { HttpApp } from './app.js';

type NodeServer = Extract<ReturnType<typeof createAdaptorServer>, { closeAllConnections(): void }>;

/** Milliseconds that a client may take. Whoever is slower is cut off. */
const patience = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  /** For one who does not read; longer than any call waits. */
  silence: 75_000,
};

/** So many requests of one connection are answered at a time: answers wait in memory until those before them are read. */
const mostOfOne = 32;

export type HttpServer = ReturnType<typeof createHttpServer>;

/**
 * An application on a port.
 * @param limits Where they shall be others.
 */
export function createHttpServer(app: HttpApp, limits: Partial<typeof patience> = {}) {
  const { silence, ...serverLimits } = { ...patience, ...limits };
  /** How many requests of each connection are not answered yet; those that have none are not in it. */
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

  return {
    /** Resolves with the port. Rejects with Node's error. */
    listen(host: string, port: number): Promise<number> {
      return new Promise((resolve, reject) => {
        // Stays for good: an error later on, when connections run out, must not end the process.
        server.on('error', reject);
        server.listen(port, host, () => {
          const address = server.address();
          resolve(typeof address === 'object' && address ? address.port : port);
        });
      });
    },
    /** Lets nobody in any more; resolves when everybody who is in has been answered, or after so many milliseconds. */
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
    /** Cuts all connections. */
    close(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}
