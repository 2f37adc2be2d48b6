/**
 * Whether a text matches one of some patterns: `*` stands for any characters but "/", `**` for any at all, `?` for one
 * character but "/". Everything else, upper and lower case included, stands for itself.
 */
export function globs(patterns: readonly string[]): (text: string) => boolean {
  const parsed = patterns.map(partsOf);
  return (text) => parsed.some((parts) => matches(parts, text));
}

/** One part of a pattern. */
interface Part {
  readonly takes: (character: string) => boolean;
  /** It may take any number of characters, or none. */
  readonly repeats: boolean;
}

const notSlash = (character: string) => character !== '/';

function partsOf(pattern: string): readonly Part[] {
  return (pattern.match(/\*+|[^*]/gsu) ?? []).map((part) => {
    if (part === '*') return { takes: notSlash, repeats: true };
    if (part === '?') return { takes: notSlash, repeats: false };
    if (part.startsWith('**')) return { takes: () => true, repeats: true };
    return { takes: (character) => character === part, repeats: false };
  });
}

/**
 * Keeps all the places in the pattern where the text so far may end, and never goes back: a regular expression would try
 * every way to share the text among the stars, which takes for ever for a text that somebody wrote for that.
 */
function matches(parts: readonly Part[], text: string): boolean {
  let places = reach([], 0);
  for (const character of text) {
    const next: number[] = [];
    for (const place of places) {
      const part = parts[place];
      if (part?.takes(character)) reach(next, part.repeats ? place : place + 1);
    }
    if (next.length === 0) return false;
    places = next;
  }
  return places.at(-1) === parts.length;

  /** Adds a place, and those behind it that need no character. Places come in ascending order. */
  function reach(into: number[], from: number): number[] {
    for (let place = from; ; place += 1) {
      if (place > (into.at(-1) ?? -1)) into.push(place);
      if (!parts[place]?.repeats) return into;
    }
  }
}
