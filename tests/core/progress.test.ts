import { describe, expect, it } from 'vitest';
import type { DeployStep } from '../../src/core/model.js';
import { progressPercent, stepWords } from '../../src/core/progress.js';
import { freeServer } from './fake-bare-metal.js';

/** The steps of Ironic's `direct` deploy interface, in their order. */
const direct = [
  'deploy',
  'write_image',
  'prepare_instance_boot',
  'tear_down_agent',
  'switch_to_tenant_network',
  'boot_instance',
];

const deploying = (step: DeployStep | null) => freeServer(1, { provisionState: 'deploying', step });

describe('the progress', () => {
  it('grows from step to step and never reaches the end', () => {
    const percents = direct.map((name, index) =>
      progressPercent(deploying({ name, number: index + 1, total: direct.length })),
    );
    expect(percents).toEqual([5, 40, 80, 85, 90, 95]);
  });

  it('is the same before the agent has told the list of steps', () => {
    for (const [index, name] of direct.entries()) {
      const known = progressPercent(deploying({ name, number: index + 1, total: direct.length }));
      expect(progressPercent(deploying({ name, number: null, total: null }))).toBe(known);
    }
  });

  it('is nothing yet while the server is only reserved', () => {
    expect(progressPercent(freeServer())).toBe(0);
  });

  it('is unknown outside of steps', () => {
    expect(progressPercent(deploying(null))).toBeNull();
  });

  it('goes by the position of a step that is not known', () => {
    expect(progressPercent(deploying({ name: 'burn_in', number: 1, total: 4 }))).toBe(0);
    expect(progressPercent(deploying({ name: 'burn_in', number: 4, total: 4 }))).toBe(75);
    expect(progressPercent(deploying({ name: 'burn_in', number: null, total: null }))).toBeNull();
  });

  it('goes by the position where one step does everything', () => {
    expect(progressPercent(deploying({ name: 'deploy', number: 1, total: 1 }))).toBe(0);
  });

  it.each(['__proto__', 'constructor', 'toString'])('takes "%s" for a step that is not known', (name) => {
    expect(progressPercent(deploying({ name, number: 2, total: 4 }))).toBe(25);
    expect(stepWords(deploying({ name, number: 2, total: 4 }))).toBe(`Deploy step 2 of 4: ${name}`);
  });
});

describe('the words for a step', () => {
  it('tell what it does, where it is and what Ironic calls it', () => {
    expect(stepWords(deploying({ name: 'write_image', number: 2, total: 6 }))).toBe(
      'Writing the image to the disk (step 2 of 6: write_image)',
    );
    expect(stepWords(deploying({ name: 'write_image', number: null, total: null }))).toBe(
      'Writing the image to the disk (step: write_image)',
    );
  });

  it('are its name for a step that is not known', () => {
    expect(stepWords(deploying({ name: 'burn_in', number: 2, total: 4 }))).toBe('Deploy step 2 of 4: burn_in');
    expect(stepWords(deploying({ name: 'burn_in', number: null, total: null }))).toBe('Deploy step: burn_in');
  });

  it('are undefined outside of steps', () => {
    expect(stepWords(deploying(null))).toBeUndefined();
  });

  it('hold a name that somebody else chose in bounds', () => {
    const words = stepWords(deploying({ name: `a\u202e\n${'x'.repeat(1_000_000)}`, number: null, total: null })) ?? '';
    expect(words.length).toBeLessThan(120);
    expect(words).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});
