import { type Server, type State, states } from './answers.js';
import { button, type Child, data, el, hidden, set } from './dom.js';
import { everything, type Filter, type Fleet, isFiltered, type Rack, racksOf, sumOf } from './fleet.js';
import { count } from './words.js';

export const stateWords: Readonly<Record<State, string>> = {
  available: 'free',
  deploying: 'deploying',
  in_use: 'in use',
  failed: 'failed',
  unusable: 'not available',
};

export interface FleetActions {
  filter(filter: Filter): void;
  choose(server: Server): void;
}

/** A button for each state, which filters by it. */
export function stateChips(fleet: Fleet, filter: Filter, { filter: apply }: FleetActions): HTMLElement {
  const sums = sumOf(fleet.counts);
  const chips = states
    .filter((state) => sums[state] > 0 || state === filter.state)
    .map((state) => {
      const pressed = filter.state === state;
      const chip = button(
        lamp(state),
        'chip',
        () => apply({ ...filter, state: pressed ? null : state }),
        `state-${state}`,
      );
      chip.append(el('b', '', sums[state].toLocaleString('en')), ` ${stateWords[state]}`);
      return set(chip, { 'aria-pressed': String(pressed) });
    });
  return el('div', 'chips', ...chips);
}

export function countBar(counts: Readonly<Record<State, number>>): HTMLElement {
  const parts = states.filter((state) => counts[state] > 0);
  const bar = el(
    'div',
    'bar',
    ...parts.map((state) => {
      const part = el('span', state);
      part.style.flexGrow = String(counts[state]);
      return part;
    }),
  );
  const words = parts.map((state) => `${counts[state]} ${stateWords[state]}`).join(', ');
  return set(bar, { role: 'img', 'aria-label': words || 'No servers' });
}

/** The racks, one for each class. */
export function racks(fleet: Fleet, filter: Filter, chosen: string | null, actions: FleetActions): HTMLElement {
  const drawn = racksOf(fleet, filter);
  if (drawn.length === 0) {
    const words = isFiltered(filter) ? 'No server matches.' : 'There are no servers.';
    const clear = button('Show all servers', 'small', () => actions.filter(everything), 'clear');
    return el('section', 'racks empty', el('p', 'quiet', words), isFiltered(filter) ? clear : null);
  }
  const made = drawn.map((rack, index) => drawnRack(rack, index, { filter, chosen, actions }));
  return el('section', 'racks', ...made);
}

interface Drawing {
  readonly filter: Filter;
  readonly chosen: string | null;
  readonly actions: FleetActions;
}

function drawnRack(rack: Rack, index: number, { filter, chosen, actions }: Drawing): HTMLElement {
  const { resourceClass, counts, total, slots, canOpen } = rack;
  const left = total - slots.length;
  const free =
    filter.state === null
      ? `${counts.available.toLocaleString('en')} of ${total.toLocaleString('en')} free`
      : count(total, 'server');
  const heading = el('h2', '', data(resourceClass));
  heading.id = `rack-${index}`;
  const open = () => actions.filter({ ...filter, resourceClass });
  const isOpen = filter.resourceClass === resourceClass;
  const more: Child =
    left === 0
      ? null
      : isOpen || !canOpen
        ? el('p', 'more quiet', `${count(left, 'more server')}. Filter by name or state to see them.`)
        : button(`Show more of ${total.toLocaleString('en')}`, 'more small', open, `open-${index}`);
  if (more instanceof HTMLButtonElement) more.append(hidden(` in ${resourceClass}`));
  return set(
    el(
      'section',
      isOpen ? 'rack wide' : 'rack',
      el('header', '', heading, el('span', 'quiet', free)),
      left > 0 ? countBar(counts) : null,
      slots.length === 0 ? null : el('ul', 'slots', ...slots.map((server) => slot(server, chosen, actions))),
      more,
    ),
    { 'aria-labelledby': heading.id },
  );
}

function slot(server: Server, chosen: string | null, { choose }: FleetActions): HTMLElement {
  const { id, name, state, hostname, note } = server;
  // A host name without its domain: the card shows the whole.
  const right = state === 'available' ? hardware(server) : hostname?.replace(/\..*/, '') || stateWords[state];
  const inside = el(
    'span',
    'slot-inside',
    lamp(state),
    el('span', 'name', data(name)),
    el('span', 'quiet', data(right)),
  );
  // The colour of the lamp says it to those who see it.
  if (right !== stateWords[state]) inside.append(hidden(`, ${stateWords[state]}`));
  if (note !== null && state === 'available') inside.append(el('span', 'mark', '!'), hidden(note));
  if (id === null) return el('li', `slot ${state}`, inside);
  const made = button(inside, `slot ${state}`, () => choose(server), `slot-${id}`);
  return el('li', '', set(made, { 'aria-expanded': String(chosen === id) }));
}

function lamp(state: State): HTMLElement {
  return set(el('i', `lamp ${state}`), { 'aria-hidden': 'true' });
}

/** A server as it looks in a rack. */
export function unit(): HTMLElement {
  return set(el('span', 'unit', el('i', 'vents'), el('i', 'led'), el('i', 'led')), { 'aria-hidden': 'true' });
}

function hardware({ cpus, memoryGb }: Server): string {
  const parts = [cpus === null ? null : `${cpus} CPU`, memoryGb === null ? null : `${memoryGb} GB`];
  return parts.filter((part) => part !== null).join(' · ');
}

/** What is known about a server without a deployment. */
export function serverCard(server: Server, close: () => void, ask: ((text: string) => void) | null): HTMLElement {
  const { id, name, state, resourceClass, diskGb, traits, note } = server;
  const shut = button('×', 'close', close, 'close');
  shut.append(hidden('Close'));
  const fact = (term: string, value: string) =>
    value === '' ? null : el('div', '', el('dt', '', term), el('dd', '', data(value)));
  const wish = `I would like to deploy the server with the server_id ${id}. Ask me what you need to know first.`;
  return el(
    'article',
    `card ${state}`,
    el(
      'header',
      '',
      unit(),
      el('div', 'names', el('h2', '', data(name)), el('p', 'quiet', data(resourceClass))),
      el('span', `pill ${state}`, stateWords[state]),
      shut,
    ),
    note === null ? null : el('p', 'message', data(note)),
    el(
      'dl',
      'facts',
      fact('Hardware', hardware(server)),
      fact('Disk', diskGb === null ? '' : `${diskGb} GB`),
      fact('Traits', traits.join(', ')),
    ),
    state === 'available' && ask && id !== null
      ? button('Ask the assistant to deploy it', 'strong', () => ask(wish), 'ask')
      : null,
  );
}
