import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built program. The tests start it as its users do. */
export const program = fileURLToPath(new URL('../../bin/ironic-mcp.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The output of a process, and how it ended. */
export interface Recording {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves when the process has ended and all of its output is read. */
  readonly exited: Promise<Exit>;
}

/** Records a process that was just started. */
export function record(child: ChildProcess): Recording {
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on('data', (chunk: Buffer) => written.stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => written.stderr.push(chunk));
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }) as Exit);
  return {
    stdout: () => Buffer.concat(written.stdout).toString('utf8'),
    stderr: () => Buffer.concat(written.stderr).toString('utf8'),
    exited,
  };
}

export type Environment = Readonly<Record<string, string>>;

export interface Running extends Recording {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves with all of stdout or stderr as soon as it matches. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

/** Starts the program with only the variables that every program needs. */
export function start(args: readonly string[], env: Environment = {}): Running {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [program, ...args], { env: { PATH, HOME, ...env }, stdio: 'pipe' });
  // Some tests write to a program that has ended.
  child.stdin.on('error', () => undefined);
  const recorded = record(child);
  return {
    ...recorded,
    child,
    pid: child.pid ?? 0,
    until: (stream, pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const text = recorded[stream]();
          if (!pattern.test(text)) return;
          child[stream].off('data', look);
          resolve(text);
        };
        child[stream].on('data', look);
        look();
        const early = () => reject(new Error(`ended without ${pattern} on ${stream}: ${recorded[stream]()}`));
        void recorded.exited.then(early);
      }),
  };
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end with this input. */
export async function run(args: readonly string[], env: Environment = {}, input = ''): Promise<Outcome> {
  const running = start(args, env);
  running.child.stdin?.end(input);
  const { code } = await running.exited;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}
