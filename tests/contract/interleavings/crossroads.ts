import { kindOf } from '../../support/faults/fault-table.js';
import { isChange } from '../fault-requests.js';
import type { Fetch } from '../third-actor/actor-lab.js';
import type { Choose } from './choices.js';

/** A request that has been sent and waits to arrive. */
interface Waiting {
  readonly request: Request;
  /** Ironic, as this call reaches it. */
  readonly ironic: Fetch;
  readonly answer: (response: Response) => void;
  readonly fail: (error: Error) => void;
}

/** What may happen next. */
interface Event {
  readonly words: string;
  /** The call, if this is a read of it that arrives: no other read can tell whether it came before. */
  readonly readOf?: string;
  happen(): Promise<void>;
}

/** Where the requests of several calls meet: one of them goes on at a time, and a choice says which, and how. */
export interface Crossroads {
  /** The way of one call to Ironic. It has one request on the way at a time. */
  wayOf(call: string, ironic: Fetch): Fetch;
  /**
   * Lets things happen until every call is over, and what is still on the way has arrived. Answers false if it gave up,
   * because another course differs from this one in nothing but the order of reads next to each other.
   */
  run(calls: readonly Promise<unknown>[]): Promise<boolean>;
  /** What has happened so far. */
  readonly course: readonly string[];
  /** Whether a request or an answer was lost or late. */
  readonly isDisturbed: boolean;
}

export function createCrossroads(choose: Choose, mayFail: boolean): Crossroads {
  const waiting = new Map<string, Waiting>();
  const course: string[] = [];
  let late: Event | undefined;
  let isDisturbed = false;
  /** The calls whose read would only come after others that it has come before already. */
  let asleep: ReadonlySet<string> = new Set();

  function eventsOf(call: string, { request, ironic, answer, fail }: Waiting): readonly Event[] {
    const { pathname, search } = new URL(request.url);
    const kind = kindOf(request.method, pathname + search);
    const event = (how: string, happen: () => Promise<void>): Event => ({
      words: `${call}: ${kind}${how}`,
      async happen() {
        waiting.delete(call);
        await happen();
      },
    });
    const goesWrong = (how: string, happen: () => Promise<void>) =>
      event(how, async () => {
        isDisturbed = true;
        await happen();
        fail(reset());
      });
    const arrives = {
      ...event('', async () => answer(await ironic(request))),
      ...(isChange(kind) ? {} : { readOf: call }),
    };
    // A lost read is sent again, which is the same as a later read.
    if (!mayFail || isDisturbed || !isChange(kind)) return [arrives];
    return [
      arrives,
      goesWrong(' (request lost)', async () => {}),
      goesWrong(' (answer lost)', async () => void (await ironic(request))),
      goesWrong(' (late)', async () => {
        late = {
          words: `${call}: ${kind} (arrives late)`,
          async happen() {
            late = undefined;
            await ironic(request);
          },
        };
      }),
    ];
  }

  return {
    course,
    get isDisturbed() {
      return isDisturbed;
    },
    wayOf: (call, ironic) => async (request) => {
      const { url, method, headers } = request;
      // A caller that gives up a request cancels its body.
      const body = request.body === null ? null : await request.arrayBuffer();
      const sent = new Request(url, { method, headers, body });
      return new Promise((answer, fail) => {
        if (waiting.has(call)) throw new Error(`call ${call} has two requests on the way`);
        waiting.set(call, { request: sent, ironic, answer, fail });
      });
    },
    async run(calls) {
      let open = calls.length;
      for (const call of calls) call.finally(() => (open -= 1)).catch(() => undefined);
      for (;;) {
        while (waiting.size < open) await new Promise((resolve) => setImmediate(resolve));
        if (open === 0) break;
        const all = [...waiting].sort(byName).flatMap(([call, each]) => eventsOf(call, each));
        if (late) all.push(late);
        const events = all.filter(({ readOf }) => readOf === undefined || !asleep.has(readOf));
        if (events.length === 0) return false;
        const chosen = choose(events.length);
        const event = events[chosen];
        if (!event) throw new Error('there is no such choice');
        asleep = event.readOf === undefined ? new Set() : new Set([...asleep, ...readsIn(events.slice(0, chosen))]);
        course.push(event.words);
        await event.happen();
      }
      await late?.happen();
      return true;
    },
  };
}

function readsIn(events: readonly Event[]): readonly string[] {
  return events.flatMap(({ readOf }) => (readOf === undefined ? [] : [readOf]));
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

/** As fetch fails when the connection is lost: the system call is in the cause. */
function reset(): TypeError {
  const cause = Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
  return new TypeError('fetch failed', { cause });
}
