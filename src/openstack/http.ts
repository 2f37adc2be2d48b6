import ky, { type KyInstance } from 'ky';
import { unlessAborted, withFirstAbort } from '../core/async/abort.js';
import { isOfChange } from '../core/async/changes.js';
import { Failure } from '../core/failures.js';
import { NoAnswer, Refused } from '../core/ports.js';
import { failedCallIn } from './failed-call.js';
import type { RequestQueue } from './request-queue.js';

/** What a service answered, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined when it was empty or not JSON. */
  readonly body: unknown;
  /** The settings to look at if it came from a wrong address. */
  readonly setBy?: string;
  /** The project of the sign-in, if it is for one. */
  readonly project?: string | undefined;
}

export interface Ask {
  readonly method: 'GET' | 'PATCH' | 'PUT' | 'POST' | 'DELETE';
  /** Relative to the endpoint, without a leading slash, already encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /**
   * Called when nothing is left but to send the request: its place in the queue is taken and its sign-in is valid. What
   * it answers, if anything, is taken for the answer, and the request is not sent.
   * @param delayed Whether the request had to wait for its place or its sign-in.
   * @param exchange Sends another request in the same place, with the same sign-in.
   */
  readonly before?: Before | undefined;
}

type Before = (delayed: boolean, exchange: (ask: Ask) => Promise<Answer>) => Promise<Answer | null>;

/** Speaks HTTP with one service. */
export interface Http {
  /**
   * @param deadline When the answer's body must be complete; by default the service's own time-out from now.
   * @throws NoAnswer; Failure `overloaded` if too many requests wait already, and then none was sent; or the signal's
   * reason when that is aborted first
   */
  ask(ask: Ask, signal: AbortSignal, deadline?: AbortSignal): Promise<Answer>;
  /** Aborts when one time-out from now is over. */
  deadline(): AbortSignal;
}

export interface HttpOptions {
  /** How the service is called in messages, e.g. `Ironic`. */
  readonly service: string;
  readonly endpoint: string;
  /** Milliseconds from sending a request to the end of its answer's body. */
  readonly timeout: number;
  /** Bounds the connections that are open to the service at once. */
  readonly queue: RequestQueue;
  /** Instead of the global fetch: the simulator, or one with TLS settings. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
}

/** More than any answer that we ask for: a page of 200 nodes is some 500 KB. */
const longestBody = 16 * 1024 * 1024;

/**
 * The one place that makes HTTP requests. ky's own retries and timeout are off: it would repeat a PUT after a 503, and
 * its timeout does not cover a body that stalls.
 */
export function createHttp({ service, endpoint, timeout, queue, fetch }: HttpOptions): Http {
  const client: KyInstance = ky.create({
    prefixUrl: endpoint,
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect: 'manual',
    // ky wants a promise even where the fetch throws at once, and gives it a Request.
    ...(fetch ? { fetch: async (input: string | URL | Request) => fetch(input as Request) } : {}),
  });

  async function send(ask: Ask, signal: AbortSignal, deadline: AbortSignal): Promise<Answer> {
    let begun = false;
    const exchange = async ({ method, path, query, headers, json }: Ask, either: AbortSignal): Promise<Answer> => {
      const answering = client(path, {
        method,
        headers: { accept: 'application/json', ...headers },
        signal: either,
        ...(query ? { searchParams: query } : {}),
        ...(json === undefined ? {} : { json }),
      });
      // A request may lose its signal when garbage is collected (nodejs/node#55428).
      const response = await unlessAborted(answering, either);
      const text = await read(response, either);
      return { status: response.status, headers: response.headers, body: parsed(text) };
    };
    try {
      // The wait for a place counts as well: it is the caller who waits.
      return await withFirstAbort([signal, deadline], (either) =>
        queue.run(
          either,
          async (waited) => {
            const instead = await ask.before?.(waited, (other) => exchange(other, either));
            if (instead) return instead;
            begun = true;
            return exchange(ask, either);
          },
          isOfChange(signal),
        ),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (deadline.aborted) throw new NoAnswer(`${service} did not answer within ${timeout / 1000} s`, begun);
      if (error instanceof NoAnswer) throw begun ? error : error.withoutEffect();
      if (error instanceof Failure || error instanceof Refused) throw error;
      const call = failedCallIn(error);
      const words = `${service} at ${endpoint} cannot be reached (${call?.code ?? 'connection failed'})`;
      throw new NoAnswer(words, begun && !call?.unsent, { cause: error });
    }
  }

  async function read(response: Response, signal: AbortSignal): Promise<string> {
    if (!response.body) return '';
    const decoder = new TextDecoder();
    let text = '';
    let length = 0;
    const reader = response.body.getReader();
    const cancel = () => void reader.cancel().catch(() => undefined);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for (;;) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) return text + decoder.decode();
        length += value.length;
        if (length > longestBody) {
          cancel();
          throw new NoAnswer(`${service} answered with more than ${longestBody / 1024 / 1024} MiB`, true);
        }
        text += decoder.decode(value, { stream: true });
      }
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  const within = () => AbortSignal.timeout(timeout);
  return {
    ask: (ask, signal, deadline) => send(ask, signal, deadline ?? within()),
    deadline: within,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
