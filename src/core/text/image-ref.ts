import { named } from './untrusted.js';

/** An image as somebody named it. A URL loses the parts that may be secret. */
export function withoutCredentials(ref: string): string {
  return ref.replace(/^(\s*[a-z][a-z\d+.-]*:[\\/]*)(.*)$/is, (_, scheme, rest) => scheme + withoutSecrets(rest));
}

/**
 * Removes the login and the query from the part of a URL after its scheme. The login may hold a password, the query a
 * signature. A password that nobody has encoded may hold any character, so the login ends at the last "@" if the text
 * before it is not a plain host or has a colon. When in doubt, drop a harmless part rather than show a secret.
 */
export function withoutSecrets(rest: string): string {
  const end = rest.replace(digest, '').lastIndexOf('@') + 1;
  const login = rest.slice(0, end).replace(/(^|:\/\/)[^\\/?#]*[:@].*$/s, '$1***@');
  return (login + rest.slice(end)).replace(/[?#].*?([^\p{L}\p{N}*]{0,8})$/su, '?***$1');
}

/** The digest at the end of an image in a registry. */
const digest = /@sha\d+:[\da-f]+\W*$/i;

/** The image in the middle of a sentence. */
export function namedImage(ref: string): string {
  return named(withoutCredentials(ref), 120);
}
