import { deploySteps } from '../src/core/status/progress.js';
import { marked } from './marked.js';

/** The text, with the table of the known deploy steps between its markers. */
export function withStepsTable(text: string): string {
  const rows = Object.entries(deploySteps).map(
    ([name, { words, percent, usual, pace }]) =>
      `| \`${name}\` | ${words} | ${percent} | ${usual.within} min | ${usual.by} min | ${pace === 10 ? '10' : `${pace} to 10`} s |`,
  );
  const head = [
    '| Step | What is done | From percent | Limit of the step | Limit since the start | A wait looks every |',
    '|---|---|---|---|---|---|',
  ];
  return marked(text, 'steps', [...head, ...rows].join('\n'));
}
