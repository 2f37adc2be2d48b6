import ky, { type KyInstance } from 'ky';
import { unlessAborted, withFirstAbort } from '../core/async/abort.js';
import { isOfChange } from '../core/async/changes.js';
import { currentTrace } from '../core/async/trace.js';
import { Failure } from '../core/failures.js';
import { NoAnswer, Refused } from '../core/ports.js';
import { failedCallIn } from './failed-call.js';
import type { RequestQueue } from './request-queue.js';

/** A service's answer, of any status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; undefined when it was empty or not JSON. */
  readonly body: unknown;
  /** The settings to check if the address is wrong. */
  readonly setBy?: string;
  /** The project of the sign-in, if there is one. */
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
   * Called right before the request is sent, when it has its place in the queue and a valid sign-in. If it returns an
   * answer, that is the answer, and the request is not sent.
   * @param delayed Whether the request waited for its place or its sign-in.
   * @param exchange Sends another request in the same place, with the same sign-in.
   */
  readonly before?: Before | undefined;
}

type Before = (delayed: boolean, exchange: (ask: Ask) => Promise<Answer>) => Promise<Answer | null>;

/** Speaks HTTP with one service. */
export interface Http {
  /**
   * @param deadline When the body must be complete; by default after the service's own time-out.
   * @throws NoAnswer; Failure `overloaded`, without sending anything, if too many requests wait; or the signal's reason
   * when that is aborted first
   */
  ask(ask: Ask, signal: AbortSignal, deadline?: AbortSignal): Promise<Answer>;
  /** Aborts after the service's time-out, counted from now. */
  deadline(): AbortSignal;
}

/** A request that has ended. */
export interface EndedCloudRequest {
  readonly method: Ask['method'];
  readonly path: string;
  /** The status of the answer, or why there is none. */
  readonly outcome: number | 'cancelled' | 'timeout' | 'unreachable' | 'unreadable';
  readonly seconds: number;
}

export interface HttpOptions {
  /** Name of the service in messages, e.g. `Ironic`. */
  readonly service: string;
  readonly endpoint: string;
  /** Milliseconds from the request to the end of the answer's body. */
  readonly timeout: number;
  /** Limits the number of open connections to the service. */
  readonly queue: RequestQueue;
  /** Replaces the global fetch: the simulator, or a fetch with TLS settings. */
  readonly fetch?: ((request: Request) => Promise<Response>) | undefined;
  /** Called after each request. */
  readonly onEnded?: ((ended: EndedCloudRequest) => void) | undefined;
}

/** Longer than any answer that we ask for: a page of 500 nodes may have 5 MB. */
const longestBody = 16 * 1024 * 1024;

/**
 * Makes all HTTP requests. ky's own retries and timeout are off: it would repeat a PUT after a 503, and its timeout does
 * not cover a body that stalls.
 */
export function createHttp({ service, endpoint, timeout, queue, fetch, onEnded }: HttpOptions): Http {
  const client: KyInstance = ky.create({
    prefixUrl: endpoint,
    retry: 0,
    timeout: false,
    throwHttpErrors: false,
    redirect: 'manual',
    // ky needs a promise even if the fetch throws at once. It always passes a Request.
    ...(fetch ? { fetch: async (input: string | URL | Request) => fetch(input as Request) } : {}),
  });

  async function exchange({ method, path, query, headers, json }: Ask, signal: AbortSignal): Promise<Answer> {
    // We record no spans of our own, so the caller's span stays the parent.
    const traceparent = currentTrace();
    const answering = client(path, {
      method,
      headers: { accept: 'application/json', ...(traceparent === undefined ? {} : { traceparent }), ...headers },
      signal,
      ...(query ? { searchParams: query } : {}),
      ...(json === undefined ? {} : { json }),
    });
    // Garbage collection may remove the signal of a request (nodejs/node#55428).
    const response = await unlessAborted(answering, signal);
    const text = await read(response, signal);
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  async function send(ask: Ask, signal: AbortSignal, deadline: AbortSignal): Promise<Answer> {
    let begun = false;
    const told = async (asked: Ask, either: AbortSignal): Promise<Answer> => {
      const { method, path } = asked;
      const sent = performance.now();
      const end = (outcome: EndedCloudRequest['outcome']) =>
        onEnded?.({ method, path, outcome, seconds: (performance.now() - sent) / 1_000 });
      try {
        const answer = await exchange(asked, either);
        end(answer.status);
        return answer;
      } catch (error) {
        const unanswered = error instanceof NoAnswer ? 'unreadable' : 'unreachable';
        end(signal.aborted ? 'cancelled' : deadline.aborted ? 'timeout' : unanswered);
        throw error;
      }
    };
    try {
      // The wait for a place counts too, because the caller waits for it.
      return await withFirstAbort([signal, deadline], (either) =>
        queue.run(
          either,
          async (waited) => {
            const instead = await ask.before?.(waited, (other) => told(other, either));
            if (instead) return instead;
            begun = true;
            return told(ask, either);
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
