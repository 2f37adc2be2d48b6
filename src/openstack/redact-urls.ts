import { withoutSecrets } from '../core/text/image-ref.js';

/**
 * Removes the credentials from the URLs and paths that a service quotes in a text. It goes word by word, because a password may
 * hold any character except a space. The time grows only with the length of the text.
 */
export function redactUrls(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const [scheme] = /^\/|:\/\//.exec(word) ?? [];
    if (scheme === undefined) return word;
    const start = word.indexOf(scheme) + scheme.length;
    return word.slice(0, start) + withoutSecrets(word.slice(start));
  });
}
