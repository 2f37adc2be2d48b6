/** So many letters may be wrong, missing or too many for a word to be taken for another. */
const mostChanges = 3;

/** The one of the words that was probably meant, if one is near. */
export function nearest(typed: string, words: Iterable<string>): string | undefined {
  const ranked = [...words].map((word) => [word, distance(typed, word)] as const).sort(([, a], [, b]) => a - b);
  const [word, changes] = ranked[0] ?? [undefined, Number.POSITIVE_INFINITY];
  return changes <= mostChanges ? word : undefined;
}

/** How many letters must be changed, left out or put in to make one text the other (Levenshtein). */
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
