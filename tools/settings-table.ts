import { flagOf, settings } from '../src/config/settings.js';
import { marked } from './marked.js';

/** A text with the table of our own settings put between its markers. */
export function withSettingsTable(text: string): string {
  const rows = Object.entries(settings).map(([name, { variable, schema, wants, meaning }]) => {
    const unset = schema.safeParse(undefined).data;
    const given = unset === undefined || (Array.isArray(unset) && unset.length === 0) ? '' : `\`${unset}\``;
    return `| \`${variable}\` | \`--${flagOf(name)}\` | ${meaning} | ${wants} | ${given} |`;
  });
  const head = ['| Variable | Flag | Meaning | What it takes | Without it |', '|---|---|---|---|---|'];
  return marked(text, 'settings', [...head, ...rows].join('\n'));
}
