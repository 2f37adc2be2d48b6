import { unlessAborted } from '../async/abort.js';
import type { Clock } from '../ports.js';

/** Reads a thing by its id. Callers that ask at about the same time share one reading. */
export interface SharedReads<Thing> {
  /**
   * @param maxAge How old (ms) a reading may be. With 0 the call joins a reading under way, or begins a new one.
   */
  read(id: string, maxAge: number, signal: AbortSignal): Promise<Thing>;
  /** Every earlier reading is out of date, including one under way. */
  forget(id: string): void;
}

interface Reading<Thing> {
  readonly result: Promise<Thing>;
  /** Infinity while it is under way. */
  endedAt: number;
  /** How many callers wait for it. */
  callers: number;
  readonly end: AbortController;
}

/**
 * Shares readings among callers that look at the same thing. A caller that has just changed it calls `forget` first.
 *
 * @param action Aborted when the last caller that waits for it has left.
 */
export function createSharedReads<Thing>(
  clock: Clock,
  action: (id: string, signal: AbortSignal) => Promise<Thing>,
): SharedReads<Thing> {
  const readings = new Map<string, Reading<Thing>>();

  function begin(id: string): Reading<Thing> {
    const end = new AbortController();
    const reading: Reading<Thing> = {
      result: action(id, end.signal).finally(() => {
        reading.endedAt = clock.now();
        sweep();
      }),
      endedAt: Number.POSITIVE_INFINITY,
      callers: 0,
      end,
    };
    readings.set(id, reading);
    return reading;
  }

  /** Removes readings older than a minute, because no caller accepts them. */
  function sweep(): void {
    for (const [id, { endedAt }] of readings) if (clock.now() - endedAt > 60_000) readings.delete(id);
  }

  function leave(id: string, reading: Reading<Thing>): void {
    reading.callers -= 1;
    if (reading.callers > 0 || reading.endedAt !== Number.POSITIVE_INFINITY) return;
    // The next caller must not join an aborted reading.
    if (readings.get(id) === reading) readings.delete(id);
    reading.end.abort(new Error('no caller waits for it any more'));
  }

  return {
    forget: (id) => void readings.delete(id),
    async read(id, maxAge, signal) {
      signal.throwIfAborted();
      const last = readings.get(id);
      const usable =
        last !== undefined && (last.endedAt === Number.POSITIVE_INFINITY || clock.now() - last.endedAt < maxAge);
      const reading = usable ? last : begin(id);
      reading.callers += 1;
      try {
        return await unlessAborted(reading.result, signal);
      } finally {
        leave(id, reading);
      }
    },
  };
}
