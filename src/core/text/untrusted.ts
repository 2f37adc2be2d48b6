// C0 and C1 controls, the characters that reorder, hide or break lines of text, and halves of characters, over which
// strict readers of JSON stumble.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu;

/**
 * Makes text that somebody else wrote (Ironic's `last_error`, names, `extra`) fit to be shown:
 * one line, no control or bidirectional characters, at most `limit` characters.
 */
export function plain(text: string, limit = 300): string {
  // Cut before the replacement too, so that a text of megabytes costs nothing.
  const line = text
    .slice(0, limit * 4)
    .replace(unprintable, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1).replace(/\p{Cs}$/u, '')}…` : line;
}

/** The same, in quotation marks that the text itself cannot close. */
export function quoted(text: string, limit = 300): string {
  return `"${plain(text, limit).replaceAll('"', "'")}"`;
}

/** A name in the middle of a sentence: in quotation marks unless it is one word, so that no sentence can hide in it. */
export function named(text: string, limit = 80): string {
  const name = plain(text, limit);
  return /^[^\s"']+$/.test(name) ? name : quoted(name, limit);
}
