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

  describe('answers a message of more than 10 MiB', () => {
    const long = 'x'.repeat(10 * 1024 * 1024);
    const params = `{"name":"provision_server","arguments":{"config_drive":{"user_data":"${long}"}}}`;
    const answerTo = async (line: string) => {
      const { send, writes } = await echo();
      await send(`${line}\n`);
      await send(ping(1));
      expect(writes.slice(1), 'the next one is read').toEqual([ping(1)]);
      return JSON.parse(writes[0] ?? '');
    };
    const tooLong = { code: -32600, message: 'Invalid Request: more than 10 MiB' };

    it.each<[string, string, string | number]>([
      ['by the SDKs', `{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":7}`, 7],
      [
        'by those that begin with the id',
        `{"jsonrpc":"2.0","id":"seven","method":"tools/call","params":${params}}`,
        'seven',
      ],
      ['in the order of the standard', `{"jsonrpc":"2.0","method":"tools/call","params":${params},"id":"s-7"}`, 's-7'],
      ['with spaces', `{"jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": ${params}}\r`, 0],
    ])('with its id where it is written %s', async (_, line, id) => {
      expect(await answerTo(line)).toEqual({ jsonrpc: '2.0', id, error: tooLong });
    });

    it.each([
      ['it is an answer', `{"result":${params},"jsonrpc":"2.0","id":7}`],
      ['it is an answer that begins with its id', `{"jsonrpc":"2.0","id":7,"result":${params}}`],
      ['it is a batch', `[{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":7}]`],
      [
        'it is a notification with an id in its params',
        `{"jsonrpc":"2.0","method":"m","params":{"a":${params},"id":7}}`,
      ],
      ['a text ends like one', `{"method":"m","params":${params},"a":",\\"id\\":7}`],
      ['the id stands in the middle', `{"method":"tools/call","id":7,"params":${params},"jsonrpc":"2.0"}`],
      ['the id is none', `{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":007}`],
      ['the id is escaped', `{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":"\\u0037"}`],
      ['it is nothing', long + long],
    ])('with the id null when %s', async (_, line) => {
      expect(await answerTo(line)).toEqual({ jsonrpc: '2.0', id: null, error: tooLong });
    });
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
