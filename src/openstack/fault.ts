import * as z from 'zod';
import { plain, quoted } from '../core/text/untrusted.js';
import type { Answer } from './http.js';
import { redactUrls } from './redact-urls.js';

/*
 * Error bodies have many shapes: Ironic's own (JSON as a string in JSON, in two kinds), flat ones of its newest releases, and
 * those of the token middleware, basic authentication, Keystone, Glance and proxies.
 */
const Words = z
  .looseObject({
    faultstring: z.string(),
    description: z.string(),
    message: z.string(),
    title: z.string(),
  })
  .partial();
const Nested = z
  .looseObject({ error_message: z.union([z.string(), Words]), error: Words, NeutronError: Words })
  .partial()
  .catch({});

/**
 * The explanation in an error answer of any recorded shape, as one line of plain text. `genuine` is false if no OpenStack
 * service wrote the body, but a proxy, for example. Never throws.
 */
export function faultIn(answer: Answer) {
  const { error_message: message, error, NeutronError: neutron } = Nested.parse(answer.body);
  const candidates = [typeof message === 'string' ? inner(message) : message, error, neutron, answer.body];
  for (const candidate of candidates) {
    const words = Words.safeParse(candidate);
    if (!words.success) continue;
    const text = words.data.faultstring || words.data.description || words.data.message || words.data.title;
    if (!text) continue;
    const lines = withoutEcho(text).replace(/<br ?\/?>/g, ' ');
    return { words: plain(redactUrls(lines)), genuine: true };
  }
  return { words: 'no explanation given', genuine: false };
}

/** The service's explanation, for the middle of our own sentence. */
export function saidIn(answer: Answer): string {
  const { words, genuine } = faultIn(answer);
  return genuine ? quoted(words) : words;
}

/** Doubt whether the service runs at its address, if we know the setting of that address. */
export function doubtOf(service: string, { setBy }: Answer): string {
  return setBy === undefined ? '' : `; check that ${service} runs at this address (${setBy})`;
}

/** Whether a server that does not know the path could answer this: a page, a redirect, or 404. */
export function isFromElsewhere({ status }: Answer): boolean {
  return status < 400 || status === 404;
}

/** Drops the end of a schema error, which quotes the request: that may be a config drive with secrets. */
function withoutEcho(text: string): string {
  const [words = ''] = text.split(/\n(?:Failed validating|On instance)/);
  return words;
}

function inner(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text };
  }
}
