import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether the lane runs tests at full length. Only the lane `long` does. */
    atLength: boolean;
  }
}

const atLength = inject('atLength') ?? false;

/** How many runs a random test makes: few in the lane of its folder, many in `long`, or the number in the variable. */
export function runs({ variable, few, many }: { variable: string; few: number; many: number }): number {
  return Number(process.env[variable] ?? (atLength ? many : few));
}

/** All cases in `long`, every seventh in other lanes. `CASES=all` plays all of them in every lane. */
export function chosen<Case>(cases: readonly Case[]): readonly Case[] {
  return atLength || process.env.CASES === 'all' ? cases : cases.filter((_, index) => index % 7 === 0);
}
