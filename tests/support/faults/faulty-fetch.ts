import type { VirtualTime } from '../virtual-time.js';
import { type FaultKind, type FaultScript, kindOf } from './fault-table.js';

type Fetch = (request: Request) => Promise<Response>;

/** A fetch that plays the faults of a script inside the process, without real time. */
export function createFaultyFetch(upstream: Fetch, script: FaultScript, time: Pick<VirtualTime, 'stall'>): Fetch {
  return async (request) => {
    await script.deliver('due');
    const { pathname, search } = new URL(request.url);
    const fault = script.next(kindOf(request.method, pathname + search));
    if (!fault) return upstream(request);
    const sent = request.body === null ? null : await request.arrayBuffer();
    const pass = () =>
      upstream(new Request(request.url, { method: request.method, headers: request.headers, body: sent }));
    return answerWith(fault, await delivered(fault, pass, script), request, time);
  };
}

async function delivered(
  { delivery }: FaultKind,
  pass: () => Promise<Response>,
  script: FaultScript,
): Promise<Response | undefined> {
  switch (delivery) {
    case 'never':
      return undefined;
    case 'at once':
      return pass();
    case 'twice':
      await pass();
      return pass();
    default:
      script.hold(delivery, pass);
      return undefined;
  }
}

async function answerWith(
  { reply }: FaultKind,
  genuine: Response | undefined,
  request: Request,
  time: Pick<VirtualTime, 'stall'>,
): Promise<Response> {
  switch (reply) {
    case 'refusal':
      throw systemError('ECONNREFUSED', 'connect');
    case 'reset':
      throw systemError('ECONNRESET', 'read');
    case 'silence': {
      const givenUp = new Promise<never>((_, reject) => {
        const { signal } = request;
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason));
      });
      time.stall();
      return givenUp;
    }
    default:
  }
  if (typeof reply === 'object') {
    const isText = typeof reply.body === 'string';
    return new Response(isText ? String(reply.body) : JSON.stringify(reply.body), {
      status: reply.status,
      headers: { 'content-type': isText ? 'text/html' : 'application/json' },
    });
  }
  if (!genuine) throw new Error(`a request that is not delivered has no answer: ${reply}`);
  if (reply === 'genuine') return genuine;
  const body = new Uint8Array(await genuine.arrayBuffer());
  const half = body.subarray(0, body.length / 2);
  const { status, headers } = genuine;
  // A 204 cannot have a body that goes wrong.
  return new Response(status === 204 ? null : bodyOf(reply, half, time), { status, headers });
}

function bodyOf(
  reply: 'cut body' | 'stalled body' | 'half a body' | 'endless body',
  half: Uint8Array<ArrayBuffer>,
  time: Pick<VirtualTime, 'stall'>,
) {
  if (reply === 'half a body') return half;
  const more = new Uint8Array(1024 * 1024).fill(32);
  let begun = false;
  const source = {
    pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      if (!begun) {
        begun = true;
        if (half.length > 0) return controller.enqueue(half);
      }
      if (reply === 'cut body') return controller.error(systemError('ECONNRESET', 'read'));
      if (reply === 'endless body') return controller.enqueue(more);
      return new Promise<void>(() => time.stall());
    },
  };
  // Nothing happens before somebody reads the body.
  return new ReadableStream(source, { highWaterMark: 0 });
}

/** An error like fetch's own, with the system call in its cause. */
function systemError(code: string, syscall: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code, syscall }) });
}
