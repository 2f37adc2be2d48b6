import { flagOf, settings, withoutIt } from '../src/config/settings.js';
import { marked } from './marked.js';

/** The text, with the table of our own settings between its markers. */
export function withSettingsTable(text: string): string {
  const rows = Object.entries(settings).map(([name, setting]) => {
    const { variable, wants, meaning } = setting;
    const unset = withoutIt(setting);
    const given = unset && `\`${unset}\``;
    return `| \`${variable}\` | \`--${flagOf(name)}\` | ${meaning} | ${wants} | ${given} |`;
  });
  const head = ['| Variable | Flag | Meaning | Value | Default |', '|---|---|---|---|---|'];
  return marked(text, 'settings', [...head, ...rows].join('\n'));
}
