/** A moment (ms) as ISO 8601 in UTC with `Z`, to the second: Ironic's clock is not known more precisely. */
export function isoTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
