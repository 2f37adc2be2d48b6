/** What happens next to something in the simulated cloud. */
interface Moment {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Given the moment it was planned for, not the moment somebody looked; may plan what happens next. */
  readonly run: (at: number) => void;
}

/**
 * What is going to happen next, by owner: a node, an allocation. Nothing runs by itself: `catchUp` is called before
 * each request, so owners of whom nothing is planned cost nothing.
 */
export class Agenda {
  readonly #next = new Map<object, Moment>();

  /** Replaces what was planned for the owner. */
  plan(owner: object, at: number, run: (at: number) => void): void {
    this.#next.set(owner, { at, run });
  }

  /** Forgets what was planned for the owner. */
  cancel(owner: object): void {
    this.#next.delete(owner);
  }

  /** Runs everything that is due by now, in order for each owner. */
  catchUp(now: number): void {
    for (const owner of [...this.#next.keys()]) {
      let moment = this.#next.get(owner);
      while (moment && moment.at <= now) {
        this.#next.delete(owner);
        moment.run(moment.at);
        moment = this.#next.get(owner);
      }
    }
  }
}
