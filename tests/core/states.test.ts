import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Outcome, provisionStates, stateMeaning } from '../../src/core/states.js';
import fsm from '../golden/ironic-21.4.4-fsm.json' with { type: 'json' };

const edges: Readonly<Record<string, Readonly<Record<string, string>>>> = fsm.transitions;

/** As Ironic's newest release has them, by what they mean to somebody who asked for a server. */
const newest: Readonly<Record<Outcome, readonly string[]>> = {
  in_progress: ['deploying', 'wait call-back', 'deploy hold', 'deploy complete'],
  completed: [
    'active',
    'rescuing',
    'rescue wait',
    'rescue',
    'rescue failed',
    'unrescuing',
    'unrescue failed',
    'servicing',
    'service wait',
    'service hold',
    'service failed',
  ],
  failed: ['deploy failed', 'error'],
  none: [
    'enroll',
    'verifying',
    'manageable',
    'available',
    'inspecting',
    'inspect wait',
    'inspect failed',
    'adopting',
    'adopt failed',
    'deleting',
    'deleted',
    'cleaning',
    'clean wait',
    'clean hold',
    'clean failed',
  ],
};

describe('the table of states', () => {
  it.each(Object.keys(fsm.states))('knows "%s" of Ironic 21.4.4', (state) => {
    expect(provisionStates).toContain(state);
  });

  it.each(Object.entries(newest).flatMap(([outcome, states]) => states.map((state) => [state, outcome])))(
    'says that "%s" is %s',
    (state, outcome) => {
      expect(stateMeaning(state)?.outcome).toBe(outcome);
    },
  );

  it('has no row beside those', () => {
    expect([...provisionStates].sort()).toEqual(Object.values(newest).flat().sort());
  });

  it('says something about every state', () => {
    for (const state of provisionStates) expect(stateMeaning(state)?.words, state).toMatch(/^[a-z]/);
  });

  it.each(['no such state', '', 'ACTIVE', '__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'has no row for "%s"',
    (state) => {
      expect(stateMeaning(state)).toBeUndefined();
    },
  );

  it('is never left, whatever verbs Ironic is given', () => {
    const walk = fc.record({
      from: fc.constantFrom(...Object.keys(edges)),
      choices: fc.array(fc.nat(), { maxLength: 60 }),
    });
    fc.assert(
      fc.property(walk, ({ from, choices }) => {
        let state = from;
        for (const choice of choices) {
          const next = Object.values(edges[state] ?? {});
          if (next.length === 0) break;
          state = next[choice % next.length] ?? state;
          expect(stateMeaning(state), state).toBeDefined();
        }
      }),
    );
  });
});
