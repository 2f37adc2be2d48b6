import { describe, expect, it } from 'vitest';
import type { Server, Step } from '../../../src/core/server.js';
import { drawingOf } from '../../../src/core/status/drawing.js';
import { direct } from '../direct.js';
import { freeServer } from '../fake-bare-metal.js';

const drawn = (step: Step | null, more: Partial<Server> = {}, failedStep: string | null = null) =>
  drawingOf(freeServer(1, { provisionState: 'deploying', step, deployInterface: 'direct', ...more }), {
    ...{ elapsed: 61_400, moves: true, failedStep },
  });

describe('what a page draws of a deployment', () => {
  it('has the steps with their words and percentages, the step under way, and the times', () => {
    const { steps, ...rest } = drawn({ name: 'write_image', number: 2, names: direct });
    expect(steps.map(({ percent }) => percent)).toEqual([4, 40, 80, 93, 97, 98]);
    expect(steps[1]).toEqual({ name: 'write_image', words: 'Writing the image to the disk', percent: 40 });
    expect(rest).toEqual({ current: 1, half_share_seconds: 120, elapsed_seconds: 61, usual_minutes: 45 });
  });

  it('has the usual steps before Ironic lists them, if the server has any', () => {
    expect(drawn(null)).toMatchObject({ current: null, steps: { length: 6 }, usual_minutes: 15 });
    expect(drawn({ name: 'write_image', number: null, names: [] })).toMatchObject({ current: 1, steps: { length: 6 } });
    expect(drawn({ name: 'burn_in', number: null, names: [] })).toMatchObject({ current: null, steps: [] });
    expect(drawn(null, { deployInterface: 'ansible' })).toMatchObject({ current: null, steps: [] });
  });

  it('says which step failed', () => {
    expect(drawn(null, {}, 'write_image').current).toBe(1);
    expect(drawn(null, {}, 'no_such_step').current).toBeNull();
    expect(drawn({ name: 'deploy', number: 1, names: direct }, {}, 'boot_instance').current).toBe(5);
  });

  it('has at most 40 steps, with names that are safe to show', () => {
    const names = Array.from({ length: 60 }, (_, index) => `step-${index}\u202e${'x'.repeat(200)}`);
    const { steps } = drawn({ name: names[0] ?? '', number: 1, names });
    expect(steps).toHaveLength(40);
    for (const { name } of steps) expect(name).toMatch(/^step-\d+ x{1,79}…$/);
  });
});
