import { type Extent, faultTable, type Injection } from '../../support/faults/fault-table.js';
import type { Way } from './ways.js';

function hiccup(kind: string, name: string, extent: Extent = 'once'): Injection {
  const fault = faultTable.find((each) => each.name === name);
  if (!fault) throw new Error(`the table has no fault "${name}"`);
  return { kind, nth: 1, fault, extent };
}

/** What makes this program send a change again, or look first. */
const once = {
  start: ['409 locked', '503', '401', 'reset, never delivered', 'reset, delivered'],
  // After a 503 a reservation is not sent again: the next server is tried.
  'change of the server': ['409 locked', '401', 'reset, never delivered', 'reset, delivered'],
};

const shortly: Readonly<Record<string, string>> = { start: 'start', 'change of the server': 'reservation' };

function withHiccup(way: Way, injection: Injection): Way {
  const { kind, fault, extent } = injection;
  const words = extent === 'once' ? fault.name : `${fault.name} every time`;
  return {
    ...way,
    name: `${way.name}; ${shortly[kind] ?? kind}: ${words}`,
    // Ironic can ask only a program that has signed in to sign in again.
    cloud: { ...way.cloud, ...(fault.name === '401' ? { signIn: true } : {}) },
    hiccups: [injection],
  };
}

/** The ways with one hiccup at a change of this kind. */
export function withHiccups(ways: readonly Way[], kind: keyof typeof once): readonly Way[] {
  return ways.flatMap((way) => once[kind].map((name) => withHiccup(way, hiccup(kind, name))));
}

/** The ways where Ironic stays busy, so that the call gives up and takes back what it did. */
export function withLasting(ways: readonly Way[]): readonly Way[] {
  return ways.map((way) => ({
    ...withHiccup(way, hiccup('start', '503', 'with all of its kind')),
    outcome: 'refused',
  }));
}
