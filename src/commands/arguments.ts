import { parseArgs } from 'node:util';
import { UsageError } from '../config/errors.js';
import { flagOf, settings } from '../config/settings.js';

type Flags = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** The flags of all settings, for `parseArgs`. */
const configFlags: Flags = Object.fromEntries([
  ['cloud', { type: 'string' }] as const,
  ...Object.entries(settings).map(
    ([name, { placeholder }]) => [flagOf(name), { type: placeholder === null ? 'boolean' : 'string' }] as const,
  ),
]);

/**
 * Reads a command line.
 * @param options The command's own flags.
 * @param taken The settings' flags that the command takes. Default: all.
 * @throws UsageError
 */
export function readArguments(
  args: readonly string[],
  options: Flags,
  taken: readonly string[] = Object.keys(configFlags),
): Record<string, unknown> {
  const settingFlags = Object.fromEntries(Object.entries(configFlags).filter(([flag]) => taken.includes(flag)));
  try {
    return parseArgs({ args: [...args], options: { ...settingFlags, ...options }, strict: true }).values;
  } catch (error) {
    const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\.?\n|\.$/);
    throw new UsageError(`${sentence}.`);
  }
}

/**
 * Reads a flag that is a whole number.
 * @throws UsageError
 */
export function wholeNumber<Default>(name: string, flag: unknown, otherwise: Default, least: number, most: number) {
  if (flag === undefined) return otherwise;
  const number = Number(flag);
  if (!Number.isInteger(number) || number < least || number > most || flag === '') {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
  }
  return number;
}
