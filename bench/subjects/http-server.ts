// One server for bench/http.js, on a port that it prints. When it gets a message, it reports its processor time.
// `face` is the REST face; `bare` is a plain node:http server that sends the same bytes. With `simulator` the core makes
// the answers of both and works on the simulator in this process. With `instant` the face has a core with one fixed answer,
// and the bare server sends a fixed text.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { boardPage } from '../../src/board-page.js';
import { createTokenSignIn } from '../../src/commands/sign-in/token.js';
import { composeCore } from '../../src/compose.js';
import { readConfig } from '../../src/config/config.js';
import type { Failure } from '../../src/core/failures.js';
import { allOperations } from '../../src/core/operations.js';
import { createHttpApp } from '../../src/http/app.js';
import { createInFlight } from '../../src/http/in-flight.js';
import { createJsonLines } from '../../src/http/json-lines.js';
import { problemOf } from '../../src/http/problem.js';
import { createHttpServer } from '../../src/http/server.js';
import { instantCore } from './instant-core.js';

const [kind, cloud] = process.argv.slice(2);
const core = cloud === 'instant' ? instantCore() : await composeCore(await readConfig({}, {}));
const log = createJsonLines((text) => process.stderr.write(text));
const app = createHttpApp({
  operations: createInFlight(allOperations, 256).operations,
  policy: core.policy,
  signIn: createTokenSignIn(undefined, async () => core),
  board: async () => boardPage,
  mcp: async () => new Response(),
  metrics: { contentType: 'text/plain', text: async () => '' },
  ready: async () => undefined,
  hosts: ['localhost'],
  stopping: new AbortController().signal,
  onAccess: log.line,
  onDefect: (error) => log.line({ error: String(error) }),
});
const port = kind === 'face' ? await createHttpServer(app).listen('127.0.0.1', 0) : await bare();
process.on('message', () => process.send?.(process.cpuUsage()));
process.stdout.write(`${port}\n`);

async function bare(): Promise<number> {
  const signal = new AbortController().signal;
  const known = new Map<string, { status: number; headers: Record<string, string>; body: string }>();

  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const text = method === 'POST' ? await textOf(request) : '';
    const key = `${method} ${url}`;
    let answer = known.get(key);
    if (!answer) {
      const init = { method, headers: request.headers as Record<string, string>, ...(text ? { body: text } : {}) };
      const first = await app(new Request(`http://localhost${url}`, init));
      answer = { status: first.status, headers: Object.fromEntries(first.headers), body: await first.text() };
      known.set(key, answer);
    }
    let { body } = answer;
    if (cloud === 'simulator') {
      const operation = allOperations.find(({ route }) => route.method === method);
      const input: unknown = text ? JSON.parse(text) : { operation_id: url.split('/').pop() };
      const output = await operation
        ?.call(core, input, { signal, caller: { face: 'rest' } })
        .catch((error: Failure) => problemOf(error));
      body = JSON.stringify(output);
    }
    response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function textOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => resolve(text));
  });
}
