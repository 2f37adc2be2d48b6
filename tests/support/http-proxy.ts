import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface HttpProxy {
  /** Its URL, with its user and password if it has them. */
  readonly url: string;
  /** What it was asked for: `GET http://…` or `CONNECT host:port`. */
  readonly asked: readonly string[];
  /** Resolves when it has this many connections. */
  until(connections: number): Promise<void>;
  close(): void;
}

interface Options {
  /** The ports on this machine that stand for the hosts that only the proxy knows, by host and port. */
  readonly hosts: Readonly<Record<string, number>>;
  /** `user:password`, in the form of a URL. */
  readonly login?: string;
  /** Answers nothing at all. */
  readonly silent?: boolean;
}

/** A small HTTP proxy on this machine. It knows only the hosts that it is given. */
export async function startHttpProxy({ hosts, login, silent = false }: Options): Promise<HttpProxy> {
  const asked: string[] = [];
  const right = login && `Basic ${Buffer.from(decodeURIComponent(login)).toString('base64')}`;
  const portOf = ({ method, url = '', headers }: IncomingMessage, host: string) => {
    asked.push(`${method} ${url}`);
    if (right && headers['proxy-authorization'] !== right) return 407;
    return hosts[host] ?? 502;
  };
  const server = createServer((incoming, response) => {
    if (silent) return;
    const { host, pathname, search } = new URL(incoming.url ?? '');
    const port = portOf(incoming, host);
    if (port === 407 || port === 502) return void response.writeHead(port).end('<h1>proxy</h1>');
    const { method, headers } = incoming;
    const options = { port, method, path: `${pathname}${search}`, headers, agent: false };
    const outgoing = request({ host: '127.0.0.1', ...options }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connect', (incoming, socket) => {
    if (silent) return;
    const port = portOf(incoming, incoming.url ?? '');
    if (port === 407 || port === 502) return void socket.end(`HTTP/1.1 ${port} No\r\ncontent-length: 0\r\n\r\n`);
    const other = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(other).pipe(socket);
    });
    for (const [side, opposite] of [
      [socket, other],
      [other, socket],
    ] as const) {
      side.on('error', () => opposite.destroy());
      side.on('close', () => opposite.destroy());
    }
  });
  const open = new Set<Socket>();
  const changed = new EventEmitter();
  server.on('connection', (socket) => {
    open.add(socket);
    changed.emit('change');
    socket.on('close', () => {
      open.delete(socket);
      changed.emit('change');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${login ? `${login}@` : ''}127.0.0.1:${port}`,
    asked,
    until: async (connections) => {
      while (open.size !== connections) await once(changed, 'change');
    },
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
