import type { Readable, Writable } from 'node:stream';

/** Everything outside that a command may touch, so that tests can run it in their own process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Takes everything that is not the command's result: warnings, errors, logs. */
  readonly stderr: Writable;
  /** Aborted when the process is asked to stop (SIGTERM, SIGINT). */
  readonly stop: AbortSignal;
  /** The command line that starts this program again. */
  readonly self: readonly [string, ...string[]];
}

/** Runs a command with its arguments and returns the exit code. */
export type Command = (io: Io, args: readonly string[]) => Promise<number>;

export const exitCodes = { ok: 0, failure: 1, usage: 2, config: 78 } as const;
