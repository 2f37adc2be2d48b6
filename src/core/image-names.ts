import { named } from './untrusted.js';

/** An image as somebody named it: a URL without what may be secret in it, which is a login, and a signature in its query. */
export function withoutCredentials(ref: string): string {
  return ref
    .replace(/^(\s*[a-z][a-z\d+.-]*:[\\/]*)[^\\/?#]*@/i, '$1***@')
    .replace(/^(\s*[a-z][a-z\d+.-]*:[^?#]*)[?#].*$/is, '$1?***');
}

/** The same in the middle of a sentence. */
export function namedImage(ref: string): string {
  return named(withoutCredentials(ref), 120);
}
