import * as z from 'zod';
import { plain, quoted } from '../core/text/untrusted.js';
import type { Answer } from './http.js';
import { redactUrls } from './redact-urls.js';

/*
 * Error bodies come in many shapes: Ironic's own, a string of JSON within JSON, in two kinds; flat ones of its newest
 * releases; those of the token middleware, of basic authentication, Keystone and Glance; and whatever a proxy says.
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
  .looseObject({ error_message: z.union([z.string(), Words]), error: Words })
  .partial()
  .catch({});

/**
 * What a service said was wrong, as one line of plain text, in an error answer of any recorded shape. It is not genuine
 * in a body that no OpenStack service writes, such as a proxy's page. Never fails.
 */
export function faultIn(answer: Answer) {
  const { error_message: message, error } = Nested.parse(answer.body);
  const candidates = [typeof message === 'string' ? inner(message) : message, error, answer.body];
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

/** What a service said was wrong, in the middle of a sentence of ours. */
export function saidIn(answer: Answer): string {
  const { words, genuine } = faultIn(answer);
  return genuine ? quoted(words) : words;
}

/** The question whether there is such a service at all, where the settings say which address it was. */
export function doubtOf(service: string, { setBy }: Answer): string {
  return setBy === undefined ? '' : `; is there ${service} at that address? look at ${setBy}`;
}

/** Whether an answer is what a web server says that knows nothing of the path: a page, the way to another, or none. */
export function isFromElsewhere({ status }: Answer): boolean {
  return status < 400 || status === 404;
}

/** A schema's refusal quotes what was sent at its end, which may be a config drive with its secrets. */
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
