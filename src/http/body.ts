import { Failure } from '../core/failures.js';

/** The most bytes that a body may have. */
export const largestBody = 1024 * 1024;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON in the body of a request; undefined if there is no body.
 * @throws Failure `too_large`, `unsupported_media`, `malformed`
 */
export async function jsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type');
  if (type !== null && !/^application\/json *(;|$)/i.test(type)) throw unsupported();
  const bytes = await bytesOf(request, largestBody);
  if (bytes.byteLength === 0) return undefined;
  if (type === null) throw unsupported();
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    // The parser's message would quote the body, which may hold secrets.
    throw new Failure('malformed', { reason: 'the body is not JSON in UTF-8' });
  }
}

/** @throws Failure `too_large`, `malformed` */
export async function bytesOf(request: Request, most: number): Promise<ArrayBuffer | Uint8Array> {
  const length = request.headers.get('content-length');
  if (Number(length) > most) throw tooLarge(most);
  try {
    // The HTTP parser lets no more bytes through than the header says.
    return length === null ? await bounded(request.body, most) : await request.arrayBuffer();
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('malformed', { reason: 'the body ended too early', cause: error });
  }
}

async function bounded(body: ReadableStream<Uint8Array> | null, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > most) throw tooLarge(most);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unsupported(): Failure {
  return new Failure('unsupported_media', { reason: 'the body must be application/json' });
}

function tooLarge(most: number): Failure {
  return new Failure('too_large', { reason: `a body may have at most ${most} bytes` });
}
