import { describe, expect, it } from 'vitest';
import type { Server, Step } from '../../../src/core/server.js';
import {
  progressPercent as percentAt,
  silenceWords,
  stepWords,
  waitingWords,
} from '../../../src/core/status/progress.js';
import { direct } from '../direct.js';
import { freeServer } from '../fake-bare-metal.js';
import { start } from '../fake-clock.js';

const unknown = ['burn_in', 'burn_out', 'burn_up', 'burn_down'];

const progressPercent = (server: Server) => percentAt(server, null, start);

const deploying = (step: Step | null) => freeServer(1, { provisionState: 'deploying', step });

describe('the progress', () => {
  it('grows from step to step and never reaches the end', () => {
    const percents = direct.map((name, index) =>
      progressPercent(deploying({ name, number: index + 1, names: direct })),
    );
    expect(percents).toEqual([4, 40, 80, 93, 97, 98]);
  });

  it('is the same before Ironic shows the list of steps', () => {
    for (const [index, name] of direct.entries()) {
      const known = progressPercent(deploying({ name, number: index + 1, names: direct }));
      expect(progressPercent(deploying({ name, number: null, names: [] }))).toBe(known);
    }
  });

  it('is 0 while the server is only reserved', () => {
    expect(progressPercent(freeServer())).toBe(0);
  });

  it('is unknown outside of steps', () => {
    expect(progressPercent(deploying(null))).toBeNull();
  });

  it('follows the position of an unknown step', () => {
    expect(progressPercent(deploying({ name: 'burn_in', number: 1, names: unknown }))).toBe(0);
    expect(progressPercent(deploying({ name: 'burn_in', number: 4, names: unknown }))).toBe(75);
    expect(progressPercent(deploying({ name: 'burn_in', number: null, names: [] }))).toBeNull();
  });

  it('grows through steps that were added to the known ones', () => {
    const names = [
      'raid',
      'deploy',
      'write_image',
      'inject_files',
      'burn_in',
      'prepare_instance_boot',
      'boot_instance',
    ];
    const percents = names.map((name, index) => progressPercent(deploying({ name, number: index + 1, names })));
    expect(percents).toEqual([0, 4, 40, 53, 66, 80, 98]);
  });

  it('follows the position if one step does everything', () => {
    expect(progressPercent(deploying({ name: 'deploy', number: 1, names: ['deploy'] }))).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString'])('treats "%s" as an unknown step', (name) => {
    expect(progressPercent(deploying({ name, number: 2, names: unknown }))).toBe(25);
    expect(stepWords(deploying({ name, number: 2, names: unknown }))).toBe(`Deploy step 2 of 4: ${name}`);
  });
});

describe('the progress within a step of the agent', () => {
  const minutes = (count: number) => start + count * 60_000;
  const step = (name: string): Step => ({ name, number: direct.indexOf(name) + 1, names: direct });
  const waiting = (name: string, overrides: Partial<Server> = {}) =>
    freeServer(1, { provisionState: 'wait call-back', step: step(name), provisionedAt: start, ...overrides });

  it('moves with the time since the last change of state, and never leaves the share of the step', () => {
    const percents = [0, 1, 2, 10, 60, 1e6].map((after) => percentAt(waiting('deploy'), start, minutes(after)));
    expect(percents).toEqual([4, 16, 22, 34, 38, 39]);
  });

  it('moves in the same way, up to the end, before Ironic shows the list of steps', () => {
    const alone = (name: string) => waiting(name, { step: { name, number: null, names: [] } });
    expect(percentAt(alone('deploy'), start, minutes(1e6))).toBe(39);
    expect(percentAt(alone('boot_instance'), start, minutes(1e6))).toBe(99);
    expect(percentAt(alone('burn_in'), start, minutes(1e6))).toBeNull();
  });

  it('counts from the first call while the image is written, because each heartbeat sets provision_updated_at', () => {
    const reported = { calledAt: minutes(3), provisionedAt: minutes(4.9), heardAt: minutes(4.9) };
    expect(percentAt(waiting('write_image', reported), start, minutes(5))).toBe(60);
    // A call in an earlier deployment does not count.
    expect(percentAt(waiting('write_image', { ...reported, calledAt: minutes(-9) }), start, minutes(5))).toBe(41);
    expect(percentAt(waiting('write_image', reported), null, minutes(5))).toBe(41);
  });

  it('does not go back when Ironic takes over at the end of a step of the agent', () => {
    const taken = { provisionState: 'deploying', calledAt: minutes(2), heardAt: minutes(2), provisionedAt: minutes(4) };
    expect(percentAt(waiting('deploy', taken), start, minutes(4))).toBe(39);
    // The agent that cleaned the server may have reported a moment before the deployment.
    expect(percentAt(waiting('deploy', { ...taken, calledAt: null }), start, minutes(4))).toBe(4);
    expect(percentAt(waiting('write_image', taken), start, minutes(4))).toBe(60);
  });

  it('stands still while Ironic works, if no time is known, and if the clock goes back', () => {
    expect(percentAt(waiting('deploy', { provisionState: 'deploying' }), start, minutes(9))).toBe(4);
    expect(percentAt(waiting('deploy', { provisionedAt: null }), start, minutes(9))).toBe(4);
    expect(percentAt(waiting('deploy'), start, minutes(-9))).toBe(4);
  });

  it('comes with what the deployment waits for', () => {
    const words = (server: Server, startedAt: number | null = start) => waitingWords(server, startedAt);
    const writing = waiting('write_image', { heardAt: minutes(1) });
    expect(words(waiting('deploy'))).toBe('Waiting for the first call of the agent.');
    expect(words(waiting('deploy', { heardAt: minutes(-1) }))).toBe('Waiting for the first call of the agent.');
    expect(words(waiting('deploy'), null)).toBe('Waiting for the agent to finish this step.');
    expect(words(writing)).toBe('Waiting for the agent to finish this step.');
    expect(words({ ...writing, provisionState: 'deploying' })).toBe('Waiting for Ironic to finish this step.');
    expect(words(deploying(null))).toContain('to check the image and the power, and to start the first step.');
    expect(words(waiting('deploy', { step: null }))).toBeUndefined();
    expect(words({ ...writing, provisionState: 'deploy hold' })).toBeUndefined();
  });

  it('comes with the silence of an agent that reports later than usual', () => {
    const words = (overrides: Partial<Server>, after: number) =>
      silenceWords(waiting('write_image', overrides), start, minutes(after));
    expect(words({ heardAt: minutes(1) }, 3.9)).toBeUndefined();
    expect(words({ heardAt: minutes(1) }, 4)).toBe('The agent was last heard 3 min ago.');
    expect(words({ heardAt: minutes(-9) }, 4)).toBeUndefined();
    expect(words({ heardAt: null }, 4)).toBeUndefined();
    expect(words({ heardAt: minutes(1), provisionState: 'deploying' }, 9)).toBeUndefined();
  });
});

describe('the words for a step', () => {
  it('say what it does, its position and its name in Ironic', () => {
    expect(stepWords(deploying({ name: 'write_image', number: 2, names: direct }))).toBe(
      'Writing the image to the disk (step 2 of 6: write_image)',
    );
    expect(stepWords(deploying({ name: 'write_image', number: null, names: [] }))).toBe(
      'Writing the image to the disk (step: write_image)',
    );
  });

  it('are the name of an unknown step', () => {
    expect(stepWords(deploying({ name: 'burn_in', number: 2, names: unknown }))).toBe('Deploy step 2 of 4: burn_in');
    expect(stepWords(deploying({ name: 'burn_in', number: null, names: [] }))).toBe('Deploy step: burn_in');
  });

  it('are undefined outside of steps', () => {
    expect(stepWords(deploying(null))).toBeUndefined();
  });

  it('contain an unknown name only shortened', () => {
    const words = stepWords(deploying({ name: `a\u202e\n${'x'.repeat(1_000_000)}`, number: null, names: [] })) ?? '';
    expect(words.length).toBeLessThan(120);
    expect(words).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});
