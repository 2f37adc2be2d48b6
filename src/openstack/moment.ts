/** A moment that a service wrote, in milliseconds since the epoch; null if it is none that could be meant. */
export function momentFrom(text: string | null | undefined): number | null {
  const moment = Date.parse(text ?? '');
  // Years of more than four digits have a form of their own, which nobody reads.
  return moment >= 0 && moment < Date.UTC(10_000, 0) ? moment : null;
}
