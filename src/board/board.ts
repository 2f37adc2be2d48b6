import { type Listing, readListing, readStatus, type Server, type State } from './answers.js';
import { deploymentCard } from './deployment-view.js';
import { button, type Child, data, el, redraw, set } from './dom.js';
import { createFilterBar } from './filter-bar.js';
import {
  canFilterHere,
  everything,
  type Fleet,
  filterIn,
  fleetOf,
  inputOf,
  isFiltered,
  mostSlots,
  sumOf,
  totalOf,
} from './fleet.js';
import { countBar, type FleetActions, racks, serverCard, stateChips } from './fleet-view.js';
import { type Followed, follow } from './follow.js';
import { CallFailed, type Link } from './link.js';
import { count } from './words.js';

export interface BoardOptions {
  readonly place: HTMLElement;
  /** A link to the reference, if the page stands alone. */
  readonly docs: string | null;
  /** Called when the server wants a token, or refuses the one that it got. */
  readonly onUnauthorized: () => void;
}

/** How often (ms) a page that stands alone reads the fleet, and how soon after a failure. */
const refreshTime = 50_000;
const retryTime = 10_000;

/** Draws the fleet and one deployment, and asks for what has changed. */
export function createBoard(link: Link, { place, docs, onUnauthorized }: BoardOptions) {
  const [top, chips, aside, grid] = [el('div', 'top'), el('div', ''), el('aside', ''), el('div', 'grid')];
  const filterBar = createFilterBar((change) => actions.filter({ ...filter, ...change }));
  const controls = el('div', 'controls', chips);
  const layout = el('div', 'layout', aside, grid);
  const live = set(el('p', 'hidden'), { role: 'status' });
  const stopped = new AbortController();
  /** The list for the filter, and the list of all servers. */
  let fleet: Fleet | null = null;
  let whole: Fleet | null = null;
  let filter = everything;
  let chosen: Server | null = null;
  let trouble: CallFailed | null = null;
  let readAt = 0;
  let reading: AbortController | null = null;
  let following = new AbortController();
  let wake = () => {};
  let tick = () => {};
  place.replaceChildren(top, controls, layout, live);
  const clock = setInterval(() => tick(), 1_000);

  const actions: FleetActions = {
    filter(next) {
      filter = next;
      if (!whole || !canFilterHere(whole)) return void readFleet();
      fleet = whole;
      drawFleet();
    },
    choose(server) {
      if (chosen?.id === server.id) return close();
      stopFollowing();
      chosen = server;
      const isDeployed = server.state !== 'available' && server.state !== 'unusable';
      if (server.id !== null && isDeployed) followDeployment(server.id, null, server.hostname ?? server.name);
      else redraw(aside, serverCard(server, close, link.ask));
      drawFleet();
      aside.scrollIntoView({ block: 'nearest' });
    },
  };

  /** Resolves after some time, or when the reader wants it now. */
  function pause(time: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, time);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  function stopFollowing(): void {
    following.abort();
    following = new AbortController();
    tick = () => {};
  }

  function close(): void {
    stopFollowing();
    const id = chosen?.id;
    chosen = null;
    redraw(aside);
    drawFleet();
    document.getElementById(`slot-${id}`)?.focus();
  }

  function followDeployment(id: string, deploymentId: string | null, title: string): void {
    stopFollowing();
    const { signal } = following;
    const now = () => performance.now();
    let last: Followed = { status: null, drawing: null, at: now(), trouble: null, over: false };
    const retry = () => (last.over ? followDeployment(id, deploymentId, title) : wake());
    const onChange = (followed: Followed) => {
      if (followed.trouble?.code === 'unauthorized') return onUnauthorized();
      const [said, words] = [wordsFor(last), wordsFor(followed)];
      const hasEnded = followed.over && last.status !== null && !followed.trouble;
      last = followed;
      const mark = fleet ? null : simulated();
      const made = deploymentCard(followed, { title, now, retry, ask: link.ask, close: fleet ? close : null, mark });
      tick = made.tick;
      redraw(aside, made.card);
      if (words !== said) live.textContent = words;
      if (hasEnded && fleet) void readFleet();
    };
    onChange(last);
    void follow({ link, id, deploymentId, signal, now, pause, seen, onChange });
  }

  /** Reads the list, page by page until every slot has its server. */
  async function readFleet(): Promise<void> {
    reading?.abort();
    const current = new AbortController();
    reading = current;
    const asked = filter;
    drawFleet();
    try {
      const first = await readPage({}, current.signal);
      let { servers, nextCursor: cursor } = first;
      while (cursor !== null && servers.length < mostSlots) {
        const more = await readPage({ cursor }, current.signal);
        servers = [...servers, ...more.servers];
        cursor = more.servers.length === 0 ? null : more.nextCursor;
      }
      reading = null;
      showFleet({ ...first, servers, nextCursor: cursor });
    } catch (error) {
      if (current.signal.aborted) return;
      reading = null;
      trouble = error instanceof CallFailed ? error : new CallFailed('The page failed');
      if (trouble.code === 'unauthorized') onUnauthorized();
      else drawFleet();
    }

    async function readPage(page: { cursor?: string }, signal: AbortSignal): Promise<Listing> {
      const { data: answer } = await link.call('list_servers', { ...inputOf(asked), ...page }, signal);
      const listing = readListing(answer);
      if (listing === null) throw new CallFailed('The answer is not a list of servers');
      return listing;
    }
  }

  function showFleet(listing: Listing): void {
    fleet = fleetOf(listing, filter);
    if (!isFiltered(filter)) whole = fleet;
    trouble = null;
    readAt = Date.now();
    drawFleet();
  }

  function drawFleet(): void {
    const known = whole ?? fleet;
    const sums = known && sumOf(known.counts);
    redraw(top, heading(sums), trouble && troubleBox(trouble), sums && countBar(sums));
    grid.setAttribute('aria-busy', String(reading !== null));
    layout.classList.toggle('split', chosen !== null);
    if (!fleet || !known) {
      redraw(grid, trouble ? null : el('p', 'quiet', 'Reading the list of servers…'));
      return;
    }
    filterBar.update(known, filter);
    if (!filterBar.element.isConnected) controls.append(filterBar.element);
    redraw(chips, stateChips(known, filter, actions));
    redraw(grid, racks(fleet, filter, chosen?.id ?? null, actions));
  }

  function heading(sums: Readonly<Record<State, number>> | null): HTMLElement {
    const title = sums ? count(totalOf(sums), 'server') : 'Servers';
    const again = button(reading ? 'Looking…' : 'Look again', 'small', () => void readFleet(), 'again');
    const reference = docs === null ? null : set(el('a', '', 'REST reference'), { href: docs });
    const age = readAt === 0 ? null : el('span', 'quiet', `as of ${new Date(readAt).toLocaleTimeString()}`);
    return el('header', 'title', el('h1', '', title), simulated(), el('span', 'right', age, reference, again));
  }

  function troubleBox({ message, reason, hint }: CallFailed): HTMLElement {
    const said = el(
      'p',
      '',
      el('b', '', data(message)),
      reason === null ? '.' : ': ',
      reason === null ? null : data(reason),
    );
    const next = hint === null ? null : el('p', '', el('b', '', 'Next: '), data(hint));
    const age = fleet ? el('p', 'quiet', 'What you see is from before.') : null;
    return set(el('section', 'trouble', said, next, age), { role: 'alert' });
  }

  return {
    /** Shows all servers, and keeps the list up to date. */
    async watchFleet(): Promise<void> {
      while (!stopped.signal.aborted) {
        await readFleet();
        await pauseFor(trouble ? retryTime : refreshTime);
        await seen(stopped.signal);
      }
    },
    /** Says that a call of the assistant is under way. */
    showCall(): void {
      redraw(aside, el('article', 'card', simulated(), el('p', 'quiet', 'The call is under way…')));
    },
    /** Shows the answer of a call that the assistant has made. */
    showAnswer(answer: unknown, input: Readonly<Record<string, unknown>>): void {
      const status = readStatus(answer);
      if (status) {
        followDeployment(status.id, status.deploymentId, status.hostname ?? status.server);
        return;
      }
      const listing = readListing(answer);
      redraw(aside);
      if (listing) {
        filter = filterIn(input);
        showFleet(listing);
        if (listing.nextCursor !== null && listing.servers.length < mostSlots) void readFleet();
      } else redraw(aside, el('article', 'card', el('p', 'quiet', 'There is nothing to draw.')));
    },
    showFailure(failure: CallFailed): void {
      redraw(aside, el('article', 'card', simulated(), troubleBox(failure)));
    },
    stop(): void {
      stopped.abort();
      reading?.abort();
      stopFollowing();
      clearInterval(clock);
    },
  };

  function pauseFor(time: number): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, time);
    });
  }
}

function wordsFor({ status, trouble, drawing }: Followed): string {
  if (trouble) return trouble.message;
  const step = drawing?.current == null ? undefined : drawing.steps[drawing.current];
  return status?.status === 'in_progress' && step ? (step.words ?? step.name) : (status?.message ?? '');
}

/** The mark of a cloud that does not exist. */
function simulated(): Child {
  return 'simulated' in document.body.dataset ? el('span', 'badge', 'Simulated') : null;
}

/** Resolves when the reader can see the page. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (!document.hidden) return resolve();
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
  });
}
