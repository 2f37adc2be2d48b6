// Control characters, characters that reorder or break lines, invisible characters (which can hide text that only a
// machine reads), and unpaired surrogates (which strict JSON parsers refuse).
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/** Letters and digits of every script, and ASCII punctuation except quotation and markup characters. */
const word = /^[\p{L}\p{N}!#$%&()*+,./:;=?@[\]^_{|}~…-]+$/u;

/**
 * Makes untrusted text (Ironic's `last_error`, names, `extra`) safe to show: one line, no control, bidirectional or
 * invisible characters, at most `limit` characters.
 */
export function plain(text: string, limit = 300): string {
  // Cut before the replacement as well, so that a text of megabytes costs nothing.
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
  return word.test(name) ? name : quoted(name, limit);
}
