import {
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import { isWide, wideMessage } from '../mcp/wide-messages.js';
import type { Io } from './io.js';

/** The limit of one message, in bytes. */
const longestMessage = 10 * 1024 * 1024;

/** When more bytes of answers than this are unread, we stop reading requests. */
const mostUnsent = 1024 * 1024;

/**
 * MCP on stdin and stdout. It answers lines that are not a JSON-RPC message. The SDK's own transport drops them silently,
 * and stops reading for good at a line that is too long.
 */
export function createStdioTransport({ stdin, stdout, stderr }: Pick<Io, 'stdin' | 'stdout' | 'stderr'>): Transport {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line: Buffer[] = [];
  let length = 0;

  // We read from a client as slowly as it reads our answers. Other code notices a client that has left.
  const write = (message: object) => {
    stdout.write(`${JSON.stringify(message)}\n`);
    if (stdout.writableLength < mostUnsent || stdin.isPaused()) return;
    stdin.pause();
    stdout.once('drain', () => stdin.resume());
  };
  const refuse = (code: number, message: string, id: string | number | null = null) => {
    stderr.write(`ironic-mcp: ignored a line on stdin: ${message}\n`);
    write({ jsonrpc: '2.0', id, error: { code, message } });
  };
  const add = (part: Buffer) => {
    length += part.length;
    // The rest of a line that is too long is only counted.
    if (length > longestMessage) line = [];
    else line.push(part);
  };
  const finish = () => {
    const [parts, size] = [line, length];
    [line, length] = [[], 0];
    if (size > longestMessage) return refuse(-32600, `Invalid Request: more than ${longestMessage / 1024 / 1024} MiB`);
    let value: unknown;
    try {
      const text = decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
      if (text.trim() === '') return;
      value = JSON.parse(text);
    } catch {
      // The parser's message would quote the line, which may hold secrets.
      return refuse(-32700, 'Parse error: not JSON in UTF-8');
    }
    if (isWide(value)) return refuse(wideMessage.code, wideMessage.message, idOf(value));
    if (!isMessage(value)) return refuse(-32600, 'Invalid Request: not a JSON-RPC 2.0 message', idOf(value));
    transport.onmessage?.(value);
  };
  const read = (chunk: Buffer) => {
    if (chunk.indexOf(newline) !== chunk.lastIndexOf(newline)) {
      // Requests that arrive together are answered in one write, because a write costs more than an answer.
      stdout.cork();
      setImmediate(() => stdout.uncork());
    }
    let from = 0;
    for (let to = chunk.indexOf(newline); to >= 0; to = chunk.indexOf(newline, from)) {
      add(chunk.subarray(from, to));
      finish();
      from = to + 1;
    }
    add(chunk.subarray(from));
  };

  const transport: Transport = {
    async start() {
      stdin.on('data', read);
      for (const event of ['end', 'close', 'error']) stdin.once(event, () => transport.close());
    },
    send: async (message) => write(message),
    async close() {
      stdin.off('data', read);
      transport.onclose?.();
    },
  };
  return transport;
}

const newline = Buffer.from('\n');

/** Whether a value is a JSON-RPC message. The most frequent kinds are tried first. */
function isMessage(value: unknown): value is JSONRPCMessage {
  return (
    isJSONRPCRequest(value) ||
    isJSONRPCNotification(value) ||
    isJSONRPCResultResponse(value) ||
    isJSONRPCErrorResponse(value)
  );
}

function idOf(message: unknown): string | number | null {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
