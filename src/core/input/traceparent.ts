/** The caller's trace context (W3C), if it is valid. */
export function validTraceparent(value: unknown): string | undefined {
  // Version ff is forbidden, as are ids of nothing but zeros.
  const pattern = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}
