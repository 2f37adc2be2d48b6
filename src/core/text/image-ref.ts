import { named } from './untrusted.js';

/** An image as somebody named it: a URL without what may be secret in it. */
export function withoutCredentials(ref: string): string {
  return ref.replace(/^(\s*[a-z][a-z\d+.-]*:[\\/]*)(.*)$/is, (_, scheme, rest) => scheme + withoutSecrets(rest));
}

/**
 * What follows the scheme of a URL, without what may be secret in it, which is a login, and a signature in its query.
 * A password may hold any character where nobody has encoded it. So a login is taken to end with the last "@", if what
 * looks like the host before it is none, or has a colon; rather is a harmless part left out than a secret shown.
 */
export function withoutSecrets(rest: string): string {
  const end = rest.replace(digest, '').lastIndexOf('@') + 1;
  const login = rest.slice(0, end).replace(/(^|:\/\/)[^\\/?#]*[:@].*$/s, '$1***@');
  return (login + rest.slice(end)).replace(/[?#].*?([^\p{L}\p{N}*]{0,8})$/su, '?***$1');
}

/** The end of an image in a registry. */
const digest = /@sha\d+:[\da-f]+\W*$/i;

/** The same in the middle of a sentence. */
export function namedImage(ref: string): string {
  return named(withoutCredentials(ref), 120);
}
