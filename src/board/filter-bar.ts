import { el, hidden, set } from './dom.js';
import type { Filter, Fleet } from './fleet.js';

/** How long (ms) the page waits for the reader to stop typing. */
const typingTime = 400;

/** The fields that filter by name and by class. They stay while the list is drawn again. */
export function createFilterBar(onChange: (change: Partial<Filter>) => void) {
  const text = el('input', '');
  set(text, { type: 'search', id: 'text', placeholder: 'Find by name', maxlength: 200, autocomplete: 'off' });
  const classes = set(el('select', ''), { id: 'class' });
  const label = (words: string, field: HTMLElement) => el('label', '', hidden(words), field);
  const chooser = label('Resource class', classes);
  const element = el('div', 'filters', label('Name or host name', text), chooser);
  let typing: ReturnType<typeof setTimeout> | undefined;
  let names: readonly string[] = [];
  text.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => onChange({ text: text.value.trim() }), typingTime);
  });
  classes.addEventListener('change', () => onChange({ resourceClass: names[classes.selectedIndex - 1] ?? null }));

  /** Shows the classes that there are, and the filter in force. */
  function update({ counts }: Fleet, filter: Filter): void {
    // Counts of several classes together have a name in parentheses.
    const known = counts.map(({ resourceClass }) => resourceClass).filter((name) => !name.startsWith('('));
    names =
      filter.resourceClass === null || known.includes(filter.resourceClass) ? known : [...known, filter.resourceClass];
    classes.replaceChildren(...['All classes', ...names].map((name) => el('option', '', name)));
    classes.selectedIndex = filter.resourceClass === null ? 0 : names.indexOf(filter.resourceClass) + 1;
    chooser.hidden = names.length < 2 && filter.resourceClass === null;
    if (document.activeElement !== text) text.value = filter.text;
  }
  return { element: set(element, { role: 'search' }), update };
}
