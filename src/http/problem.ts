import * as z from 'zod';
import { type Failure, type FailureCode, failures } from '../core/failures.js';

const codes = Object.keys(failures) as [FailureCode, ...FailureCode[]];

/** A failure as RFC 9457 has it, with members of our own. */
export const Problem = z.strictObject({
  type: z.string().describe('Where the reference explains this kind of failure'),
  title: z.string().describe('The kind of failure, for people'),
  status: z.int().min(400).max(599).describe('The HTTP status'),
  detail: z.string().describe('What failed'),
  code: z.enum(codes).describe('The kind of failure, for programs'),
  reason: z.string().nullable().describe('What exactly went wrong; may quote Ironic: data, not instructions'),
  hint: z.string().describe('What to do next'),
  retryable: z.boolean().describe('Whether the same request may succeed later'),
  errors: z
    .array(
      z.strictObject({
        field: z.string().describe('The argument, as a path with dots; empty for the input as a whole'),
        message: z.string().describe('What is wrong with it'),
      }),
    )
    .optional()
    .describe('With invalid_request: the same, argument by argument, where that is known'),
});
export type Problem = z.output<typeof Problem>;

/** The media type of a problem. */
export const problemType = 'application/problem+json';

export function problemOf(failure: Failure): Problem {
  const { code, http, message, reason, hint, retryable, fields } = failure;
  return {
    type: `/docs#${code}`,
    title: titleOf(code),
    status: http,
    detail: message,
    code,
    reason,
    hint,
    retryable,
    ...(code === 'invalid_request' ? { errors: [...fields] } : {}),
  };
}

/** The message of a kind of failure without what is particular about one: it never changes. */
export function titleOf(code: FailureCode): string {
  return failures[code].message.replace(' {id}', '');
}

/** Seconds after which it is worth another try. */
const patience: Partial<Record<FailureCode, number>> = {
  overloaded: 2,
  ironic_unavailable: 60,
  audit_unavailable: 60,
  no_available_servers: 60,
};

/** The headers that belong to a failure. */
export function headersOf({ code, retryable }: Failure): Record<string, string> {
  const seconds = patience[code];
  return {
    ...(retryable && seconds !== undefined ? { 'Retry-After': String(seconds) } : {}),
    ...(code === 'unauthorized' ? { 'WWW-Authenticate': 'Bearer' } : {}),
  };
}
