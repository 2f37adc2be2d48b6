import type { Clock } from './ports.js';
import { unlessAborted } from './unless-aborted.js';

/** Reads a thing by its id for many callers at the cost of one. */
export interface SharedReads<Thing> {
  /**
   * @param maxAge How old a reading may be, in milliseconds, to be good enough; 0 joins one under way at the most.
   */
  read(id: string, maxAge: number, signal: AbortSignal): Promise<Thing>;
  /** Whatever was read of it before is out of date, what is under way included. */
  forget(id: string): void;
}

interface Reading<Thing> {
  readonly result: Promise<Thing>;
  /** Infinity while it is under way. */
  endedAt: number;
}

/**
 * Shares readings among those who look at the same thing. Only for those who look: whoever has just changed it must not
 * be told of the time before.
 *
 * @param action Is not broken off when a caller leaves, for others may wait for it.
 */
export function createSharedReads<Thing>(
  clock: Clock,
  action: (id: string, signal: AbortSignal) => Promise<Thing>,
): SharedReads<Thing> {
  const readings = new Map<string, Reading<Thing>>();

  function begin(id: string): Reading<Thing> {
    const reading: Reading<Thing> = {
      result: action(id, new AbortController().signal).finally(() => {
        reading.endedAt = clock.now();
        sweep();
      }),
      endedAt: Number.POSITIVE_INFINITY,
    };
    // Whoever waits for it hears of its failure; perhaps nobody does any more.
    reading.result.catch(() => undefined);
    readings.set(id, reading);
    return reading;
  }

  /** Nobody asks for a reading that is a minute old. */
  function sweep(): void {
    for (const [id, { endedAt }] of readings) if (clock.now() - endedAt > 60_000) readings.delete(id);
  }

  return {
    forget: (id) => void readings.delete(id),
    read(id, maxAge, signal) {
      const last = readings.get(id);
      const usable =
        last !== undefined && (last.endedAt === Number.POSITIVE_INFINITY || clock.now() - last.endedAt < maxAge);
      return unlessAborted((usable ? last : begin(id)).result, signal);
    },
  };
}
