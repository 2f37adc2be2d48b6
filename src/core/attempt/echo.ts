import type { ConfigDrive } from '../image.js';
import { NoAnswer, Refused } from '../ports.js';

/** So many characters in a row are a repetition; fewer are there by chance. */
const telling = 8;

/** An error of Ironic without what it repeats of the config drive, which may hold secrets. Others pass through. */
export function withoutEcho(error: unknown, configDrive: ConfigDrive | undefined): unknown {
  if (configDrive === undefined) return error;
  if (error instanceof Refused) return new Refused(error.refusal, withoutTexts(error.words, configDrive), error.by);
  // Not one of its kinds, which are about signing in.
  if (!(error instanceof NoAnswer) || error.constructor !== NoAnswer) return error;
  const { mayHaveTakenEffect, cause } = error;
  return new NoAnswer(withoutTexts(error.words, configDrive), mayHaveTakenEffect, { cause });
}

/** The words with all that also stands in a text of the value masked, however it may be quoted or cut there. */
function withoutTexts(words: string, value: unknown): string {
  const places = new Map<string, number[]>();
  for (let at = 0; at + telling <= words.length; at += 1) {
    const part = words.slice(at, at + telling);
    const earlier = places.get(part);
    if (earlier) earlier.push(at);
    else places.set(part, [at]);
  }
  const masked = new Set<number>();
  JSON.stringify(value, (_, member: unknown) => {
    if (typeof member !== 'string') return member;
    for (let from = 0; from + telling <= member.length; from += 1) {
      const part = member.slice(from, from + telling);
      for (const at of places.get(part) ?? []) {
        for (let index = at; index < at + telling; index += 1) masked.add(index);
      }
      places.delete(part);
    }
    return null;
  });
  // By code units, as the places count.
  return words
    .split('')
    .map((unit, at) => (masked.has(at) ? (masked.has(at - 1) ? '' : '***') : unit))
    .join('');
}
