/** Something that is going to happen. */
interface Moment {
  readonly owner: object | string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Given the moment it was planned for, not the moment somebody looked; may plan what happens next. */
  readonly run: (at: number) => void;
}

/**
 * What is going to happen next, by owner: a node, its power switch, an allocation. Nothing runs by itself: `catchUp` is
 * called before each request, so owners of whom nothing is planned cost nothing.
 */
export class Agenda {
  readonly #next = new Map<object | string, Moment>();
  /** Sorted, the latest first. Moments that were replaced stay in it, and are passed over when their time has come. */
  readonly #queue: Moment[] = [];

  /** Replaces what was planned for the owner. */
  plan(owner: object | string, at: number, run: (at: number) => void): void {
    const moment = { owner, at, run };
    this.#next.set(owner, moment);
    // Before what is planned for the same time: the queue is read from its end.
    const place = leading(this.#queue, (other) => other.at > at);
    this.#queue.splice(place, 0, moment);
  }

  /** Forgets what was planned for the owner. */
  cancel(owner: object | string): void {
    this.#next.delete(owner);
  }

  /** Runs everything that is due by now, in order of time. */
  catchUp(now: number): void {
    for (let moment = this.#queue.at(-1); moment && moment.at <= now; moment = this.#queue.at(-1)) {
      this.#queue.pop();
      if (this.#next.get(moment.owner) !== moment) continue;
      this.#next.delete(moment.owner);
      moment.run(moment.at);
    }
  }
}

/** How many items at the beginning of a list come before a place, found by halving: nothing behind them may. */
export function leading<Item>(items: readonly Item[], comesBefore: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && comesBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}
