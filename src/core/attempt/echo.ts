import type { ConfigDrive } from '../image.js';
import { NoAnswer, Refused } from '../ports.js';

/** This many equal characters in a row are a repetition; fewer may be chance. */
const telling = 8;

/** Masks the parts of an error that repeat the config drive, which may hold secrets. Other errors pass through. */
export function withoutEcho(error: unknown, configDrive: ConfigDrive | undefined): unknown {
  if (configDrive === undefined) return error;
  if (error instanceof Refused) return new Refused(error.refusal, withoutTexts(error.words, configDrive), error.by);
  // Its subclasses are about the sign-in.
  if (!(error instanceof NoAnswer) || error.constructor !== NoAnswer) return error;
  const { mayHaveTakenEffect, cause } = error;
  return new NoAnswer(withoutTexts(error.words, configDrive), mayHaveTakenEffect, { cause });
}

/** Masks every part of the words that also stands in a text of the value, however it is quoted or cut. */
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
