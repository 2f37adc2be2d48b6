/*
 * A message that is too long to be read has its two ends kept: somebody may wait for an answer with its id.
 */

/** Bytes kept of each end. */
const kept = 4096;

const id = String.raw`"id"\s*:\s*("[ !#-\[\]-~]*"|-?(?:0|[1-9]\d{0,14}))\s*`;
const version = String.raw`"jsonrpc"\s*:\s*"2\.0"\s*,\s*`;
const method = String.raw`"method"\s*:\s*"`;

const idFirst = new RegExp(`^\\s*\\{\\s*${version}${id},\\s*${method}`);
const methodFirst = new RegExp(`^\\s*\\{\\s*(?:${version})?${method}`);
const idLast = new RegExp(`,\\s*${id}\\}\\s*$`);

/** The first and the last of a line, in copies, so that the rest of it is not held. */
export function endsOf(parts: readonly Buffer[]): [Buffer, Buffer] {
  const line = Buffer.concat(parts);
  return [Buffer.from(line.subarray(0, kept)), Buffer.from(line.subarray(-kept))];
}

/**
 * The id of a request of which only the two ends are known; null where it cannot be told for certain. Right behind the
 * first brace or right before the last one it can be none of the params; and an answer, whose id is one of ours, has no method.
 */
export function idBetween([first, last]: readonly Buffer[]): string | number | null {
  const [beginning, end] = [String(first), String(last)];
  const found = idFirst.exec(beginning) ?? (methodFirst.test(beginning) ? idLast.exec(end) : null);
  return found?.[1] === undefined ? null : JSON.parse(found[1]);
}
