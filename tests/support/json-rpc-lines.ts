import { assertOnlyJsonRpc } from './mcp-session.js';
import { type Environment, type Exit, type Running, start } from './program.js';

/** One message from the server. */
interface Reply {
  readonly id?: string | number | null;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

/** The program as an MCP server that gets raw lines, for messages that no client library sends. */
export interface Lines extends Running {
  send(line: string | Buffer): void;
  /** Sends a request and waits for the answer with its id. */
  request(method: string, params?: object): Promise<Reply>;
  /** The next answer for which nobody waits: its id is null, or its request was a raw line. */
  next(): Promise<Reply>;
  /** Closes stdin, waits for the program to end, and rejects if stdout has anything except JSON-RPC. */
  leave(): Promise<Exit>;
}

/** Starts the program and initializes it as clients up to 2025-11-25 do. */
export async function openLines(env: Environment = {}, args: readonly string[] = []): Promise<Lines> {
  const running = start(args, env);
  const { child } = running;
  const awaited = new Map<string, (reply: Reply) => void>();
  const unclaimed: Reply[] = [];
  let wanted: ((reply: Reply) => void) | undefined;

  const take = (line: string) => {
    const reply = JSON.parse(line) as Reply;
    const resolve = awaited.get(String(reply.id)) ?? wanted;
    if (!resolve) return unclaimed.push(reply);
    if (resolve === wanted) wanted = undefined;
    resolve(reply);
  };
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(take);
  });

  const send = (line: string | Buffer) => {
    child.stdin?.write(line);
    child.stdin?.write('\n');
  };
  let count = 0;
  const request = (method: string, params: object = {}) =>
    new Promise<Reply>((resolve, reject) => {
      count += 1;
      const id = `request ${count}`;
      awaited.set(id, resolve);
      void running.exited.then(() => reject(new Error('the program ended before it answered')));
      send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });

  await request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'tests', version: '1' },
  });
  send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return {
    ...running,
    send,
    request,
    next: () =>
      new Promise((resolve) => {
        const reply = unclaimed.shift();
        if (reply) resolve(reply);
        else wanted = resolve;
      }),
    async leave() {
      child.stdin?.end();
      const exit = await running.exited;
      assertOnlyJsonRpc(running.stdout());
      return exit;
    },
  };
}
