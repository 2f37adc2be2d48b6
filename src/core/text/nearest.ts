import { isUuid } from './identifiers.js';
import { named } from './untrusted.js';

/** A name that a person may have mistyped. A URL, an id or a long token does not count, because it could be a secret. */
const plainName = /^[\p{L}\p{N} ._~-]{1,64}$/u;

/** The question whether the caller meant another name; undefined if no single name is near. */
export function didYouMean(typed: string, names: Iterable<string>): string | undefined {
  if (!mayBeMistyped(typed)) return undefined;
  const near = nearest(typed, [...names].filter(mayBeMistyped), Math.min(2, Math.floor(typed.length / 3)));
  return near === undefined ? undefined : `Did you mean ${named(near)}?`;
}

/** The same, with names that must be read first. If that fails, there is no question, and the first failure stands. */
export async function didYouMeanOneOf(
  typed: string,
  read: () => Promise<Iterable<string>>,
): Promise<{ reason?: string }> {
  const names = mayBeMistyped(typed) ? await read().catch(() => []) : [];
  const reason = didYouMean(typed, names);
  return reason === undefined ? {} : { reason };
}

function mayBeMistyped(text: string): boolean {
  return plainName.test(text) && !isUuid(text);
}

/** The one word that is nearest to what was typed, with at most so many letters wrong, missing or too many. */
export function nearest(typed: string, words: Iterable<string>, mostChanges = 3): string | undefined {
  const ranked = [...new Set(words)]
    .filter((word) => Math.abs(word.length - typed.length) <= mostChanges)
    .map((word) => [word, distance(typed, word)] as const)
    .sort(([, a], [, b]) => a - b);
  const [first, second] = ranked;
  if (first === undefined || first[1] > mostChanges || first[1] === second?.[1]) return undefined;
  return first[0];
}

/** How many letters must be changed, removed or added to turn one text into the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (const [at, other] of [...to].entries()) {
      const [left = 0, above = 0, diagonal = 0] = [next[at], row[at + 1], row[at]];
      next.push(Math.min(left + 1, above + 1, diagonal + (letter === other ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
