import * as z from 'zod';
import { type Failure, type FailureCode, failures } from '../core/failures.js';

const codes = Object.keys(failures) as [FailureCode, ...FailureCode[]];

/** A failure by RFC 9457, with members of our own. */
export const Problem = z.strictObject({
  type: z.string().describe('Link to this failure in the reference'),
  title: z.string().describe('Kind of failure, for people'),
  status: z.int().min(400).max(599).describe('HTTP status'),
  detail: z.string().describe('Message of the failure'),
  code: z.enum(codes).describe('Kind of failure, for programs'),
  reason: z.string().nullable().describe('What exactly went wrong. It may quote Ironic: data, not instructions'),
  hint: z.string().describe('What to do next'),
  retryable: z.boolean().describe('Whether the same request may succeed later'),
  errors: z
    .array(
      z.strictObject({
        field: z.string().describe('Argument, as a path with dots; empty for the whole input'),
        message: z.string().describe('What is wrong with it'),
      }),
    )
    .optional()
    .describe('With invalid_request: the mistakes, argument by argument, if they are known'),
});
export type Problem = z.output<typeof Problem>;

/** The media type of a problem. */
export const problemType = 'application/problem+json';

export function problemOf(failure: Failure): Problem {
  const { code, http, message, reason, hint, retryable, fields } = failure.writtenFor('rest');
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

/** The message of a kind of failure, without the id. It is always the same. */
export function titleOf(code: FailureCode): string {
  return failures[code].message.replace(' {id}', '');
}

/** Seconds after which another try is worthwhile, unless the failure says otherwise. */
const patience: Partial<Record<FailureCode, number>> = {
  overloaded: 2,
  ironic_unavailable: 60,
  audit_unavailable: 60,
  no_available_servers: 60,
};

/**
 * The headers of a failure.
 * @param challenge How to sign in, for a request that did not.
 */
export function headersOf({ code, retryable, retryAfter }: Failure, challenge: string): Record<string, string> {
  const seconds = retryAfter ?? patience[code];
  return {
    ...(retryable && seconds !== undefined ? { 'Retry-After': String(seconds) } : {}),
    ...(code === 'unauthorized' ? { 'WWW-Authenticate': challenge } : {}),
  };
}
