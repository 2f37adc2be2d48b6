import { describe, expect, it } from 'vitest';
import {
  eventOf,
  follow,
  isState,
  targets,
  transitions,
  updatable,
  verbs,
} from '../../src/simulator/world/state-machine.js';
import ironic from '../golden/ironic-21.4.4-fsm.json' with { type: 'json' };

describe('the state machine', () => {
  it('has no edge that Ironic 21.4.4 does not have', () => {
    const known: Record<string, Record<string, string>> = ironic.transitions;
    for (const [state, edges] of Object.entries(transitions)) expect(known[state]).toMatchObject(edges);
  });

  it('has every edge of Ironic 21.4.4', () => {
    expect(transitions).toEqual(ironic.transitions);
  });

  it('knows the same verbs as Ironic', () => {
    expect(verbs).toEqual(ironic.verbs);
  });

  it('has the same targets and the same stable states as Ironic', () => {
    for (const [state, { stable, target }] of Object.entries(ironic.states)) {
      expect(isState(state), state).toBe(true);
      expect(targets[state] ?? null, state).toBe(stable ? null : target);
    }
  });

  it('names only known states as open to updates', () => {
    for (const state of updatable) expect(isState(state), state).toBe(true);
  });

  it('follows an event only from states with that event', () => {
    expect(follow('available', 'deploy')).toBe('deploying');
    expect(follow('active', 'deploy')).toBeUndefined();
    expect(follow('no such state', 'deploy')).toBeUndefined();
    expect(follow('available', 'constructor')).toBeUndefined();
  });

  it('treats a target that is not a verb as an event', () => {
    expect(eventOf('active')).toBe('deploy');
    expect(eventOf('rebuild')).toBe('rebuild');
    expect(eventOf('toString')).toBe('toString');
  });
});
