import { deploySteps } from '../src/core/status/progress.js';
import { marked } from './marked.js';

/** The text, with the table of the known deploy steps between its markers. */
export function withStepsTable(text: string): string {
  const rows = Object.entries(deploySteps).map(
    ([name, { words, percent, usual }]) =>
      `| \`${name}\` | ${words} | ${percent} | ${usual.within} min | ${usual.by} min |`,
  );
  const head = [
    '| Step | What is done | From percent | Limit of the step | Limit since the start |',
    '|---|---|---|---|---|',
  ];
  return marked(text, 'steps', [...head, ...rows].join('\n'));
}
