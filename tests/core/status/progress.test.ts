import { describe, expect, it } from 'vitest';
import type { Step } from '../../../src/core/server.js';
import { progressPercent, stepWords } from '../../../src/core/status/progress.js';
import { direct } from '../direct.js';
import { freeServer } from '../fake-bare-metal.js';

const unknown = ['burn_in', 'burn_out', 'burn_up', 'burn_down'];

const deploying = (step: Step | null) => freeServer(1, { provisionState: 'deploying', step });

describe('the progress', () => {
  it('grows from step to step and never reaches the end', () => {
    const percents = direct.map((name, index) =>
      progressPercent(deploying({ name, number: index + 1, names: direct })),
    );
    expect(percents).toEqual([5, 40, 80, 85, 90, 95]);
  });

  it('is the same before the agent has told the list of steps', () => {
    for (const [index, name] of direct.entries()) {
      const known = progressPercent(deploying({ name, number: index + 1, names: direct }));
      expect(progressPercent(deploying({ name, number: null, names: [] }))).toBe(known);
    }
  });

  it('is nothing yet while the server is only reserved', () => {
    expect(progressPercent(freeServer())).toBe(0);
  });

  it('is unknown outside of steps', () => {
    expect(progressPercent(deploying(null))).toBeNull();
  });

  it('goes by the position of a step that is not known', () => {
    expect(progressPercent(deploying({ name: 'burn_in', number: 1, names: unknown }))).toBe(0);
    expect(progressPercent(deploying({ name: 'burn_in', number: 4, names: unknown }))).toBe(75);
    expect(progressPercent(deploying({ name: 'burn_in', number: null, names: [] }))).toBeNull();
  });

  it('grows through steps that somebody has added to the known ones', () => {
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
    expect(percents).toEqual([0, 5, 40, 53, 66, 80, 95]);
  });

  it('goes by the position where one step does everything', () => {
    expect(progressPercent(deploying({ name: 'deploy', number: 1, names: ['deploy'] }))).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString'])('takes "%s" for a step that is not known', (name) => {
    expect(progressPercent(deploying({ name, number: 2, names: unknown }))).toBe(25);
    expect(stepWords(deploying({ name, number: 2, names: unknown }))).toBe(`Deploy step 2 of 4: ${name}`);
  });
});

describe('the words for a step', () => {
  it('tell what it does, where it is and what Ironic calls it', () => {
    expect(stepWords(deploying({ name: 'write_image', number: 2, names: direct }))).toBe(
      'Writing the image to the disk (step 2 of 6: write_image)',
    );
    expect(stepWords(deploying({ name: 'write_image', number: null, names: [] }))).toBe(
      'Writing the image to the disk (step: write_image)',
    );
  });

  it('are its name for a step that is not known', () => {
    expect(stepWords(deploying({ name: 'burn_in', number: 2, names: unknown }))).toBe('Deploy step 2 of 4: burn_in');
    expect(stepWords(deploying({ name: 'burn_in', number: null, names: [] }))).toBe('Deploy step: burn_in');
  });

  it('are undefined outside of steps', () => {
    expect(stepWords(deploying(null))).toBeUndefined();
  });

  it('hold a name that somebody else chose in bounds', () => {
    const words = stepWords(deploying({ name: `a\u202e\n${'x'.repeat(1_000_000)}`, number: null, names: [] })) ?? '';
    expect(words.length).toBeLessThan(120);
    expect(words).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});
