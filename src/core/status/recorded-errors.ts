import { withTimeLimit } from '../async/time-limit.js';
import { Failure } from '../failures.js';
import { type BareMetal, type Clock, NoAnswer, Refused } from '../ports.js';
import type { RecordedError } from '../server.js';

/** The record of errors only adds details, so nobody waits longer for it (ms). */
const recordTime = 5_000;

/** Ironic's record of errors about a server; null if Ironic does not answer in time, or refuses. */
export async function recordedErrors(
  { bareMetal, clock }: { readonly bareMetal: BareMetal; readonly clock: Clock },
  ref: string,
  signal: AbortSignal,
): Promise<readonly RecordedError[] | null> {
  const record = await withTimeLimit({ clock, time: recordTime, signal }, (either) =>
    bareMetal.errors(ref, either).catch((error) => {
      if (error instanceof NoAnswer || error instanceof Refused || error instanceof Failure) return null;
      throw error;
    }),
  );
  return record ?? null;
}
