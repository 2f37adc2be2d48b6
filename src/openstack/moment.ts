/** A moment that a service wrote, in milliseconds since the epoch; null if it is none that could be meant. */
export function momentFrom(text: string | null | undefined): number | null {
  // Ironic writes some times without a zone; all of them are in UTC.
  const moment = Date.parse(text?.replace(/T[\d:.]+$/, '$&Z') ?? '');
  // Years of more than four digits have a form of their own, which nobody reads.
  return moment >= 0 && moment < Date.UTC(10_000, 0) ? moment : null;
}
