/** What comes back instead of the genuine answer. */
export type Reply =
  | 'genuine'
  /** The connection is refused. */
  | 'refusal'
  | 'reset'
  /** No answer, until the caller gives up. */
  | 'silence'
  /** A genuine answer whose body breaks off, stops, is too short, or never ends. */
  | 'cut body'
  | 'stalled body'
  | 'half a body'
  | 'endless body'
  | { readonly status: number; readonly body: unknown };

/** When the service gets the request. */
export type Delivery = 'never' | 'at once' | 'twice' | 'before the next request' | 'after the call';

/** One way in which a request can go wrong. Tests play the same table inside the process and with real sockets. */
export interface FaultKind {
  readonly name: string;
  readonly delivery: Delivery;
  readonly reply: Reply;
}

const html = '<html><body><h1>Bad Gateway</h1></body></html>';
const said = (words: string) => ({ error_message: JSON.stringify({ faultcode: 'Server', faultstring: words }) });
const locked = 'Node 1 is locked by host conductor-1, please retry after the current operation is completed.';
const unauthorized = { error: { code: 401, title: 'Unauthorized', message: 'The request requires authentication.' } };

const fault = (name: string, delivery: Delivery, reply: Reply): FaultKind => ({ name, delivery, reply });

/** A request that is lost on its way, whose answer is lost, or that arrives late. */
const losses = [
  ['reset', 'reset'],
  ['silence past the deadline', 'silence'],
] as const satisfies readonly (readonly [string, Reply])[];

export const faultTable: readonly FaultKind[] = [
  fault('refused connection', 'never', 'refusal'),
  ...losses.flatMap(([name, reply]) => [
    fault(`${name}, never delivered`, 'never', reply),
    fault(`${name}, delivered`, 'at once', reply),
    fault(`${name}, delivered before the next request`, 'before the next request', reply),
    fault(`${name}, delivered after the call`, 'after the call', reply),
  ]),
  fault('502 with HTML, never delivered', 'never', { status: 502, body: html }),
  fault('502 with HTML, delivered', 'at once', { status: 502, body: html }),
  fault('500, never delivered', 'never', { status: 500, body: said('Internal server error') }),
  fault('500, delivered', 'at once', { status: 500, body: said('Internal server error') }),
  fault('503', 'never', { status: 503, body: said('The service is temporarily unavailable.') }),
  fault('401', 'never', { status: 401, body: unauthorized }),
  fault('409 locked', 'never', { status: 409, body: said(locked) }),
  fault('wrong JSON', 'never', { status: 200, body: { unexpected: true } }),
  fault('wrong JSON, delivered', 'at once', { status: 200, body: { unexpected: true } }),
  fault('HTML as if all were well', 'never', { status: 200, body: html }),
  fault('delivered twice', 'twice', 'genuine'),
  fault('half a body', 'at once', 'half a body'),
  fault('cut in its body', 'at once', 'cut body'),
  fault('stall in its body', 'at once', 'stalled body'),
  fault('endless body', 'at once', 'endless body'),
];

/** Which requests have a fault, from the named one on. If every request of a kind fails, the other kinds can succeed. */
export const extents = ['once', 'with all of its kind', 'with all that follows'] as const;
export type Extent = (typeof extents)[number];

/** A fault at the nth request of a kind. */
export interface Injection {
  readonly kind: string;
  /** From 1. */
  readonly nth: number;
  readonly fault: FaultKind;
  readonly extent: Extent;
}

/** Decides the fault of each request, and keeps late requests until they arrive. */
export interface FaultScript {
  /** The kinds of the requests so far, in order. */
  readonly log: readonly string[];
  /** Whether the requests from now on have no fault. */
  readonly faultless: boolean;
  /** Starts over with these faults. */
  play(...injections: readonly Injection[]): void;
  /** The fault of the next request, which is of this kind. */
  next(kind: string): FaultKind | undefined;
  /** The same without counting the request. */
  peek(kind: string): FaultKind | undefined;
  /** Makes all kept deliveries arrive just before the nth request from now. */
  arriveBefore(nth: number): void;
  /** Keeps a delivery until the next request or until `deliver`. */
  hold(delivery: Delivery, deliver: () => Promise<unknown>): void;
  /** Makes the deliveries that are due when a request arrives, or all deliveries. */
  deliver(which: 'due' | 'all'): Promise<void>;
}

export function createFaultScript(): FaultScript {
  let log: string[] = [];
  let injections: readonly Injection[] = [];
  let held: { readonly delivery: Delivery; readonly deliver: () => Promise<unknown> }[] = [];
  let begun = new Set<Injection>();
  let countdown = Number.POSITIVE_INFINITY;

  function peek(kind: string): FaultKind | undefined {
    const nth = log.filter((each) => each === kind).length + 1;
    return injections.find((injection) => {
      const { extent } = injection;
      const here = injection.kind === kind && injection.nth === nth;
      if (here) begun.add(injection);
      const lasts = extent === 'with all that follows' || (extent !== 'once' && injection.kind === kind);
      return here || (begun.has(injection) && lasts);
    })?.fault;
  }

  return {
    get log() {
      return log;
    },
    get faultless() {
      return injections.length === 0;
    },
    play(...all) {
      injections = all;
      begun = new Set();
      log = [];
      countdown = Number.POSITIVE_INFINITY;
    },
    peek,
    next(kind) {
      const fault = peek(kind);
      log.push(kind);
      return fault;
    },
    arriveBefore(nth) {
      countdown = nth;
    },
    hold(delivery, deliver) {
      held.push({ delivery, deliver });
    },
    async deliver(which) {
      if (which === 'due') countdown -= 1;
      const all = which === 'all' || countdown === 0;
      const due = held.filter(({ delivery }) => all || delivery === 'before the next request');
      held = held.filter((each) => !due.includes(each));
      for (const { deliver } of due) await deliver();
    },
  };
}

/** The patterns that tell kinds of requests apart, for every service. */
const kinds: readonly (readonly [kind: string, method: string, path: RegExp])[] = [
  ['sign-in', 'POST', /\/auth\/tokens$/],
  ['image by id', 'GET', /\/v2\/images\/./],
  ['image by name', 'GET', /\/v2\/images\?/],
  ['ports of the server', 'GET', /\/v1\/ports\?/],
  ['networks', 'GET', /\/v2\.0\/networks\?/],
  ['subnets', 'GET', /\/v2\.0\/subnets\?/],
  ['Neutron ports', 'GET', /\/v2\.0\/ports\?/],
  ['make a port', 'POST', /\/v2\.0\/ports$/],
  ['claim a port', 'PUT', /\/v2\.0\/ports\/./],
  ['delete a port', 'DELETE', /\/v2\.0\/ports\/./],
  ['attach', 'POST', /\/vifs$/],
  ['detach', 'DELETE', /\/vifs\//],
  ['start', 'PUT', /\/states\/provision$/],
  ['reboot', 'PUT', /\/states\/power$/],
  ['server by deployment', 'GET', /\/v1\/nodes\?.*instance_uuid=/],
  ['free servers', 'GET', /\/v1\/nodes\?/],
  ['server', 'GET', /\/v1\/nodes\/[^/]+$/],
  ['change of the server', 'PATCH', /\/v1\/nodes\/[^/]+$/],
];

/** The kind of a request, in words. */
export function kindOf(method: string, path: string): string {
  const pathname = path.replace(/(\/v1\/nodes\/[^/?]+)\?.*$/, '$1');
  const found = kinds.find(([, verb, pattern]) => verb === method && pattern.test(pathname));
  return found?.[0] ?? `${method} ${pathname}`;
}
