import { PassThrough } from 'node:stream';
import type { Io } from '../../src/commands/io.js';

export interface FakeIoOptions {
  readonly env?: Io['env'];
  readonly self?: Io['self'];
  /** The width of the terminal behind stdout. By default stdout is no terminal. */
  readonly columns?: number | undefined;
}

/** The streams and variables of a command, controlled by a test. */
export interface FakeIo {
  readonly io: Io;
  readonly stdin: PassThrough;
  /** Asks the command to stop, as SIGTERM does. */
  readonly stop: () => void;
  stdout(): string;
  stderr(): string;
  /** Resolves with all of stdout or stderr as soon as it matches. */
  until(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>;
}

export function createFakeIo({ env = {}, self = ['false'], columns }: FakeIoOptions = {}): FakeIo {
  const stdin = new PassThrough();
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    streams[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  const stop = new AbortController();
  const terminal = columns === undefined ? {} : { isTTY: true, columns };
  return {
    io: {
      env,
      stdin,
      stdout: Object.assign(streams.stdout, terminal),
      stderr: streams.stderr,
      stop: stop.signal,
      self,
    },
    stdin,
    stop: () => stop.abort(),
    stdout: () => written.stdout,
    stderr: () => written.stderr,
    until: (name, pattern) =>
      new Promise((resolve) => {
        const look = () => {
          if (!pattern.test(written[name])) return;
          streams[name].off('data', look);
          resolve(written[name]);
        };
        streams[name].on('data', look);
        look();
      }),
  };
}
