/** A planned event. */
interface Moment {
  readonly owner: object | string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Gets the planned moment, not the moment of the request. It may plan the next event. */
  readonly run: (at: number) => void;
}

/**
 * The next event of each owner: a node, its power switch, an allocation. Nothing runs in the background: each request
 * first calls `catchUp`. Owners without a planned event cost nothing.
 */
export class Agenda {
  readonly #next = new Map<object | string, Moment>();
  /** Sorted, the latest first. Replaced moments stay in it, and are skipped at their time. */
  readonly #queue: Moment[] = [];

  /** Replaces the planned event of the owner. */
  plan(owner: object | string, at: number, run: (at: number) => void): void {
    const moment = { owner, at, run };
    this.#next.set(owner, moment);
    // Before the other events of the same time, because the queue is read from its end.
    const place = leading(this.#queue, (other) => other.at > at);
    this.#queue.splice(place, 0, moment);
  }

  /** Cancels the planned event of the owner. */
  cancel(owner: object | string): void {
    this.#next.delete(owner);
  }

  /** Runs all events that are due, in order of time. */
  catchUp(now: number): void {
    for (let moment = this.#queue.at(-1); moment && moment.at <= now; moment = this.#queue.at(-1)) {
      this.#queue.pop();
      if (this.#next.get(moment.owner) !== moment) continue;
      this.#next.delete(moment.owner);
      moment.run(moment.at);
    }
  }
}

/** How many items at the start of a sorted list come before a place, by binary search. */
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
