import * as z from 'zod';
import { type Failure, invalidArgument } from '../failures.js';

/** The arguments of every list. */
export const listArguments = {
  limit: z
    .int('must be a whole number')
    .min(1, 'must be 1 to 200')
    .max(200, 'must be 1 to 200')
    .default(50)
    .describe('Maximum number of entries'),
  cursor: z
    .string()
    .min(1, 'must not be empty')
    .max(2048, 'must be at most 2048 characters')
    .optional()
    .describe('next_cursor of the previous answer'),
};

/** The member that every list answers beside its entries. */
export const nextCursor = z.string().nullable().describe('Pass as cursor to see more; null at the end');

/** Refuses a cursor that is unknown, or whose entry is gone. */
export function badCursor(): Failure {
  return invalidArgument('cursor', 'is unknown or has expired; start again without it');
}
