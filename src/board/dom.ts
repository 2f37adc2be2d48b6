// Every text becomes a text node: nothing here, or anywhere on the page, makes markup from a string.

export type Child = Node | string | null;

/** Makes an element. Classes and attributes are ours, never data. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Sets attributes of an element. */
export function set<Any extends Element>(element: Any, attributes: Readonly<Record<string, string | number>>): Any {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** A text written by others, which cannot change the direction of the text around it. */
export function data(text: string): HTMLElement {
  return el('bdi', '', text);
}

/** A text for screen readers only. */
export function hidden(text: string): HTMLElement {
  return el('span', 'hidden', text);
}

export function button(label: Child, className: string, onClick: () => void, id = ''): HTMLButtonElement {
  const made = el('button', className, label);
  made.type = 'button';
  if (id) made.id = id;
  made.addEventListener('click', onClick);
  return made;
}

/** Puts new children into a place. What has the focus, or is open, stays so if it is there again under the same id. */
export function redraw(place: Element, ...children: readonly Child[]): void {
  const focused = document.activeElement?.id;
  const open = [...place.querySelectorAll('details[open][id]')].map(({ id }) => id);
  place.replaceChildren(...children.filter((child) => child !== null));
  for (const id of open) place.querySelector<HTMLDetailsElement>(`#${CSS.escape(id)}`)?.setAttribute('open', '');
  if (focused && document.activeElement?.id !== focused) {
    place.querySelector<HTMLElement>(`#${CSS.escape(focused)}`)?.focus({ preventScroll: true });
  }
}

/** A button that copies a text, and says that it has. */
export function copyButton(text: string, what: string, id: string): HTMLButtonElement {
  const label = el('span', '', 'Copy');
  const made = button(label, 'small', () => void copied().then(show), id);
  made.append(hidden(` ${what}`));
  made.setAttribute('aria-live', 'polite');
  return made;

  async function copied(): Promise<boolean> {
    if (selected()) return true;
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }

  /** The old way also works in a frame, where browsers refuse the new one. */
  function selected(): boolean {
    const field = el('textarea', 'hidden');
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    made.focus({ preventScroll: true });
    return done;
  }

  function show(done: boolean): void {
    label.textContent = done ? 'Copied' : 'Not allowed here';
  }
}
