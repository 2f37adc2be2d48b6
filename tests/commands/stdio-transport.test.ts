import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createStdioTransport } from '../../src/commands/stdio-transport.js';

/** The transport with an echo behind it, and what it writes at once. */
async function echo() {
  const writes: string[] = [];
  const stdout = new Writable({
    decodeStrings: false,
    writev: (chunks, done) => {
      writes.push(chunks.map(({ chunk }) => chunk).join(''));
      done();
      stdout.emit('written');
    },
  });
  const stdin = new PassThrough();
  const transport = createStdioTransport({ stdin, stdout, stderr: new PassThrough() });
  transport.onmessage = (message) => void transport.send(message);
  await transport.start();
  return {
    async send(text: string) {
      const written = once(stdout, 'written');
      stdin.write(text);
      await written;
    },
    writes,
  };
}

const ping = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"ping"}\n`;

describe('the transport on stdin and stdout', () => {
  it('writes the answers to what came together at once', async () => {
    const { send, writes } = await echo();
    await send(ping(1) + ping(2));
    await send(ping(3));
    expect(writes).toEqual([ping(1) + ping(2), ping(3)]);
  });

  it('reads no more from a client that does not read, until it does', async () => {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const transport = createStdioTransport({ stdin, stdout, stderr: new PassThrough() });
    await transport.start();
    const large = { jsonrpc: '2.0', id: 1, result: { text: 'x'.repeat(300_000) } } as const;
    for (let count = 0; count < 3; count += 1) await transport.send(large);
    expect(stdin.isPaused()).toBe(false);
    await transport.send(large);
    expect(stdin.isPaused()).toBe(true);
    await transport.send(large);
    const resumed = once(stdin, 'resume');
    stdout.resume();
    await resumed;
    expect(stdin.isPaused()).toBe(false);
  });
});
