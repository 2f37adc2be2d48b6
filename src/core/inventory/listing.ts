import * as z from 'zod';
import { type Failure, invalidArgument } from '../failures.js';

/** What every list takes: how much of it to show, and where to go on. */
export const listArguments = {
  limit: z
    .int('must be a whole number')
    .min(1, 'must be 1 to 200')
    .max(200, 'must be 1 to 200')
    .default(50)
    .describe('How many to show at most'),
  cursor: z
    .string()
    .min(1, 'must not be empty')
    .max(2048, 'must be at most 2048 characters')
    .optional()
    .describe('next_cursor of the answer before, to go on'),
};

/** What every list answers beside what it lists. */
export const nextCursor = z.string().nullable().describe('Give as cursor to see more; null at the end');

/** Refuses a cursor that leads nowhere, for example because what it stood for is gone. */
export function badCursor(): Failure {
  return invalidArgument('cursor', 'leads nowhere, or to what is gone by now; begin again without it');
}
