import type { Address, Drawing, Status } from './answers.js';
import {
  elapsedAt,
  fillOf,
  loginLine,
  percentAt,
  retryWords,
  type Segment,
  segmentsOf,
  standing,
} from './deployment.js';
import { button, type Child, copyButton, data, el, hidden, set } from './dom.js';
import { unit } from './fleet-view.js';
import type { Followed } from './follow.js';
import type { CallFailed } from './link.js';
import { duration } from './words.js';

export interface CardOptions {
  /** What is shown until the first answer. */
  readonly title: string;
  readonly now: () => number;
  readonly retry: () => void;
  /** Null if there is no assistant to ask. */
  readonly ask: ((text: string) => void) | null;
  /** Null if the card is the whole page. */
  readonly close: (() => void) | null;
  /** The mark of a simulated cloud, if nothing else on the page has it. */
  readonly mark: Child;
}

/** The card of a deployment, and a function that moves its clock. */
export function deploymentCard(followed: Followed, options: CardOptions) {
  const { status, drawing, at, trouble } = followed;
  const seconds = () => (trouble ? 0 : Math.max(0, (options.now() - at) / 1_000));
  if (status === null) {
    const body = trouble ? troubleBox(followed, trouble, options) : el('p', 'quiet', 'Looking at the deployment…');
    return { card: el('article', 'card', head(options, data(options.title), null), body), tick: () => {} };
  }
  const { tone, word } = standing(status);
  const moves = tone === 'deploying';
  const bar = progressBar(status, drawing);
  const elapsed = el('dd', '');
  const pill = el('span', `pill ${tone}`, word);
  const card = el(
    'article',
    `card ${tone}${trouble ? ' stale' : ''}`,
    head(options, data(status.hostname ?? status.server), pill, subtitle(status)),
    trouble ? troubleBox(followed, trouble, options) : null,
    status.failure && drawing?.current == null ? null : bar.element,
    status.failure ? null : el('p', 'message', data(status.message)),
    status.failure ? failureBox(status, options) : null,
    status.status === 'completed' ? access(status) : null,
    facts(status, drawing, elapsed, moves),
  );
  const tick = () => {
    bar.tick(percentAt(status, drawing, seconds()));
    const taken = elapsedAt(status, drawing, seconds());
    elapsed.textContent = taken === null ? 'unknown' : duration(taken);
  };
  tick();
  return { card, tick };
}

function head(
  { close, mark }: CardOptions,
  title: HTMLElement,
  pill: HTMLElement | null,
  below: Child = null,
): HTMLElement {
  const heading = el(close ? 'h2' : 'h1', '', title, mark);
  const shut = close && button('×', 'close', close, 'close');
  shut?.append(hidden('Close'));
  return el('header', '', unit(), el('div', 'names', heading, below), pill, shut);
}

function subtitle({ server, hostname, image }: Status): HTMLElement {
  const parts = [hostname === null ? null : server, image].filter((part) => part !== null);
  return el('p', 'quiet', ...parts.flatMap((part, index) => [index > 0 ? ' · ' : null, data(part)]));
}

/** The percentage, the step, and the steps as segments. */
function progressBar(status: Status, drawing: Drawing | null) {
  const segments = segmentsOf(status, drawing);
  const { tone } = standing(status);
  const fill = el('i', 'fill');
  const figure = el('span', 'figure');
  const track = el('div', 'track', ...segments.map((segment) => drawn(segment, fill)));
  set(track, { role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': 0, 'aria-valuemax': 100 });
  const place = segments[drawing?.current ?? 0];
  const words = el('p', 'percent', tone === 'failed' ? null : figure, doing(status, drawing, place));
  const tick = (percent: number | null) => {
    figure.replaceChildren(...(percent === null ? [] : [`${percent}`, el('small', '', '%')]));
    if (percent === null) track.removeAttribute('aria-valuenow');
    else set(track, { 'aria-valuenow': percent });
    fill.style.width = `${Math.round(fillOf(percent, drawing) * 100)}%`;
  };
  const element = el('section', 'progress', words, track, legend(segments, drawing, tone === 'deploying'));
  return { element, tick };
}

function drawn({ share, state }: Segment, fill: HTMLElement): HTMLElement {
  const segment = el('span', state, state === 'now' ? fill : null);
  segment.style.flexGrow = String(share);
  return segment;
}

function doing({ status }: Status, drawing: Drawing | null, segment: Segment | undefined): HTMLElement {
  if (status === 'completed') return el('span', '', 'Done');
  if (segment === undefined || drawing === null || drawing.current === null) return el('span', '', 'Getting ready');
  return el('span', '', status === 'failed' ? 'Failed at: ' : '', data(segment.words ?? segment.name));
}

/** The place of the current step, and what comes after it. */
function legend(segments: readonly Segment[], drawing: Drawing | null, moves: boolean): Child {
  const current = drawing?.current ?? -1;
  const [segment, next] = [segments[current], segments[current + 1]];
  if (!segment) return null;
  const place = el('span', '', `Step ${current + 1} of ${segments.length} `, el('code', '', data(segment.name)));
  const following = next && moves ? el('span', 'next', 'Next: ', data(next.words ?? next.name)) : null;
  return el('p', 'legend quiet', place, following);
}

function failureBox({ id, failure }: Status, { ask }: CardOptions): Child {
  if (failure === null) return null;
  const worth = retryWords(failure.retry);
  const said = el('details', '', el('summary', '', 'What Ironic said'), el('pre', '', data(failure.ironicError ?? '')));
  said.id = 'ironic';
  const question = `The deployment with the operation_id ${id} failed. Look at it, tell me why, and what I can do next.`;
  return el(
    'section',
    'failure',
    el('p', 'cause', data(failure.summary)),
    el('p', '', el('b', '', 'Next: '), data(failure.hint)),
    worth === null ? null : el('p', 'worth', worth),
    failure.ironicError === null ? null : said,
    ask && button('Ask the assistant', 'strong', () => ask(question), 'ask'),
  );
}

/** How to reach the machine. */
function access(status: Status): Child {
  const { addresses, hostKeys, boot, bootedAt } = status;
  const line = loginLine(status);
  const rows = [
    line === null
      ? null
      : el('div', 'login', el('code', '', line), copyButton(line, 'the command to log in', 'copy-login')),
    addresses.length === 0 ? null : el('ul', 'addresses', ...addresses.map(addressRow)),
    boot === 'waiting' ? el('p', 'quiet', 'The machine has not reported yet that it is up.') : null,
    boot === 'reported'
      ? el('p', '', 'The machine is up', bootedAt === null ? '.' : ` since ${clock(bootedAt)}.`)
      : null,
    hostKeys.length === 0
      ? null
      : el(
          'details',
          '',
          el('summary', '', 'SSH host keys'),
          el('pre', '', ...hostKeys.flatMap((key) => [data(key), '\n'])),
        ),
  ].filter((row) => row !== null);
  return rows.length === 0 ? null : el('section', 'access', ...rows);
}

const sources: Readonly<Record<string, string>> = {
  neutron: 'from Neutron',
  requested: 'as requested',
  reported: 'reported by the machine',
};

function addressRow({ address, network, source }: Address, index: number): HTMLElement {
  const about = [network, source === null ? null : (sources[source] ?? null)]
    .filter((part) => part !== null)
    .join(', ');
  return el(
    'li',
    '',
    el('code', '', data(address)),
    el('span', 'quiet', data(about)),
    copyButton(address, 'the address', `copy-address-${index}`),
  );
}

function facts(status: Status, drawing: Drawing | null, elapsed: HTMLElement, moves: boolean): HTMLElement {
  const usual = moves ? (drawing?.usualMinutes ?? null) : null;
  const fact = (name: string, value: Child) => (value === null ? null : el('div', '', el('dt', '', name), value));
  const said = (text: string | null) => (text === null ? null : el('dd', '', data(text)));
  return el(
    'dl',
    'facts',
    fact(moves ? 'Elapsed' : 'Took', elapsed),
    fact('Usually past this step', said(usual === null ? null : `within ${usual} min`)),
    fact('Started', said(status.startedAt === null ? null : clock(status.startedAt))),
    fact('State in Ironic', said(status.state)),
    fact(
      'Operation',
      el(
        'dd',
        'id',
        el('code', '', status.id.slice(0, 8), hidden(status.id.slice(8))),
        copyButton(status.id, 'the operation id', 'copy-id'),
      ),
    ),
  );
}

/** Why the page cannot tell more, and what it does about it. */
function troubleBox(
  { status, over, at }: Followed,
  { message, reason, hint }: CallFailed,
  { retry, now }: CardOptions,
): HTMLElement {
  const age = status === null ? '' : ` What you see is ${duration((now() - at) / 1_000)} old.`;
  return el(
    'section',
    'trouble',
    el('p', '', el('b', '', data(message)), '.', age),
    reason === null ? null : el('p', 'quiet', data(reason)),
    over && hint !== null ? el('p', '', el('b', '', 'Next: '), data(hint)) : null,
    el('p', '', over ? '' : 'Trying again. ', button(over ? 'Look again' : 'Try now', 'small', retry, 'retry')),
  );
}

/** The time of day, with the date unless it is today. */
export function clock(time: string | number): string {
  const then = new Date(time);
  const isToday = then.toDateString() === new Date().toDateString();
  const date = isToday ? {} : ({ day: 'numeric', month: 'short' } as const);
  return then.toLocaleString([], { ...date, hour: '2-digit', minute: '2-digit' });
}
