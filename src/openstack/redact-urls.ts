import { withoutSecrets } from '../core/text/image-ref.js';

/** The most characters that we read of a text. Real texts are shorter. */
const longest = 20_000;

/**
 * Removes the credentials from the URLs and paths in a service's text. It works word by word, because a password may hold any
 * character except a space. It drops the end of a very long text.
 */
export function redactUrls(text: string): string {
  return text.slice(0, longest).replace(/\S+/g, (word) => {
    const [scheme] = /^\/|:\/\//.exec(word) ?? [];
    if (scheme === undefined) return word;
    const start = word.indexOf(scheme) + scheme.length;
    return word.slice(0, start) + withoutSecrets(word.slice(start));
  });
}
