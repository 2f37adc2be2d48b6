import type { Metrics } from '../src/metrics/metrics.js';
import { marked } from './marked.js';

/** The text, with the table of our own metrics between its markers. */
export function withMetricsTable(text: string, { registry }: Metrics): string {
  const described = registry.getMetricsAsArray() as unknown as readonly Described[];
  const rows = described
    .filter(({ name }) => !/^(process|nodejs)_/.test(name))
    .map(({ name, type, help, labelNames }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${labels} | ${help.replace(/\.$/, '')} |`;
    });
  return marked(text, 'metrics', ['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n'));
}

interface Described {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}
