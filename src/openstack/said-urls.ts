import { withoutCredentials } from '../core/image-names.js';

// Bounded, so that a long text without any URL costs no more than its length.
const url = /\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s"'<>]+/gi;

/** Text in which a service may quote the URL of an image, without the credentials in it. */
export function withoutUrlCredentials(text: string): string {
  return text.replace(url, withoutCredentials);
}
