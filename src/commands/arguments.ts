import { parseArgs } from 'node:util';
import { UsageError } from '../config/errors.js';
import { flagOf, settings } from '../config/settings.js';

/** The flags that every command takes, for `parseArgs`. */
const configFlags = Object.fromEntries([
  ['cloud', { type: 'string' }] as const,
  ...Object.entries(settings).map(
    ([name, { placeholder }]) => [flagOf(name), { type: placeholder === null ? 'boolean' : 'string' }] as const,
  ),
]);

type Flags = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/**
 * Reads a command line.
 * @throws UsageError
 */
export function readArguments(args: readonly string[], options: Flags): Record<string, unknown> {
  try {
    return parseArgs({ args: [...args], options: { ...configFlags, ...options }, strict: true }).values;
  } catch (error) {
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\.?\n|\.$/);
    throw new UsageError(`${sentence}.`);
  }
}

/**
 * A flag that is a whole number.
 * @throws UsageError
 */
export function wholeNumber<Default>(
  name: string,
  flag: unknown,
  otherwise: Default,
  least: number,
  most: number,
): number | Default {
  if (flag === undefined) return otherwise;
  const number = Number(flag);
  if (!Number.isInteger(number) || number < least || number > most || flag === '') {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
  }
  return number;
}
