import type { Io } from '../io.js';
import { createTerminal } from '../terminal.js';

/** What one step of the check found. */
export interface Finding {
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it: the setting to change. */
  readonly next?: string;
  /** A command to try. */
  readonly command?: string;
}

export interface Step extends Finding {
  readonly step: string;
  readonly seconds: number;
}

const colors = { ok: 'green', warning: 'yellow', failed: 'red' } as const;

/** The report for people: one line that sums up, then the steps, then the `env` block if the settings could be read. */
export function reportFor(
  io: Io,
  steps: readonly Step[],
  verdict: string,
  env: Record<string, string> | undefined,
): string {
  // Lines for a file or a pipe are not wrapped, so that they can be searched.
  const { paint, hanging } = createTerminal(io, Number.POSITIVE_INFINITY);
  const named = Math.max(...steps.map(({ step }) => step.length));
  const worst = (['failed', 'warning', 'ok'] as const).find((each) => steps.some(({ outcome }) => outcome === each));
  const lines = steps.flatMap(({ step, outcome, seconds, detail, next, command }) => {
    const head = `${paint(colors[outcome], outcome.padEnd(7))}  ${paint('bold', step.padEnd(named))} `;
    const words = `${detail}${seconds < 1 ? '' : ` (${seconds.toFixed(1)} s)`}`.split(' ');
    const indent = named + 11;
    return [
      hanging(head, words, indent),
      ...(next ? [hanging(' '.repeat(indent - 1), `-> ${next}`.split(' '), indent + 3)] : []),
      // A command stays on one line, so that it can be copied.
      ...(command ? [`${' '.repeat(indent + 3)}${paint('cyan', command)}`] : []),
    ];
  });
  const title =
    worst === 'failed' ? 'The settings as tried, which do not work yet:' : 'For the settings of your MCP client:';
  const block = env ? `\n\n${title}\n${JSON.stringify({ env }, null, 2)}` : '';
  return `${paint(['bold', colors[worst ?? 'ok']], verdict)}\n\n${lines.join('\n')}${block}\n`;
}
