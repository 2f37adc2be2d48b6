/**
 * Whether a text matches one of the patterns. `*` matches any characters except "/", `**` any characters, `?` one
 * character except "/". Every other character matches only itself, in the same case.
 */
export function globs(patterns: readonly string[]): (text: string) => boolean {
  const parsed = patterns.map(partsOf);
  return (text) => parsed.some((parts) => matches(parts, text));
}

/** One part of a pattern. */
interface Part {
  readonly takes: (character: string) => boolean;
  /** It takes any number of characters, or none. */
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
 * Keeps every place in the pattern that the text so far can reach, and never goes back. A regular expression would try
 * every way to split the text among the stars, so a hostile text could make it run forever.
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

  /** Adds a place, and the following places that need no character. Places come in ascending order. */
  function reach(into: number[], from: number): number[] {
    for (let place = from; ; place += 1) {
      if (place > (into.at(-1) ?? -1)) into.push(place);
      if (!parts[place]?.repeats) return into;
    }
  }
}
