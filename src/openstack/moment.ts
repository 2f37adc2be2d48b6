/** Parses a service's date, in milliseconds since the epoch; null if it is no sensible date. */
export function momentFrom(text: string | null | undefined): number | null {
  // Ironic writes some times without a zone. They are in UTC.
  const moment = Date.parse(text?.replace(/T[\d:.]+$/, '$&Z') ?? '');
  // ISO dates write years of more than four digits differently, and few programs read them.
  return moment >= 0 && moment < Date.UTC(10_000, 0) ? moment : null;
}
