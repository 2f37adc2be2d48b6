import { connect } from 'node:net';
import { type Environment, type Running, start } from './program.js';

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  readonly program: Running;
  /** Asks the program to stop, and resolves with its exit code. */
  stop(): Promise<number | null>;
  /** The lines of its log that are JSON. */
  log(): readonly Readonly<Record<string, unknown>>[];
  /** Sends raw bytes, and resolves with everything that comes back until the connection closes. */
  raw(bytes: string): Promise<string>;
}

/** The built program as `ironic-mcp http`, on a free port. */
export async function startHttpServer(args: readonly string[] = [], env: Environment = {}): Promise<HttpServer> {
  const program = start(['http', '--port', '0', ...args], { IRONIC_MCP_SIM_SPEED: '10000', ...env });
  await program.until('stderr', / MCP \(at .*\n/);
  const printed = await program.until('stdout', /^http:.*\n/);
  const url = printed.trim();
  const port = Number(new URL(url).port);
  return {
    url,
    port,
    program,
    async stop() {
      program.child.kill('SIGTERM');
      return (await program.exited).code;
    },
    log: () =>
      program
        .stderr()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    raw: (bytes) =>
      new Promise((resolve) => {
        let answer = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
        socket.setEncoding('latin1').on('data', (text: string) => {
          answer += text;
        });
        // A reset counts as an answer.
        socket.on('error', () => undefined).on('close', () => resolve(answer));
      }),
  };
}
