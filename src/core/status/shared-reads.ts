import { unlessAborted } from '../async/abort.js';
import type { Clock } from '../ports.js';

/** What was read, and when it was true, by our clock. */
export interface Dated {
  readonly at: number;
}

/** Reads a thing by its id. Callers that ask at about the same time share one reading. */
export interface SharedReads<Thing extends Dated> {
  /**
   * @param maxAge How old (ms) the thing may be. With 0 the call joins a reading under way, or begins a new one.
   */
  read(id: string, maxAge: number, signal: AbortSignal): Promise<Thing>;
  /** What the last reading found, without a request; undefined if it failed, is under way, or is older than a minute. */
  last(id: string): Thing | undefined;
  /** Every earlier reading is out of date, including one under way. */
  forget(id: string): void;
}

/** How long (ms) a reading is kept. */
const longestAge = 60_000;

interface Reading<Thing> {
  readonly result: Promise<Thing>;
  /** Undefined while it is under way, or if it failed. */
  found: Thing | undefined;
  /** When the thing was true, or reading it failed. Infinity while it is under way. */
  at: number;
  /** How many callers wait for it. */
  callers: number;
  readonly end: AbortController;
}

/**
 * Shares readings among callers that look at the same thing. A caller that has just changed it calls `forget` first.
 *
 * @param action Aborted when the last caller that waits for it has left.
 */
export function createSharedReads<Thing extends Dated>(
  clock: Clock,
  action: (id: string, maxAge: number, signal: AbortSignal) => Promise<Thing>,
): SharedReads<Thing> {
  const readings = new Map<string, Reading<Thing>>();
  let sweptAt = clock.now();

  function begin(id: string, maxAge: number): Reading<Thing> {
    const end = new AbortController();
    const ended = (at: number) => {
      reading.at = at;
      sweep();
    };
    const result = action(id, maxAge, end.signal);
    const reading: Reading<Thing> = {
      result,
      found: undefined,
      at: Number.POSITIVE_INFINITY,
      callers: 0,
      end,
    };
    result.then(
      (found) => {
        reading.found = found;
        ended(found.at);
      },
      () => ended(clock.now()),
    );
    readings.set(id, reading);
    return reading;
  }

  /** Now and then removes the readings that no caller accepts. */
  function sweep(): void {
    if (clock.now() - sweptAt < longestAge) return;
    sweptAt = clock.now();
    for (const [id, { at }] of readings) if (sweptAt - at > longestAge) readings.delete(id);
  }

  function leave(id: string, reading: Reading<Thing>): void {
    reading.callers -= 1;
    if (reading.callers > 0 || reading.at !== Number.POSITIVE_INFINITY) return;
    // The next caller must not join an aborted reading.
    if (readings.get(id) === reading) readings.delete(id);
    reading.end.abort(new Error('no caller waits for it any more'));
  }

  return {
    forget: (id) => void readings.delete(id),
    last(id) {
      const found = readings.get(id)?.found;
      return found && clock.now() - found.at < longestAge ? found : undefined;
    },
    async read(id, maxAge, signal) {
      signal.throwIfAborted();
      const last = readings.get(id);
      const usable = last !== undefined && (last.at === Number.POSITIVE_INFINITY || clock.now() - last.at < maxAge);
      const reading = usable ? last : begin(id, maxAge);
      reading.callers += 1;
      try {
        return await unlessAborted(reading.result, signal);
      } finally {
        leave(id, reading);
      }
    },
  };
}
