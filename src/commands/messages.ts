import { PassThrough, type Readable } from 'node:stream';
import { isJSONRPCNotification, isJSONRPCRequest, isJSONRPCResponse } from '@modelcontextprotocol/server';
import { droppedArgument, dropsArgument } from '../mcp/dropped-arguments.js';
import type { Io } from './io.js';

/** Bytes of one message; the SDK's own limit. */
export const longestMessage = 10 * 1024 * 1024;

/**
 * Stdin without the lines that are no JSON-RPC message. Those are answered here: the SDK drops them without a word, and
 * stops reading for good at one that is too long.
 */
export function messagesIn({ stdin, stdout, stderr }: Io): Readable {
  const messages = new PassThrough();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line: Buffer[] = [];
  let length = 0;

  const refuse = (code: number, message: string, id: string | number | null = null) => {
    stderr.write(`ironic-mcp: ignored a line on stdin: ${message}\n`);
    stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`);
  };
  const add = (part: Buffer) => {
    length += part.length;
    if (length <= longestMessage) line.push(part);
    else line = [];
  };
  const finish = () => {
    const [bytes, size] = [Buffer.concat(line), length];
    [line, length] = [[], 0];
    if (size > longestMessage) {
      return refuse(-32600, `Invalid Request: more than ${longestMessage / 1024 / 1024} MiB`);
    }
    let message: unknown;
    try {
      const text = decoder.decode(bytes);
      if (text.trim() === '') return;
      message = JSON.parse(text);
    } catch {
      // The parser's own words would quote the line, which may hold secrets.
      return refuse(-32700, 'Parse error: not JSON in UTF-8');
    }
    if (dropsArgument(message)) return refuse(droppedArgument.code, droppedArgument.message, idOf(message));
    if (isJSONRPCRequest(message) || isJSONRPCNotification(message) || isJSONRPCResponse(message)) {
      messages.write(Buffer.concat([bytes, newline]));
    } else refuse(-32600, 'Invalid Request: not a JSON-RPC 2.0 message', idOf(message));
  };

  stdin.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      add(chunk.subarray(from, to));
      finish();
      from = to + 1;
    }
    add(chunk.subarray(from));
  });
  for (const event of ['end', 'close', 'error']) stdin.once(event, () => messages.end());
  return messages;
}

const newline = Buffer.from('\n');

function idOf(message: unknown): string | number | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
