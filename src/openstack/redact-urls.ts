import { withoutSecrets } from '../core/text/image-ref.js';

/** Characters of a text that are looked at: none that is true is so long. */
const longest = 20_000;

/**
 * Removes the credentials from the URLs and paths that a service quotes in a text. It goes word by word, because a password may
 * hold any character except a space. Of a very long text the end is left out.
 */
export function redactUrls(text: string): string {
  return text.slice(0, longest).replace(/\S+/g, (word) => {
    const [scheme] = /^\/|:\/\//.exec(word) ?? [];
    if (scheme === undefined) return word;
    const start = word.indexOf(scheme) + scheme.length;
    return word.slice(0, start) + withoutSecrets(word.slice(start));
  });
}
