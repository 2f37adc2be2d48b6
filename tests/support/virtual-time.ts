import type { Clock } from '../../src/core/ports.js';
import type { Http } from '../../src/openstack/http.js';

/** Time that passes only when a caller sleeps, or waits for an answer that never comes. */
export interface VirtualTime extends Clock {
  /** A signal that aborts after one time-out. */
  deadline(): AbortSignal;
  /** Lets time pass. */
  pass(milliseconds: number): void;
  /** Lets enough time pass that every caller who waits for an answer gives up. */
  stall(): void;
}

/** A sleep of so many milliseconds is no pause between two requests, but a limit for them: it ends when time has passed. */
const limits = 10_000;

/** @param timeout How long a request may take, in milliseconds. */
export function createVirtualTime(timeout: number): VirtualTime {
  let now = Date.UTC(2026, 10, 22, 8);
  let open: { readonly due: number; readonly abort: () => void }[] = [];
  function pass(milliseconds: number): void {
    now += milliseconds;
    const over = open.filter(({ due }) => due <= now);
    open = open.filter(({ due }) => due > now);
    for (const { abort } of over) abort();
  }
  const until = (due: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      open.push({ due, abort: resolve });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  return {
    now: () => now,
    pass,
    stall: () => pass(timeout),
    async sleep(milliseconds, signal) {
      signal.throwIfAborted();
      if (milliseconds >= limits) return until(now + milliseconds, signal);
      pass(milliseconds);
      signal.throwIfAborted();
    },
    deadline() {
      const controller = new AbortController();
      open.push({ due: now + timeout, abort: () => controller.abort() });
      return controller.signal;
    },
  };
}

/** The same fetch with deadlines in virtual time. */
export function inVirtualTime(http: Http, { deadline }: VirtualTime): Http {
  return { ask: (ask, signal, end = deadline()) => http.ask(ask, signal, end), deadline };
}
