import { withoutSecrets } from '../core/text/image-ref.js';

/**
 * Text in which a service may quote the URL of an image, or the path of one, without the credentials in it. It is taken
 * word by word, for a password may hold any character but a space; and a text of megabytes costs no more than its length.
 */
export function withoutUrlCredentials(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const [scheme] = /^\/|:\/\//.exec(word) ?? [];
    if (scheme === undefined) return word;
    const start = word.indexOf(scheme) + scheme.length;
    return word.slice(0, start) + withoutSecrets(word.slice(start));
  });
}
