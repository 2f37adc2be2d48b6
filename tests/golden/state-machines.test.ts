import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { provisionStates } from '../../src/core/states.js';
import { targets, transitions, updatable, verbs } from '../../src/simulator/world/state-machine.js';

/** Ironic's state machine as data, as `tests/real/ironic/state_machine.py` dumps it. */
interface StateMachine {
  readonly states: Readonly<Record<string, { readonly stable: boolean; readonly target: string | null }>>;
  readonly transitions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly verbs: Readonly<Record<string, string>>;
}

const folder = new URL('.', import.meta.url);
const dumps = readdirSync(folder).flatMap((file) => {
  const version = /^ironic-(.+)-fsm\.json$/.exec(file)?.[1];
  return version === undefined ? [] : [[version, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))] as const];
});

it('there are dumps of an old Ironic and of a new one', () => {
  expect(dumps.length).toBeGreaterThanOrEqual(2);
});

describe.each<readonly [string, StateMachine]>(dumps)('the state machine of Ironic %s', (_version, machine) => {
  const states = Object.keys(machine.states);

  it('has no state that the table of states does not know', () => {
    expect(provisionStates).toEqual(expect.arrayContaining(states));
    const reached = Object.values(machine.transitions).flatMap((edges) => Object.values(edges));
    expect(provisionStates).toEqual(expect.arrayContaining(reached));
  });

  it('has every edge that the simulator has', () => {
    expect(machine.transitions).toMatchObject(transitions);
  });

  it('gives every verb the meaning that it has for the simulator', () => {
    expect(machine.verbs).toMatchObject(verbs);
  });

  it('heads where the simulator heads', () => {
    for (const state of Object.keys(transitions)) {
      const { stable, target } = machine.states[state] ?? {};
      expect(targets[state] ?? null, state).toBe(stable ? null : target);
    }
  });

  it('has every state that the simulator lets be updated', () => {
    expect(states).toEqual(expect.arrayContaining([...updatable]));
  });
});
