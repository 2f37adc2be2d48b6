import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The policy for a page that asks for no exception, by the specification of MCP Apps. */
const strict = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "media-src 'self' data:",
  "connect-src 'none'",
  "frame-src 'self'",
].join('; ');

export interface HostServer {
  readonly url: string;
  /** The address of the sandbox. */
  readonly sandbox: string;
  /** The tools that were called, by the model and by the page, with their arguments. */
  readonly calls: readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[];
  close(): void;
}

/** Serves the host, which passes its MCP requests to this address, and the sandbox on another port. */
export async function serveHost(program: string): Promise<HostServer> {
  const script = await build({
    entryPoints: [at('host.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  const [host, sandbox] = await Promise.all([readFile(at('host.html'), 'utf8'), readFile(at('sandbox.html'), 'utf8')]);
  const calls: { name: string; arguments: Readonly<Record<string, unknown>> }[] = [];
  const inner = await listening((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': strict }).end(sandbox);
  });
  const page = host.replace('title="app"', `title="app" src="${inner.url}/"`);
  const outer = await listening(async (request, response) => {
    if (request.url === '/') response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
    else if (request.url === '/host.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script.outputFiles[0]?.text);
    } else await pass(request, response);
  });

  async function pass(request: IncomingMessage, response: ServerResponse) {
    const body = await buffer(request);
    const { method, params } = body.length > 0 ? JSON.parse(body.toString()) : {};
    if (method === 'tools/call') calls.push({ name: params.name, arguments: params.arguments });
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const answer = await fetch(new URL('/mcp', program), {
        method: request.method ?? 'GET',
        headers: passedOn(request),
        signal: left.signal,
        ...(body.length > 0 ? { body } : {}),
      });
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      for await (const chunk of answer.body ?? []) response.write(chunk);
      response.end();
    } catch {
      response.destroy();
    }
  }

  return {
    url: outer.url,
    sandbox: `${inner.url}/`,
    calls,
    close() {
      for (const { server } of [inner, outer]) server.close().closeAllConnections();
    },
  };
}

/** The headers that belong to MCP. */
function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => /^(accept|content-type|mcp-.*)$/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

async function listening(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server: Server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
