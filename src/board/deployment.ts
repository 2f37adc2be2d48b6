import type { Drawing, Status } from './answers.js';

/** How a step is drawn. */
export interface Segment {
  readonly name: string;
  readonly words: string | null;
  /** The share of the bar, in percent. */
  readonly share: number;
  readonly state: 'done' | 'now' | 'failed' | 'todo';
}

export type Tone = 'deploying' | 'in_use' | 'failed';

/** The colour and the word for how a deployment stands. */
export function standing({ status }: Status): { readonly tone: Tone; readonly word: string } {
  if (status === 'completed') return { tone: 'in_use', word: 'Deployed' };
  if (status === 'failed') return { tone: 'failed', word: 'Failed' };
  return { tone: 'deploying', word: 'Deploying' };
}

/** The steps as segments of the bar; a single segment if the steps are not known. */
export function segmentsOf({ status }: Status, drawing: Drawing | null): readonly Segment[] {
  const steps = drawing?.steps ?? [];
  const here = status === 'failed' ? 'failed' : 'now';
  // Before the first step, the first segment is under way.
  const current = status === 'completed' ? steps.length : (drawing?.current ?? 0);
  if (steps.length === 0) return [{ name: '', words: null, share: 100, state: status === 'completed' ? 'done' : here }];
  return steps.map(({ name, words, percent }, index) => {
    // The time before the first step is part of it.
    const share = (steps[index + 1]?.percent ?? 100) - (index === 0 ? 0 : percent);
    const state = index < current ? 'done' : index === current ? here : 'todo';
    return { name, words, share: Math.max(0, share), state };
  });
}

/**
 * How far the deployment is, so many seconds after the answer. The server counts the share of a step in the same way, so a
 * later answer fits.
 */
export function percentAt({ percent, status }: Status, drawing: Drawing | null, seconds: number): number | null {
  if (percent === null || status === 'completed' || drawing === null) return percent;
  const { steps, current, halfShareSeconds: half } = drawing;
  const step = current === null ? undefined : steps[current];
  if (step === undefined || half === null || current === null) return percent;
  const [low, high] = [step.percent, steps[current + 1]?.percent ?? 100];
  const done = (percent - low) / (high - low);
  if (!(done >= 0 && done < 1)) return percent;
  const time = (half * done) / (1 - done) + seconds;
  return Math.floor(low + ((high - low) * time) / (time + half));
}

/** How much of the current segment is done, from 0 to 1. */
export function fillOf(percent: number | null, drawing: Drawing | null): number {
  if (percent === null || drawing === null) return 0;
  const { steps, current } = drawing;
  if (steps.length === 0) return percent / 100;
  const index = current ?? 0;
  const low = index === 0 ? 0 : (steps[index]?.percent ?? 0);
  const high = steps[index + 1]?.percent ?? 100;
  return high > low ? Math.min(1, Math.max(0, (percent - low) / (high - low))) : 0;
}

/** Seconds that the deployment has taken; null if its start is unknown. */
export function elapsedAt(status: Status, drawing: Drawing | null, seconds: number): number | null {
  const { startedAt, completedAt } = status;
  if (startedAt !== null && completedAt !== null) return (Date.parse(completedAt) - Date.parse(startedAt)) / 1_000;
  const elapsed = drawing?.elapsedSeconds ?? null;
  const moves = status.status === 'accepted' || status.status === 'in_progress';
  return elapsed === null ? null : elapsed + (moves ? seconds : 0);
}

/**
 * The command to log in; null if the user or the address is not known. A person copies it into a shell, so both must be
 * what they say they are.
 */
export function loginLine({ loginUser, addresses }: Status): string | null {
  const address = addresses.find((each) => /^(\d{1,3}(\.\d{1,3}){3}|[\da-fA-F]*:[\da-fA-F:.]+)$/.test(each.address));
  if (loginUser === null || address === undefined || !/^[a-z_][a-z0-9_-]{0,31}$/.test(loginUser)) return null;
  return `ssh ${loginUser}@${address.address}`;
}

/** What is worth trying after a failure, in words. */
export function retryWords(retry: string | null): string | null {
  const words: Readonly<Record<string, string>> = {
    same_server: 'The same server may work',
    other_server: 'Another server may work',
    no: 'Trying again does not help',
  };
  return retry !== null && Object.hasOwn(words, retry) ? (words[retry] ?? null) : null;
}
