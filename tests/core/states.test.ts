import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  createStates,
  doingOf,
  freeState,
  meaningOf,
  movingStates,
  type Outcome,
  type ProvisionState,
  provisionStates,
  type StateMeaning,
  stateMeaning,
} from '../../src/core/states.js';
import fsm from '../golden/ironic-21.4.4-fsm.json' with { type: 'json' };

const edges: Readonly<Record<string, Readonly<Record<string, string>>>> = fsm.transitions;

/** The states of Ironic's newest release, by what they mean to somebody who asked for a server. */
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
  it.each(Object.keys(fsm.states))('has a row for "%s" of Ironic 21.4.4', (state) => {
    expect(provisionStates).toContain(state);
  });

  it.each(Object.entries(newest).flatMap(([outcome, states]) => states.map((state) => [state, outcome])))(
    'says that the outcome of "%s" is %s',
    (state, outcome) => {
      expect(stateMeaning(state)?.outcome).toBe(outcome);
    },
  );

  it('has no other rows', () => {
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

  it('covers every state that Ironic reaches, whatever verbs it is given', () => {
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

describe('a row of the table', () => {
  const row: StateMeaning = {
    outcome: 'none',
    words: 'being painted',
    cleaningWords: null,
    freeing: false,
    orderedWords: null,
    final: false,
    advancedBy: null,
    failed: null,
    undeployVerb: null,
    steps: null,
  };

  it('does not compile if any of its columns is missing', () => {
    type Optional = {
      [Column in keyof StateMeaning]: Omit<StateMeaning, Column> extends StateMeaning ? Column : never;
    }[keyof StateMeaning];
    expectTypeOf<Optional>().toBeNever();
    const { advancedBy, ...incomplete } = row;
    expect(createStates({ painting: { ...incomplete, advancedBy } }).stateMeaning('painting')).toEqual(row);
    // @ts-expect-error: it does not say who moves the deployment on.
    createStates({ painting: incomplete });
  });

  it('has a name that the compiler checks', () => {
    expectTypeOf<'deploy failed'>().toExtend<ProvisionState>();
    expectTypeOf<'deploy fialed'>().not.toExtend<ProvisionState>();
  });

  it.each(provisionStates)('is consistent: "%s"', (provisionState) => {
    const { outcome, final, failed, undeployVerb, freeing, advancedBy } = meaningOf({ provisionState });
    expect(failed !== null).toBe(outcome === 'failed');
    if (outcome === 'failed') expect(final).toBe(true);
    if (outcome === 'none') expect(undeployVerb).toBeNull();
    if (freeing) expect(outcome).toBe('none');
    if (advancedBy !== null) expect(outcome).toBe('in_progress');
  });
});

describe('the names of the states', () => {
  it('say what a server does, also in a state that is newer than the table', () => {
    const doing = (provisionState: string) => doingOf({ provisionState });
    expect(provisionStates.filter((state) => doing(state) === 'failed')).toHaveLength(8);
    expect(provisionStates.filter((state) => doing(state) === 'is held')).toHaveLength(3);
    for (const state of movingStates) expect(['works', 'waits']).toContain(doing(state));
    for (const state of [freeState, 'active', 'rescue', 'unheard of']) expect(doing(state)).toBe('rests');
    expect(['polishing', 'polish wait', 'polish failed', 'polish hold'].map(doing)).toEqual([
      'works',
      'waits',
      'failed',
      'is held',
    ]);
  });

  /** Names of states that mean something else there. */
  const otherWords: Readonly<Record<string, readonly string[]>> = {
    // The availability of a server: see `availabilities`.
    'src/core/operations.ts': ['available'],
    'src/core/inventory/server-tally.ts': ['available', 'deploying'],
    // A kind of work in Ironic's record of errors.
    'src/core/status/diagnosis.ts': ['deploying'],
    // What Ironic is told to do.
    'src/openstack/ironic.ts': ['active', 'deleted'],
    // The status of an image.
    'src/openstack/glance.ts': ['active'],
  };
  const literal = new RegExp(`(?<!\\.on\\()(['"\`])(${provisionStates.join('|')})\\1`, 'g');

  it('stand only in the table, and with another meaning in at most five files', () => {
    const found = ['src/core', 'src/openstack']
      .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((file) => join(root, file)))
      .filter((file) => file.endsWith('.ts') && file !== join('src/core', 'states.ts'))
      .filter((file) => {
        const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
        return [...code.matchAll(literal)].some(([, , state = '']) => !otherWords[file]?.includes(state));
      });
    expect(found).toEqual([]);
    expect(Object.keys(otherWords).length).toBeLessThanOrEqual(5);
  });
});
